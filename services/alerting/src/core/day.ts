import type { DataOf } from '@arb/shared/contracts';
import { type CoreContext, SEVERITIES, type Severity } from '@arb/shared/core';
import { addMoney, formatMoney, type Money, type MoneyText, parseMoney } from '@arb/shared/money';
import { type Alert, type Ears, tell, type Voice } from './voice.ts';

const HOUR_MICROS = 3_600_000_000;
const DAY_MICROS = 24 * HOUR_MICROS;
/** Rules that a summary names, the most frequent first; and currencies it sums in. */
const MOST_NAMED = 10;
const MOST_CURRENCIES = 8;

/** What one day is summed up from. */
export interface Day {
  /** Days since the epoch, from the hour that the rules name; null before the first clock. */
  index: number | null;
  readonly told: Record<Severity, number>;
  readonly rules: Map<string, number>;
  readonly trips: { closed: number; unwound: number; failed: number };
  readonly pnl: Map<string, Money>;
  equity: MoneyText | null;
}

export function newDay(index: number | null): Day {
  return {
    index,
    told: { P0: 0, P1: 0, P2: 0, P3: 0 },
    rules: new Map(),
    trips: { closed: 0, unwound: 0, failed: 0 },
    pnl: new Map(),
    equity: null,
  };
}

export function countAlert(day: Day, alert: Alert): void {
  if (alert.step !== 'opened' && alert.step !== 'moment' && alert.step !== 'grouped') return;
  day.told[alert.severity]++;
  day.rules.set(alert.rule, (day.rules.get(alert.rule) ?? 0) + alert.count);
}

export function countTrip(day: Day, { state, pnl }: DataOf<'position'>): void {
  if (state === 'CLOSED') day.trips.closed++;
  else if (state === 'UNWOUND') day.trips.unwound++;
  else if (state === 'FAILED') day.trips.failed++;
  else return;
  if (pnl === null) return;
  const money = parseMoney(pnl);
  const sum = day.pnl.get(money.currency);
  if (sum !== undefined) day.pnl.set(money.currency, addMoney(sum, money));
  else if (day.pnl.size < MOST_CURRENCIES) day.pnl.set(money.currency, money);
}

/** The day that has ended is told; the next one begins empty. */
export function turnDay(day: Day, voice: Voice, ears: Ears, context: CoreContext): Day {
  const index = Math.floor((context.now - ears.rules.summaryHour * HOUR_MICROS) / DAY_MICROS);
  if (day.index === index) return day;
  const next = newDay(index);
  next.equity = day.equity;
  if (day.index === null) return { ...day, index };
  const message = {
    key: 'day',
    rule: 'DAY',
    severity: 'P3' as const,
    state: 'noted' as const,
    step: 'day' as const,
    summary: summaryOf(day),
    count: SEVERITIES.reduce((sum, severity) => sum + day.told[severity], 0),
    since: day.index * DAY_MICROS + ears.rules.summaryHour * HOUR_MICROS,
    runbook: 'daily-summary',
    channels: [],
    quiet: null,
    basis: [],
  };
  // To the one mail a day, whatever else P3 goes to.
  const onlySummary = { ...ears, rules: { ...ears.rules, routes: SUMMARY_ROUTES } };
  tell(voice, onlySummary, message, context);
  return next;
}

const TO_SUMMARY = { P0: ['summary'], P1: ['summary'], P2: ['summary'], P3: ['summary'] } as const;
const SUMMARY_ROUTES = { production: TO_SUMMARY, development: TO_SUMMARY } as const;

function summaryOf(day: Day): string {
  const { closed, unwound, failed } = day.trips;
  const pnl = [...day.pnl.values()].map((sum) => shown(formatMoney(sum))).join(', ');
  const rules = [...day.rules].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MOST_NAMED);
  return [
    `round trips: ${closed} closed, ${unwound} unwound, ${failed} failed`,
    `PnL: ${pnl === '' ? 'none' : pnl}`,
    ...(day.equity === null ? [] : [`equity: ${shown(day.equity)}`]),
    `alerts: ${SEVERITIES.map((severity) => `${severity} ${day.told[severity]}`).join(', ')}`,
    ...(rules.length === 0 ? [] : [`most often: ${rules.map(([rule, count]) => `${rule} ×${count}`).join(', ')}`]),
  ].join('; ');
}

function shown({ amount, currency }: MoneyText): string {
  return `${amount} ${currency}`;
}

export interface SavedDay {
  readonly index: number | null;
  readonly told: Record<Severity, number>;
  readonly rules: [string, number][];
  readonly trips: { closed: number; unwound: number; failed: number };
  readonly pnl: MoneyText[];
  readonly equity: MoneyText | null;
}

export function saveDay({ index, told, rules, trips, pnl, equity }: Day): SavedDay {
  return { index, told: { ...told }, rules: [...rules], trips: { ...trips }, pnl: [...pnl.values()].map(formatMoney), equity };
}

export function loadDay({ index, told, rules, trips, pnl, equity }: SavedDay): Day {
  const sums = pnl.map(parseMoney);
  return {
    index,
    told: { ...told },
    rules: new Map(rules),
    trips: { ...trips },
    pnl: new Map(sums.map((sum) => [sum.currency, sum])),
    equity,
  };
}
