import type { DataOf, Leg } from '@arb/shared/contracts';
import { compare, type Decimal, divide, formatDecimal, multiply, parseDecimal, placesOf, round, sign } from '@arb/shared/money';
import type { Settings } from './settings.ts';

type Decision = DataOf<'decision'>;

export interface Reduced {
  readonly decision: Decision;
  readonly granted: Decimal;
}

type Limits = Pick<Settings, 'leastNotional' | 'currency'>;

/**
 * The same decision for a smaller notional: all legs by the same factor, rounded down to the places that the coarsest of
 * their quantities has, which the strategy has cut to the venues' lots. Null where too little is left to be worth it.
 */
export function reduced(decision: Decision, asked: Decimal, room: Decimal, limits: Limits): Reduced | null {
  const { leastNotional, currency } = limits;
  if (leastNotional === null) return null;
  const granted = round(room, placesOf(currency), 'down');
  if (sign(granted) <= 0 || compare(granted, leastNotional) < 0) return null;
  const quantities = decision.legs.map(({ quantity }) => parseDecimal(quantity));
  const places = Math.min(...quantities.map(({ scale }) => scale));
  const legs: Leg[] = [];
  for (const [i, quantity] of quantities.entries()) {
    const smaller = divide(multiply(quantity, granted), asked, places, 'down');
    if (sign(smaller) <= 0) return null;
    legs.push({ ...(decision.legs[i] as Leg), quantity: formatDecimal(smaller) });
  }
  return { decision: { ...decision, legs, notional: { amount: formatDecimal(granted), currency } }, granted };
}
