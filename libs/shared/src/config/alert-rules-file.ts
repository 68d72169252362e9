import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { AlertRules } from '../core/alerting.ts';
import { alertRules } from './alert-rules.ts';
import type { Fault } from './fault.ts';
import { readSmall } from './small-file.ts';
import { type Draft, type Origins, put } from './tree.ts';

/** Puts the rules of the named file into the draft: the session runs on what they say, not on where they stand. */
export function layAlertRules(draft: Draft, project: string, origins: Origins): readonly Fault[] {
  const alerting = draft.alerting as Record<string, unknown>;
  const named = draft.infrastructure?.alertRulesFile;
  if (alerting.rules !== null || typeof named !== 'string' || named === '') return [];
  const content = readSmall('infrastructure.alertRulesFile', resolve(project, named));
  if (typeof content !== 'string') return [content];
  const parsed = parseAlertRules(content, named);
  if ('fault' in parsed) return [parsed.fault];
  put(alerting, 'rules', parsed.value, 'alerting.rules', named, origins);
  return [];
}

function parseAlertRules(content: string, name: string): { readonly value: unknown } | { readonly fault: Fault } {
  const document = parseDocument(content, { strict: true, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined)
    return {
      fault: {
        path: 'infrastructure.alertRulesFile',
        value: name,
        reason: `is not YAML (${error.message.split('\n')[0]?.replace(/:$/, '')})`,
        remedy: 'correct that line',
      },
    };
  return { value: document.toJS({ maxAliasCount: 100 }) as unknown };
}

/** A file of rules by itself, or what is wrong with it: for a backtest of rules that no session runs on yet. */
export function readAlertRules(file: string): { readonly rules: AlertRules } | { readonly faults: readonly Fault[] } {
  const parsed = parseAlertRules(readFileSync(file, 'utf8'), file);
  if ('fault' in parsed) return { faults: [parsed.fault] };
  const faults = alertRules.check(parsed.value, 'rules');
  return faults.length > 0 ? { faults } : { rules: parsed.value as AlertRules };
}
