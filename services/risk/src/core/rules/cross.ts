import { add, multiply, subtract } from '@arb/shared/money';
import { heldIn } from '../exposure.ts';
import { inventoryImbalance } from '../imbalance.ts';
import { journalLagMs, oldestRateMs, restsOnStandIn } from '../lag.ts';
import { type Rule, refuse, within } from './rule.ts';

export const CROSS: readonly Rule[] = [
  {
    rule: 'pair-exposure',
    tier: 'cross',
    weigh: ({ there, back, asked }, { exposures: { directions } }, { maxPerVenuePair }) =>
      within(maxPerVenuePair, add(heldIn(directions, there), heldIn(directions, back)), asked),
  },
  {
    rule: 'directional-bias',
    tier: 'cross',
    weigh: ({ there, back, asked }, { exposures: { directions } }, { maxDirectionalBias, maxExposure }) =>
      within(
        maxDirectionalBias === null ? null : multiply(maxExposure, maxDirectionalBias),
        subtract(heldIn(directions, there), heldIn(directions, back)),
        asked,
      ),
  },
  {
    rule: 'inventory-imbalance',
    tier: 'cross',
    weigh: (entry, facts, { maxInventoryImbalance }) => {
      if (maxInventoryImbalance === null) return null;
      const value = inventoryImbalance(entry, facts);
      return value === null || value <= maxInventoryImbalance ? null : { outcome: 'BLOCK', limit: maxInventoryImbalance, value };
    },
  },
  {
    rule: 'stream-full',
    tier: 'cross',
    weigh: (_entry, { fill }, { maxStreamFill }) => (fill < maxStreamFill ? null : { outcome: 'BLOCK', limit: maxStreamFill, value: fill }),
  },
  {
    rule: 'journal-lag',
    tier: 'cross',
    weigh: ({ now }, facts, { maxJournalLagMicros }) => {
      const value = journalLagMs(facts, now);
      const limit = maxJournalLagMicros / 1000;
      return value !== null && value <= limit ? null : { outcome: 'BLOCK', limit, value };
    },
  },
  {
    // Good enough to show and to get out by; an edge against it may be nothing but its distance from the market's.
    rule: 'stand-in-fx',
    tier: 'cross',
    weigh: ({ decision }, facts, { currency, enterOnStandInFx }) => refuse(!enterOnStandInFx && restsOnStandIn(decision, facts, currency)),
  },
  {
    rule: 'stale-fx',
    tier: 'cross',
    weigh: ({ decision, now }, facts, { staleFxMicros, currency }) => {
      const value = oldestRateMs(decision, facts, currency, now);
      const limit = staleFxMicros / 1000;
      return value !== null && value <= limit ? null : { outcome: 'BLOCK', limit, value };
    },
  },
];
