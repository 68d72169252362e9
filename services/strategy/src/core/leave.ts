import { type Decision, type ExitPlan, exit, type Numbers, type Reason, routeNumbers } from './decide.ts';
import { type Route, routeOf, type Scene } from './route.ts';
import type { Settings } from './settings.ts';
import { quantityText, roundDown } from './steps.ts';
import type { OpenTrip } from './trip.ts';
import { bestOf } from './walk.ts';

/**
 * The decision that closes an open trip, when it is time: profit taken, loss stopped, spread reversed, held for too
 * long, or a person wants it closed. It needs both venues fresh: nothing is closed on a book from before.
 */
export function exitOf(scene: Scene, trip: OpenTrip, settings: Settings, now: number): Decision | null {
  const buy = placeOf(scene, trip.sell);
  const sell = placeOf(scene, trip.buy);
  if (buy < 0 || sell < 0) return null;
  const reverse = routeOf(scene, buy, sell, Number(trip.quantity), settings);
  const profitBps = reverse === null ? null : profitOf(scene, trip, reverse);
  const reason = reasonOf(trip, reverse, profitBps, settings);
  if (reason === null) return null;
  // Shown depth too thin for the whole: the best price stands for it, and what does not fill is tried again.
  const bestAsk = bestOf(scene.ladders.asks, buy);
  const bestBid = bestOf(scene.ladders.bids, sell);
  if (bestAsk === null || bestBid === null) return null;
  const plan: ExitPlan = {
    trip: trip.id,
    buy,
    sell,
    quantity: quantityToClose(scene, trip, buy, sell),
    bought: reverse === null ? { expected: bestAsk, worst: bestAsk } : { expected: reverse.bought.average, worst: reverse.bought.worst },
    sold: reverse === null ? { expected: bestBid, worst: bestBid } : { expected: reverse.sold.average, worst: reverse.sold.worst },
    edgeBps: reverse === null ? null : reverse.afterFeesBps,
  };
  const numbers: Numbers = {
    ...(reverse === null ? {} : routeNumbers(scene, reverse)),
    profitBps,
    entryEdgeBps: trip.entryEdgeBps,
    entryValue: trip.value,
    heldSeconds: (now - trip.since) / 1_000_000,
    failedExits: trip.failedExits,
  };
  return exit(scene, plan, reason, numbers, settings, now);
}

/** Whole lots; what is less than one is tried as it is, and the venue says what it thinks of it. */
function quantityToClose(scene: Scene, trip: OpenTrip, buy: number, sell: number): string {
  const step = scene.lots[buy]?.[sell];
  if (step === undefined) return trip.quantity;
  const open = Number(trip.quantity);
  const rounded = roundDown(open, step);
  return rounded > 0 && rounded < open ? quantityText(rounded) : trip.quantity;
}

/** What the whole round trip brings if it is closed now, of what it cost: by its fills, or by the decision while none is known. */
function profitOf(scene: Scene, trip: OpenTrip, reverse: Route): number {
  if (trip.cash.length === 0 || !(trip.value > 0)) return trip.entryEdgeBps + reverse.afterFeesBps;
  let cash = 0;
  for (const [currency, amount] of trip.cash) {
    const line = scene.l2.venues.find(({ symbol }) => symbol.endsWith(`-${currency}`));
    const rate = currency === scene.l2.numeraire ? 1 : (line?.rate ?? null);
    if (rate === null) return trip.entryEdgeBps + reverse.afterFeesBps;
    cash += amount * rate;
  }
  return ((cash + (reverse.afterFeesBps / 10_000) * reverse.bought.value) / trip.value) * 10_000;
}

function reasonOf(trip: OpenTrip, reverse: Route | null, profitBps: number | null, settings: Settings): Reason | null {
  const costBps = reverse === null ? null : -reverse.afterFeesBps;
  if (trip.due === 'flatten') return { rule: 'flatten', limit: 0, value: costBps, why: 'a person wants it closed' };
  if (reverse !== null && profitBps !== null && costBps !== null) {
    // A quote too bad to be true is no reason to sell at it.
    if (profitBps <= -settings.stopLossBps && -reverse.grossBps < settings.abnormalEdgeBps)
      return { rule: 'stop-loss', limit: -settings.stopLossBps, value: profitBps, why: 'closing it now loses as much as may be lost' };
    if (profitBps >= settings.takeProfitBps)
      return { rule: 'take-profit', limit: settings.takeProfitBps, value: profitBps, why: 'closing it now brings the profit aimed at' };
    if (costBps <= settings.exitEdgeBps)
      return {
        rule: 'spread-reversal',
        limit: settings.exitEdgeBps,
        value: costBps,
        why: 'the spread has turned: going back costs no more than the limit',
      };
  }
  if (trip.due === 'time')
    return { rule: 'max-hold', limit: settings.maxHoldMicros / 1_000_000, value: costBps, why: 'it has been held for its longest time' };
  return null;
}

/** Only fresh and configured venues have terms. */
function placeOf({ l2, terms }: Scene, venue: string): number {
  for (let place = 0; place < terms.length; place++) if (terms[place] && l2.venues[place]?.venue === venue) return place;
  return -1;
}
