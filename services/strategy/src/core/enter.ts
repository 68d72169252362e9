import type { StreamEvent } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { type CoinState, maySay, wouldSay } from './coin-state.ts';
import { entry, type Numbers, routeNumbers, skip, venuesOf } from './decide.ts';
import { type Desk, exposureOf, imbalanceOf, nextTrip, ratesBehind, turnoverOf } from './desk.ts';
import { held } from './market-view.ts';
import { premiumOf } from './premium.ts';
import { type Candidate, coinRefusal, costOf, marketRefusal, oppositeRefusal, type Refusal, ranked } from './refusals.ts';
import { roundTripNumbers, roundTripOf, roundTripRefusal } from './round-trip.ts';
import { type Scene, type Surveyed, survey } from './route.ts';
import type { Settings } from './settings.ts';

/** How long a coin that had to wait for room is thought to be worth it still. */
const STANDING_MICROS = 1_000_000;

/** Looks at every route of the coin, best first, and enters the first one that nothing speaks against. */
export function enter(desk: Desk, event: StreamEvent<'l2'>, scene: Scene, state: CoinState, context: CoreContext): void {
  const { settings } = desk;
  state.standing = null;
  const closed = coinRefusal(event.data.coin, desk, state.restUntil, context.now, settings);
  // Nothing would come of looking but saying the same again.
  if (closed !== null && !wouldSay(state, closed.rule, context.now, settings.refusalMicros)) return;
  const surveyed = survey(scene, settings, state.premiums);
  const { best, candidates, fresh } = surveyed;
  if (best === null) {
    const refusal: Refusal =
      fresh < 2
        ? { rule: 'fresh-venues', limit: 2, value: fresh, why: 'fewer than two venues are fresh' }
        : { rule: 'depth', limit: settings.notional, value: null, why: 'no two venues show enough depth for the size' };
    if (maySay(state, refusal.rule, context.now, settings.refusalMicros)) {
      const given = { route: null, edgeBps: null, score: null, numbers: { freshVenues: fresh } };
      context.emit('decision', [event.data.coin], skip(event.data.coin, given, refusal, settings));
    }
    return;
  }
  if (candidates.length === 0) {
    // One stands for all of them: nearer than the best one, none was.
    if (!maySay(state, best.edgeBps < settings.minEdgeBps ? 'min-edge' : 'round-trip', context.now, settings.refusalMicros)) return;
    const [candidate] = ranked([best], scene, desk.view, settings) as [Candidate];
    const refusal = marketRefusal(candidate, scene, desk, settings) ?? wayBackRefusal(scene, candidate, state, settings);
    if (refusal !== null) say(desk, event, scene, surveyed, candidate, 1, refusal, state, context);
    return;
  }
  const order = ranked(candidates, scene, desk.view, settings);
  if (closed !== null) {
    if (maySay(state, closed.rule, context.now, settings.refusalMicros))
      say(desk, event, scene, surveyed, order[0] as Candidate, 1, closed, state, context);
    return;
  }
  for (let i = 0; i < order.length; i++) {
    const candidate = order[i] as Candidate;
    const refusal = refusalOf(desk, scene, candidate, state, context.now);
    if (refusal === null) {
      open(desk, event, scene, surveyed, candidate, i + 1, state, context);
      return;
    }
    const { route } = candidate;
    if (maySay(state, `${route.buy}>${route.sell} ${refusal.rule}`, context.now, settings.refusalMicros))
      say(desk, event, scene, surveyed, candidate, i + 1, refusal, state, context);
  }
}

function refusalOf(desk: Desk, scene: Scene, candidate: Candidate, state: CoinState, now: number): Refusal | null {
  const { settings } = desk;
  return (
    marketRefusal(candidate, scene, desk, settings) ??
    oppositeRefusal(candidate.route, scene, desk) ??
    roomRefusal(desk, candidate, state, now)
  );
}

function wayBackRefusal(scene: Scene, { route }: Candidate, { premiums }: CoinState, settings: Settings): Refusal | null {
  return premiums === null ? null : roundTripRefusal(roundTripOf(scene, route, route.bought.value, premiums), settings);
}

/** With little room left, the coins that score best go first. */
function roomRefusal(desk: Desk, { score }: Candidate, state: CoinState, now: number): Refusal | null {
  const { trips, coins, settings } = desk;
  const room = settings.maxOpenTrips - trips.size;
  const wait = (refusal: Refusal): Refusal => {
    if (state.standing === null) state.standing = { score: score.total, until: now + STANDING_MICROS };
    return refusal;
  };
  if (room <= 0)
    return wait({ rule: 'open-trips', limit: settings.maxOpenTrips, value: trips.size, why: 'as many trips are open as may be' });
  let better = 0;
  for (const other of coins.values())
    if (other.standing !== null && other.standing.until >= now && other.standing.score > score.total) better++;
  return better >= room
    ? wait({ rule: 'rank', limit: room, value: better + 1, why: 'other coins score better, and there is no room for all' })
    : null;
}

function open(
  desk: Desk,
  event: StreamEvent<'l2'>,
  scene: Scene,
  surveyed: Surveyed,
  candidate: Candidate,
  rank: number,
  state: CoinState,
  context: CoreContext,
): void {
  const { settings } = desk;
  const { coin } = event.data;
  const { route, score } = candidate;
  const { buy, sell } = venuesOf(event.data, route.buy, route.sell);
  const trip = nextTrip(desk, coin);
  const numbers = numbersOf(desk, event, scene, surveyed, candidate, rank, state.premiums);
  const decision = entry(scene, route, { trip, score: score.total, numbers }, settings, context.now);
  desk.trips.set(trip, {
    id: trip,
    coin,
    buy,
    sell,
    quantity: (decision.legs[0] as (typeof decision.legs)[number]).quantity,
    phase: 'entering',
    entryEdgeBps: route.edgeBps,
    value: route.bought.value,
    cost: costOf(route),
    proceeds: route.quantity * route.sold.average,
    cash: [],
    coins: [],
    since: context.now,
    due: null,
    retryAt: 0,
    failedExits: 0,
  });
  state.standing = null;
  state.restUntil = context.now + settings.cooldownMicros;
  context.emit('decision', [coin], decision, ratesBehind(desk, buy, sell));
}

function say(
  desk: Desk,
  event: StreamEvent<'l2'>,
  scene: Scene,
  surveyed: Surveyed,
  candidate: Candidate,
  rank: number,
  refusal: Refusal,
  state: CoinState,
  context: CoreContext,
): void {
  const { route, score } = candidate;
  const venues = venuesOf(event.data, route.buy, route.sell);
  const numbers = numbersOf(desk, event, scene, surveyed, candidate, rank, state.premiums);
  const given = { route: venues, edgeBps: route.edgeBps, score: score.total, numbers };
  context.emit(
    'decision',
    [event.data.coin],
    skip(event.data.coin, given, refusal, desk.settings),
    ratesBehind(desk, venues.buy, venues.sell),
  );
}

/** Every number the decision was made of. */
function numbersOf(
  desk: Desk,
  { data: l2 }: StreamEvent<'l2'>,
  scene: Scene,
  { candidates, fresh }: Surveyed,
  { route, score }: Candidate,
  rank: number,
  premiums: CoinState['premiums'],
): Numbers {
  const { settings, view } = desk;
  const { buy, sell } = venuesOf(l2, route.buy, route.sell);
  const lines = l2.venues;
  const { premiumBps, fxBasisBps, residualBps } = premiumOf(
    view,
    lines[route.buy] as (typeof lines)[number],
    lines[route.sell] as (typeof lines)[number],
    settings.numeraire,
    route.grossBps,
  );
  return {
    ...routeNumbers(scene, route),
    ...(premiums === null ? {} : roundTripNumbers(roundTripOf(scene, route, route.bought.value, premiums))),
    premiumBps,
    fxBasisBps,
    residualBps,
    score: score.total,
    scoreSpread: score.spread,
    scoreHealth: score.health,
    scoreFees: score.fees,
    scoreInventory: score.inventory,
    rank,
    candidates: candidates.length,
    freshVenues: fresh,
    openTrips: desk.trips.size,
    buyHoldsCoin: scene.held[route.buy] as number,
    sellHoldsCoin: scene.held[route.sell] as number,
    buyHoldsMoney: held(view, buy, desk.quotes.get(buy) as string),
    imbalance: imbalanceOf(desk, buy, sell, l2.coin),
    buyExposure: exposureOf(desk, buy, l2.coin),
    sellExposure: exposureOf(desk, sell, l2.coin),
    buyTurnover: turnoverOf(desk, buy),
    sellTurnover: turnoverOf(desk, sell),
  };
}
