import type { DataOf } from '@arb/shared/contracts';
import { add, compare, type Decimal, subtract } from '@arb/shared/money';
import { asNumber } from '../as-number.ts';
import type { Facts } from '../facts.ts';
import type { Tier } from '../mode.ts';
import type { Route } from '../route.ts';
import type { Settings } from '../settings.ts';

export type Decision = DataOf<'decision'>;

/** A decision to enter, with what several rules need of it. */
export interface Entry extends Route {
  readonly decision: Decision;
  /** Null where the decision names none or in another currency than the limits': the first rules refuse that. */
  readonly asked: Decimal | null;
  readonly routeName: string;
  /** The names of its direction and of the opposite one. */
  readonly there: string;
  readonly back: string;
  readonly now: number;
}

/** An entry whose size is known to be in the currency of the limits. */
export type SizedEntry = Entry & { readonly asked: Decimal };

/** What a rule found against an entry. A rule that is about something else in particular names it: a breaker, a cooldown. */
export type Finding =
  | { readonly outcome: 'BLOCK' | 'COOLDOWN'; readonly limit: number | null; readonly value: number | null; readonly as?: Named }
  /** So much of it would be within the limit. */
  | { readonly outcome: 'REDUCE'; readonly limit: number; readonly value: number; readonly room: Decimal };

export interface Named {
  readonly rule: string;
  readonly tier: Tier;
}

export interface Rule<E extends Entry = SizedEntry> {
  readonly rule: string;
  readonly tier: Tier;
  /** Null: nothing against it. */
  readonly weigh: (entry: E, facts: Facts, settings: Settings) => Finding | null;
}

/** Refuses without a number to hold against another. */
export function refuse(wrong: boolean): Finding | null {
  return wrong ? { outcome: 'BLOCK', limit: null, value: null } : null;
}

/** What is held and what is asked for may make up the limit, not more. */
export function within(limit: Decimal | null, held: Decimal, asked: Decimal): Finding | null {
  if (limit === null) return null;
  const both = add(held, asked);
  if (compare(both, limit) <= 0) return null;
  return { outcome: 'REDUCE', limit: asNumber(limit), value: asNumber(both), room: subtract(limit, held) };
}
