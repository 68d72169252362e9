import { asNumber } from './as-number.ts';
import type { Facts } from './facts.ts';
import type { SizedEntry } from './rules/rule.ts';
import type { Settings } from './settings.ts';

/** Quote units per unit of the limits' currency; null where that was never said. */
export function rateOf(quote: string, { rates }: Facts, currency: string): number | null {
  return quote === currency ? 1 : (rates.get(`${quote}-${currency}`)?.rate ?? null);
}

/** A ratio of two holdings after `moved` has gone from the first to the second: 1 is all at the second. Null with nothing held. */
function between(first: number, second: number, moved: number): number | null {
  const both = first + second;
  return both > 0 ? (second - first + 2 * moved) / both : null;
}

function held(facts: Facts, venue: string, currency: string): number | null {
  const balances = facts.balances.get(venue);
  return balances === undefined ? null : Number(balances[currency] ?? 0);
}

function cashAt(facts: Facts, venue: string, { quotes, currency }: Settings): number | null {
  const quote = quotes.get(venue);
  if (quote === undefined) return null;
  const amount = held(facts, venue, quote);
  const rate = rateOf(quote, facts, currency);
  return amount === null || rate === null ? null : amount / rate;
}

/** Buying takes cash from where it is bought and brings it where it is sold. At the present rate: a ratio, nothing is booked. */
export function cashImbalance({ buy, sell, asked }: SizedEntry, facts: Facts, settings: Settings): number | null {
  const atBuy = cashAt(facts, buy, settings);
  const atSell = cashAt(facts, sell, settings);
  return atBuy === null || atSell === null ? null : between(atBuy, atSell, asNumber(asked));
}

/** Coins go the other way: out where they are sold, in where they are bought. */
export function inventoryImbalance({ decision, coin, buy, sell }: SizedEntry, facts: Facts): number | null {
  const atBuy = held(facts, buy, coin);
  const atSell = held(facts, sell, coin);
  const bought = decision.legs.reduce((sum, { side, quantity }) => (side === 'buy' ? sum + Number(quantity) : sum), 0);
  return atBuy === null || atSell === null ? null : between(atSell, atBuy, bought);
}
