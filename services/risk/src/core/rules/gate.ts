import { sign } from '@arb/shared/money';
import { effective } from '../mode.ts';
import { type Entry, type Finding, type Rule, refuse } from './rule.ts';

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
    // Open from before the currency of the limits was changed: it cannot be weighed against them.
    rule: 'exposure-currency',
    tier: 'portfolio',
    weigh: (_entry, { exposures }) => refuse(exposures.foreign > 0),
  },
];
