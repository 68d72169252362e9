import { type Decimal, decimal, multiply, sign, ZERO } from '@arb/shared/money';
import { volatilityBps } from '../coin-watch.ts';
import { equity } from '../equity.ts';
import { heldIn, tripsIn } from '../exposure.ts';
import type { Settings } from '../settings.ts';
import { closed } from './closed.ts';
import { type Rule, refuse, within } from './rule.ts';

/** Whole thousandths: the limit stays a short decimal. */
const PARTS = 1000;

/** What one round trip may be: less in proportion to a volatility above the limit. */
export function mostSize({ maxPositionSize, highVolatilityBps }: Settings, volatility: number | null): Decimal | null {
  if (maxPositionSize === null || highVolatilityBps === null || volatility === null || volatility <= highVolatilityBps)
    return maxPositionSize;
  return multiply(maxPositionSize, decimal(BigInt(Math.floor((highVolatilityBps / volatility) * PARTS)), 3));
}

/** The part of the equity that one coin may take; nothing once the equity is gone. */
function allotted(settings: Settings, earned: Decimal): Decimal | null {
  if (settings.maxAllocation === null || settings.capital === null) return null;
  const all = equity(settings, earned);
  return sign(all) > 0 ? multiply(all, settings.maxAllocation) : ZERO;
}

export const SYMBOL: readonly Rule[] = [
  { rule: 'not-in-universe', tier: 'symbol', weigh: ({ coin }, { universe }) => refuse(universe !== null && !universe.has(coin)) },
  { rule: 'coin-paused', tier: 'symbol', weigh: ({ coin }, { paused }) => refuse(paused.has(coin)) },
  { rule: 'coin-closed', tier: 'symbol', weigh: ({ coin, now }, facts) => closed(facts, coin, now) },
  {
    rule: 'trips-per-coin',
    tier: 'symbol',
    weigh: ({ coin }, { exposures }, { maxTripsPerCoin }) => {
      const trips = tripsIn(exposures.coins, coin) + 1;
      return maxTripsPerCoin === null || trips <= maxTripsPerCoin ? null : { outcome: 'BLOCK', limit: maxTripsPerCoin, value: trips };
    },
  },
  {
    rule: 'position-size',
    tier: 'symbol',
    weigh: ({ coin, asked }, { coins }, settings) => within(mostSize(settings, volatilityBps(coins.get(coin))), ZERO, asked),
  },
  {
    rule: 'coin-exposure',
    tier: 'symbol',
    weigh: ({ coin, asked }, { exposures }, { maxPerCoin }) => within(maxPerCoin, heldIn(exposures.coins, coin), asked),
  },
  {
    rule: 'allocation',
    tier: 'symbol',
    weigh: ({ coin, asked }, { exposures, losses }, settings) =>
      within(allotted(settings, losses.total), heldIn(exposures.coins, coin), asked),
  },
];
