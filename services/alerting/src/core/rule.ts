import type { AlertRule, AlertRules, Plain } from '@arb/shared/core';
import { type Fits, fitsAll } from './condition.ts';
import type { Fact } from './facts.ts';

/** A rule made ready: conditions as functions, times in µs. */
export interface ReadyRule {
  readonly rule: AlertRule;
  readonly fits: Fits;
  /** What ends it, where a fact does. */
  readonly ends: Fits | null;
  readonly holdMicros: number;
  readonly withinMicros: number;
  readonly silentMicros: number;
  readonly closeAfterMicros: number;
}

export interface ReadyRules {
  readonly byFact: ReadonlyMap<string, readonly ReadyRule[]>;
  readonly byId: ReadonlyMap<string, ReadyRule>;
}

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;

export function readyRules(set: AlertRules | null): ReadyRules {
  const byFact = new Map<string, ReadyRule[]>();
  const byId = new Map<string, ReadyRule>();
  for (const rule of set?.rules ?? []) {
    const ready = readyRule(rule);
    byId.set(rule.id, ready);
    const same = byFact.get(rule.on);
    if (same === undefined) byFact.set(rule.on, [ready]);
    else same.push(ready);
  }
  return { byFact, byId };
}

function readyRule(rule: AlertRule): ReadyRule {
  const fits = fitsAll(rule.when);
  return {
    rule,
    fits,
    ends: rule.clears === 'otherwise' ? (fields) => !fits(fields) : typeof rule.clears === 'object' ? fitsAll(rule.clears) : null,
    holdMicros: micros(rule.holdSeconds),
    withinMicros: micros(rule.withinSeconds),
    silentMicros: micros(rule.silentSeconds),
    closeAfterMicros: micros(rule.closeAfterSeconds),
  };
}

function micros(seconds: number | undefined): number {
  return Math.round((seconds ?? 0) * SECOND);
}

const MOST_KEY = 200;

/** `EX-001/upbit`: by it a trouble is known as long as it lasts, acknowledged and silenced. */
export function keyOf({ id, key }: AlertRule, fields: Fact['fields']): string {
  if (key === undefined || key.length === 0) return id;
  let text = id;
  for (const field of key) text += `/${shown(fields[field])}`;
  return text.length <= MOST_KEY ? text : text.slice(0, MOST_KEY);
}

const MOST_SUMMARY = 1000;

export function summaryOf({ summary }: AlertRule, fields: Fact['fields']): string {
  let text = '';
  let from = 0;
  // By hand: this runs for every fact that fits, and a regular expression costs more.
  for (;;) {
    const open = summary.indexOf('{', from);
    const end = open < 0 ? -1 : summary.indexOf('}', open);
    if (end < 0) break;
    text += summary.slice(from, open) + filled(summary.slice(open + 1, end), fields).slice(0, 500);
    from = end + 1;
  }
  text += summary.slice(from);
  return (text.length <= MOST_SUMMARY ? text : `${text.slice(0, MOST_SUMMARY - 1)}…`).toWellFormed();
}

/** `share` as it is, `share%` as a part of a hundred. */
function filled(name: string, fields: Fact['fields']): string {
  if (!name.endsWith('%')) return shown(fields[name]);
  const part = fields[name.slice(0, -1)];
  return typeof part === 'number' ? `${Math.round(part * 1000) / 10} %` : shown(part);
}

/** A number as a person reads it: no more digits than they need. */
function shown(value: Plain | undefined): string {
  if (value === undefined || value === null) return '-';
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  const scale = size >= 1000 ? 100 : size >= 1 ? 10_000 : 1_000_000;
  return String(Math.round(value * scale) / scale);
}
