import { multiply } from '@arb/shared/money';
import { asNumber } from '../as-number.ts';
import { isFresh } from '../coin-watch.ts';
import { heldIn } from '../exposure.ts';
import type { Facts } from '../facts.ts';
import { closed } from './closed.ts';
import { type Finding, type Rule, refuse, type SizedEntry, within } from './rule.ts';

/** Where nothing is known of a venue's health its books speak for it. */
function isIn(state: string): Rule['weigh'] {
  return ({ buy, sell }, { health }) => refuse(health.get(buy)?.state === state || health.get(sell)?.state === state);
}

function listed(list: 'suspended' | 'warned'): Rule['weigh'] {
  const at = (venue: string, coin: string, { health }: Facts) => health.get(venue)?.[list].includes(coin) === true;
  return ({ coin, buy, sell }, facts) => refuse(at(buy, coin, facts) || at(sell, coin, facts));
}

/** Half a size, say, while a venue is slow or drops messages. */
function degraded({ buy, sell, asked }: SizedEntry, { health }: Facts, share: Parameters<typeof multiply>[1] | null): Finding | null {
  if (share === null || (health.get(buy)?.state !== 'DEGRADED' && health.get(sell)?.state !== 'DEGRADED')) return null;
  const room = multiply(asked, share);
  return { outcome: 'REDUCE', limit: asNumber(room), value: asNumber(asked), room };
}

export const EXCHANGE: readonly Rule[] = [
  { rule: 'venue-paused', tier: 'exchange', weigh: ({ buy, sell }, { paused }) => refuse(paused.has(buy) || paused.has(sell)) },
  { rule: 'venue-closed', tier: 'exchange', weigh: ({ buy, sell, now }, facts) => closed(facts, buy, now) ?? closed(facts, sell, now) },
  { rule: 'venue-DOWN', tier: 'exchange', weigh: isIn('DOWN') },
  { rule: 'venue-FROZEN', tier: 'exchange', weigh: isIn('FROZEN') },
  { rule: 'coin-suspended', tier: 'exchange', weigh: listed('suspended') },
  { rule: 'coin-warned', tier: 'exchange', weigh: listed('warned') },
  {
    // A book from before this session began, or before it went on, says nothing of the market now.
    rule: 'no-fresh-book',
    tier: 'exchange',
    weigh: ({ coin, buy, sell }, { coins }, { places }) => {
      const watch = coins.get(coin);
      return refuse(!isFresh(watch, places.get(buy)) || !isFresh(watch, places.get(sell)));
    },
  },
  { rule: 'venue-DEGRADED', tier: 'exchange', weigh: (entry, facts, { degradedShare }) => degraded(entry, facts, degradedShare) },
  {
    rule: 'venue-exposure',
    tier: 'exchange',
    weigh: ({ buy, sell, asked }, { exposures: { venues } }, { maxPerVenue }) => {
      const atBuy = within(maxPerVenue, heldIn(venues, buy), asked);
      const atSell = within(maxPerVenue, heldIn(venues, sell), asked);
      return atBuy === null || (atSell !== null && atSell.value !== null && atSell.value > (atBuy.value as number)) ? atSell : atBuy;
    },
  },
];
