import { type Decimal, sign } from '@arb/shared/money';
import { asNumber } from '../as-number.ts';
import type { Facts } from '../facts.ts';
import { rateOf } from '../imbalance.ts';
import { effective } from '../mode.ts';
import type { Settings } from '../settings.ts';
import { type Entry, type Finding, type Rule, refuse } from './rule.ts';

/** Prices move between the size and the walk over the book. */
const ROOM = 1.1;

/** At the present rates; where one is missing nothing is entered anyway. */
function worthBought({ decision }: Entry, facts: Facts, { currency }: Settings): number {
  let worth = 0;
  for (const { symbol, side, quantity, expected } of decision.legs) {
    const rate = rateOf(symbol.slice(symbol.indexOf('-') + 1), facts, currency);
    if (side === 'buy' && rate !== null) worth += (Number(quantity) * Number(expected)) / rate;
  }
  return worth;
}

/** Stand before the tiers: where nothing may be entered, or it cannot be told what, no limit is looked at. */
export const GATE: readonly Rule<Entry>[] = [
  {
    rule: 'mode',
    tier: 'portfolio',
    weigh: (_entry, { mode }): Finding | null => {
      const { mode: now, latch } = effective(mode);
      if (now === 'ACTIVE') return null;
      if (latch === null) return { outcome: 'BLOCK', limit: null, value: null, as: { rule: `mode-${now}`, tier: 'portfolio' } };
      return { outcome: 'BLOCK', limit: latch.limit, value: latch.value, as: latch };
    },
  },
  {
    rule: 'trip-not-new',
    tier: 'route',
    weigh: ({ decision: { trip } }, { exposures }) => refuse(trip === null || exposures.trips.has(trip)),
  },
  {
    // Exposure is counted at the venues of the route: a leg elsewhere would be counted nowhere.
    rule: 'legs-off-route',
    tier: 'route',
    weigh: ({ decision: { legs }, buy, sell }) =>
      refuse(legs.length === 0 || buy === sell || legs.some(({ venue, side }) => venue !== (side === 'buy' ? buy : sell))),
  },
  {
    rule: 'notional-currency',
    tier: 'portfolio',
    weigh: ({ asked }) => refuse(asked === null || sign(asked) <= 0),
  },
  {
    // Exposure is counted by what the decision says it is worth: legs that are worth more would break every limit unseen.
    rule: 'notional-understated',
    tier: 'portfolio',
    weigh: (entry, facts, settings): Finding | null => {
      const limit = asNumber(entry.asked as Decimal) * ROOM;
      const value = worthBought(entry, facts, settings);
      return value <= limit ? null : { outcome: 'BLOCK', limit, value };
    },
  },
  {
    // Open from before the currency of the limits was changed: it cannot be weighed against them.
    rule: 'exposure-currency',
    tier: 'portfolio',
    weigh: (_entry, { exposures }) => refuse(exposures.foreign > 0),
  },
];
