import { resolve } from 'node:path';
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { AlertRules } from '../core/alerting.ts';
import { alertRules } from './alert-rules.ts';
import type { Fault } from './fault.ts';
import { readSmall } from './small-file.ts';
import { type Draft, Origins, put } from './tree.ts';

const PATH = 'infrastructure.alertRulesFile';

/** Puts the rules of the named file into the draft: the session runs on what they say, not on where they stand. */
export function layAlertRules(draft: Draft, project: string, origins: Origins): readonly Fault[] {
  const alerting = draft.alerting as Record<string, unknown>;
  const named = draft.infrastructure?.alertRulesFile;
  if (alerting.rules !== null || typeof named !== 'string' || named === '') return [];
  const content = readSmall(PATH, resolve(project, named));
  if (typeof content !== 'string') return [content];
  const parsed = parseAlertRules(content, named, 'alerting.rules', origins);
  if ('fault' in parsed) return [parsed.fault];
  put(alerting, 'rules', parsed.value, 'alerting.rules', named, origins);
  return [];
}

/** A file of rules by itself, or what is wrong with it: for a backtest of rules that no session runs on yet. */
export function readAlertRules(file: string): { readonly rules: AlertRules } | { readonly faults: readonly Fault[] } {
  const content = readSmall('rules', file);
  if (typeof content !== 'string') return { faults: [content] };
  const origins = new Origins();
  const parsed = parseAlertRules(content, file, 'rules', origins);
  if ('fault' in parsed) return { faults: [parsed.fault] };
  const faults = alertRules.check(parsed.value, 'rules');
  if (faults.length === 0) return { rules: parsed.value as AlertRules };
  return { faults: faults.map((fault) => ({ ...fault, remedy: `${fault.remedy}, in ${origins.of(fault.path) ?? file}` })) };
}

const MOST_ALIASES = 100;
/** As much as a file of rules may be: what its aliases make of it may not be more. */
const MOST_LENGTH = 1024 * 1024;

function parseAlertRules(
  content: string,
  name: string,
  path: string,
  origins: Origins,
): { readonly value: unknown } | { readonly fault: Fault } {
  const refused = (reason: string, remedy: string): { readonly fault: Fault } => ({ fault: { path: PATH, value: name, reason, remedy } });
  const lines = new LineCounter();
  const document = parseDocument(content, { strict: true, uniqueKeys: true, lineCounter: lines });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    if (error.message.includes('call stack')) return refused('is nested too deeply', 'name the right file');
    return refused(`is not YAML (${error.message.split('\n')[0]?.replace(/:$/, '')})`, 'correct that line');
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
    // Fails where an alias holds itself.
    if ((JSON.stringify(value) ?? '').length > MOST_LENGTH) throw new Error(`its aliases make more than ${MOST_LENGTH} letters of it`);
  } catch (cause) {
    return refused(`is not usable YAML (${(cause as Error).message.split('\n')[0]})`, 'write it without aliases');
  }
  // Nothing would be told at all, and nobody would know.
  if (value === null || value === undefined) return refused('is empty', 'write the rules, such as config/alerts.yaml has them');
  placeNodes(document, path, name, lines, origins);
  return { value };
}

/** Where each value stands: a fault names its line. */
function placeNodes(document: Document.Parsed, root: string, name: string, lines: LineCounter, origins: Origins): void {
  const place = (path: string, node: unknown): void => {
    const range = (node as Node | null)?.range;
    if (range) origins.set(path, `${name} line ${lines.linePos(range[0]).line}`);
  };
  const walk = (node: unknown, path: string): void => {
    if (isMap(node))
      for (const { key, value } of node.items) {
        const inner = `${path}.${isScalar(key) ? String(key.value) : String(key)}`;
        place(inner, key);
        walk(value, inner);
      }
    else if (isSeq(node))
      node.items.forEach((item, i) => {
        place(`${path}[${i}]`, item);
        walk(item, `${path}[${i}]`);
      });
  };
  walk(document.contents, root);
}
