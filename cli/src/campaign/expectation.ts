import type { AuditReport } from './audit.ts';
import type { Results, Tally } from './results.ts';

/** What a campaign claims, and what came out. */
export interface Expectation {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
  readonly holds: boolean;
}

export function winRateBetween(what: string, { winRate }: Tally, least: number, most: number): Expectation {
  return {
    what,
    expected: `${percent(least)} to ${percent(most)}`,
    found: winRate === null ? 'no trip won or lost' : percent(winRate),
    holds: winRate !== null && winRate >= least && winRate <= most,
  };
}

export function atLeast(what: string, found: number, least: number): Expectation {
  return { what, expected: `at least ${least}`, found: String(Math.round(found * 1000) / 1000), holds: found >= least };
}

export function none(what: string, found: readonly string[] | number): Expectation {
  const count = typeof found === 'number' ? found : found.length;
  const shown = typeof found === 'number' || count === 0 ? String(count) : `${count}: ${found.slice(0, 3).join('; ')}`;
  return { what, expected: '0', found: shown, holds: count === 0 };
}

/** Holds of every campaign: its books agree to the last digit, and each loss has a cause. */
export function always(results: Results, audit: AuditReport): Expectation[] {
  return [
    none('results, balances and equity that do not follow from the fills', audit.faults),
    none('losers that do not say why', results.unexplained),
    atLeast('results worked out again from their fills', audit.recomputed, 1),
    atLeast('balances held against the fills', audit.balances, 1),
    atLeast('statements of equity held against capital and results', audit.equities, 1),
    atLeast('fills that bought', results.fills.buy, 1),
    atLeast('fills that sold', results.fills.sell, 1),
  ];
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
