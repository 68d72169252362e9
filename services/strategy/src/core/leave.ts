import type { DataOf } from '@arb/shared/contracts';
import type { OpenTrip } from './coin-state.ts';
import { type Decision, exit } from './decide.ts';
import { routeOf } from './route.ts';
import type { Settings } from './settings.ts';
import { bestOf } from './walk.ts';

type L2 = DataOf<'l2'>;

/**
 * The decision that closes an open trip, when it is time: what going back would cost (the opposite route's edge, sign
 * turned) has come down to the limit, or it has been held for too long, or a person wants it closed. It needs both
 * venues fresh: nothing is closed on a book from before.
 */
export function exitOf(l2: L2, trip: OpenTrip, settings: Settings, now: number): Decision | null {
  const buy = placeOf(l2, trip.sell);
  const sell = placeOf(l2, trip.buy);
  if (buy < 0 || sell < 0) return null;
  const reverse = routeOf(l2, buy, sell, Number(trip.quantity), settings.feeBps.get(trip.sell) ?? 0, settings.feeBps.get(trip.buy) ?? 0);
  const cost = reverse === null ? null : -reverse.edgeBps;
  const reason = reasonOf(trip, cost, settings);
  if (reason === null) return null;
  // Shown depth too thin for the whole: the best price stands for it, and what does not fill is tried again.
  const bestAsk = bestOf(l2.asks, buy);
  const bestBid = bestOf(l2.bids, sell);
  if (bestAsk === null || bestBid === null) return null;
  const prices =
    reverse === null
      ? { buy: bestAsk, buyWorst: bestAsk, sell: bestBid, sellWorst: bestBid }
      : { buy: reverse.bought.average, buyWorst: reverse.bought.worst, sell: reverse.sold.average, sellWorst: reverse.sold.worst };
  return exit(l2, { trip: trip.id, buy, sell, quantity: trip.quantity, prices, reverse }, reason, settings, now);
}

function reasonOf(trip: OpenTrip, cost: number | null, settings: Settings) {
  if (trip.due === 'flatten') return { rule: 'flatten', limit: 0, value: cost, why: 'a person wants it closed' };
  if (cost !== null && cost <= settings.exitEdgeBps)
    return { rule: 'exit-edge', limit: settings.exitEdgeBps, value: cost, why: 'going back costs no more than the limit' };
  if (trip.due === 'time')
    return { rule: 'max-hold', limit: settings.maxHoldMicros / 1_000_000, value: cost, why: 'it has been held for its longest time' };
  return null;
}

function placeOf(l2: L2, venue: string): number {
  return l2.venues.findIndex((line) => line.venue === venue && line.state === 'fresh');
}
