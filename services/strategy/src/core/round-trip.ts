import type { Numbers } from './decide.ts';
import type { Refusal } from './refusals.ts';
import type { Route, Scene } from './route.ts';
import type { Settings } from './settings.ts';
import type { Terms } from './terms.ts';
import { type UsualPremiums, usualOf } from './usual-premium.ts';
import { walkedValue } from './walk.ts';

/** What a route would bring in all: entered now, and left once going back takes what it usually takes. */
export interface RoundTrip {
  /** Between best prices, before fees: by how much the venue that is sold at is dearer than the other one, on average. */
  readonly usualPremiumBps: number | null;
  readonly premiumSeenSeconds: number;
  /** By walking the books as they are for the whole quantity; null where they show less. */
  readonly backSellValue: number | null;
  readonly backBuyValue: number | null;
  /** What the way back takes if the premium is as usual then, fees and slippage included: of what the purchase took, as all others. */
  readonly wayBackBps: number | null;
  readonly edgeBps: number | null;
  /** What entering and leaving at once would bring, fees of both ways included: what a stop loss sees first. */
  readonly atOnceBps: number | null;
}

/** What of a route its way back is worked out from. */
export type WayThere = Pick<Route, 'buy' | 'sell' | 'quantity' | 'afterFeesBps' | 'slippageBps' | 'edgeBps'>;

/** `value`: what the purchase took, in the numeraire. */
export function roundTripOf({ ladders, terms }: Scene, route: WayThere, value: number, premiums: UsualPremiums): RoundTrip {
  const { buy, sell, quantity } = route;
  const back = usualOf(premiums, sell, buy);
  const there = usualOf(premiums, buy, sell);
  const sold = walkedValue(ladders.bids, buy, quantity);
  const bought = walkedValue(ladders.asks, sell, quantity);
  const known = {
    // Half of each spread is in the one mean, and half in the other.
    usualPremiumBps: back === null || there === null ? null : (Math.sqrt(back.mean / there.mean) - 1) * 10_000,
    premiumSeenSeconds: back === null ? 0 : back.seenSeconds,
    backSellValue: Number.isNaN(sold) ? null : sold,
    backBuyValue: Number.isNaN(bought) ? null : bought,
  };
  if (back === null || Number.isNaN(sold) || Number.isNaN(bought)) return { ...known, wayBackBps: null, edgeBps: null, atOnceBps: null };
  const soldFee = (terms[buy] as Terms).feeBps / 10_000;
  const boughtFee = (terms[sell] as Terms).feeBps / 10_000;
  // As deep as the books are now, at the distance that the best prices usually have.
  const takes = bought * (back.mean / back.now) * (1 + boughtFee) - sold * (1 - soldFee);
  // Money and inventory are where they were after it: what they cost, they cost once.
  const wayBackBps = (takes / value) * 10_000 + route.slippageBps;
  const atOnce = bought * (1 + boughtFee) - sold * (1 - soldFee);
  const atOnceBps = route.afterFeesBps - (atOnce / value) * 10_000;
  return { ...known, wayBackBps, edgeBps: route.edgeBps - wayBackBps, atOnceBps };
}

/** Why the whole round is not worth it, or null. */
export function roundTripRefusal(
  trip: RoundTrip,
  { minRoundTripBps, premiumWarmUpSeconds, minStopRoomBps, stopLossBps }: Settings,
): Refusal | null {
  if (minRoundTripBps === null) return null;
  const { premiumSeenSeconds, edgeBps, atOnceBps } = trip;
  if (premiumSeenSeconds < premiumWarmUpSeconds)
    return {
      rule: 'usual-premium',
      limit: premiumWarmUpSeconds,
      value: premiumSeenSeconds,
      why: 'the venues were not seen together for long enough to know what is usual between them',
    };
  if (edgeBps === null) return { rule: 'way-back', limit: null, value: null, why: 'the books show too little depth for the way back' };
  if (edgeBps < minRoundTripBps)
    return {
      rule: 'round-trip',
      limit: minRoundTripBps,
      value: edgeBps,
      why: 'there and back again, after all costs and at the usual premium, it brings too little',
    };
  const room = stopLossBps + (atOnceBps as number);
  return room < minStopRoomBps
    ? { rule: 'stop-room', limit: minStopRoomBps, value: room, why: 'what leaving at once would lose is too near to the stop loss' }
    : null;
}

export function roundTripNumbers({ edgeBps, ...rest }: RoundTrip): Numbers {
  return { ...rest, roundTripBps: edgeBps };
}
