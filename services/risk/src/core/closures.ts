import type { Tier } from './mode.ts';

/** A coin, venue or route that takes no entries until its time: a cooldown lets it rest, a breaker stops it. */
export interface Closure {
  readonly what: string;
  readonly rule: string;
  readonly tier: Tier;
  readonly outcome: 'COOLDOWN' | 'BLOCK';
  readonly limit: number;
  readonly value: number;
  readonly until: number;
}

/** By what is closed: of two reasons the one that lasts longer stands. */
export type Closures = Map<string, Closure>;

/** More than coins and venues together; of routes that rest beyond it the one that opens first opens now. */
export const MOST_CLOSURES = 2000;

/** True where that changed anything. */
export function close(closures: Closures, closure: Closure): boolean {
  const before = closures.get(closure.what);
  if (before !== undefined && before.until >= closure.until) return false;
  if (before === undefined && closures.size >= MOST_CLOSURES) closures.delete(soonest(closures) as string);
  closures.set(closure.what, closure);
  return true;
}

export function openDue(closures: Closures, now: number): boolean {
  let any = false;
  for (const [what, { until }] of closures) if (until <= now) any = closures.delete(what) || any;
  return any;
}

function soonest(closures: Closures): string | null {
  let first: Closure | null = null;
  for (const closure of closures.values()) if (first === null || closure.until < first.until) first = closure;
  return first === null ? null : first.what;
}
