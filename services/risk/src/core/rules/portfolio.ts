import { MOST_TRIPS } from '../exposure.ts';
import { cashImbalance } from '../imbalance.ts';
import { targets } from '../route.ts';
import { type Rule, refuse, within } from './rule.ts';

export const PORTFOLIO: readonly Rule[] = [
  {
    // Who wants it flat does not want it entered again while it is being closed.
    rule: 'flattening',
    tier: 'portfolio',
    weigh: (entry, { exposures }) => {
      if (exposures.flattening === 0) return null;
      for (const { flatten } of exposures.trips.values()) if (flatten !== undefined && targets(flatten, entry)) return refuse(true);
      return null;
    },
  },
  {
    rule: 'open-trips',
    tier: 'portfolio',
    weigh: (_entry, { exposures: { trips } }) =>
      trips.size < MOST_TRIPS ? null : { outcome: 'BLOCK', limit: MOST_TRIPS, value: trips.size + 1 },
  },
  {
    rule: 'total-exposure',
    tier: 'portfolio',
    weigh: ({ asked }, { exposures }, { maxExposure }) => within(maxExposure, exposures.total, asked),
  },
  {
    rule: 'cash-imbalance',
    tier: 'portfolio',
    weigh: (entry, facts, settings) => {
      if (settings.maxCashImbalance === null) return null;
      const value = cashImbalance(entry, facts, settings);
      return value === null || value <= settings.maxCashImbalance ? null : { outcome: 'BLOCK', limit: settings.maxCashImbalance, value };
    },
  },
];
