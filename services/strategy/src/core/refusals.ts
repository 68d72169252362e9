import { held, type MarketView, troubleOf } from './market-view.ts';
import type { Route, Scene } from './route.ts';
import { healthOf, type Score, scoreOf } from './score.ts';
import type { Settings } from './settings.ts';
import { orderRulesOf, type Terms } from './terms.ts';
import { reservedOf, type Trips, tripsOf } from './trip.ts';

export interface Refusal {
  readonly rule: string;
  readonly limit: number | null;
  readonly value: number | null;
  readonly why: string;
}

/** A route with what it is ranked by. */
export interface Candidate {
  readonly route: Route;
  readonly score: Score;
}

export interface Facts {
  readonly view: MarketView;
  readonly trips: Trips;
  /** The currency each venue quotes in. */
  readonly quotes: ReadonlyMap<string, string>;
}

/** Best first: by score, then by edge. */
export function ranked(routes: readonly Route[], scene: Scene, view: MarketView, settings: Settings): Candidate[] {
  const health = (place: number): number => {
    const { venue, ageMs } = scene.l2.venues[place] as Scene['l2']['venues'][number];
    return healthOf(view.health.get(venue)?.state, ageMs, settings);
  };
  return routes
    .map((route) => ({ route, score: scoreOf(route, health(route.buy), health(route.sell), settings) }))
    .sort((a, b) => b.score.total - a.score.total || b.route.edgeBps - a.route.edgeBps);
}

/** What speaks against a route as the market and the inventory are: the first rule that does, or null. */
export function marketRefusal({ route, score }: Candidate, scene: Scene, facts: Facts, settings: Settings): Refusal | null {
  const { view } = facts;
  const { coin } = scene.l2;
  const buy = scene.terms[route.buy] as Terms;
  const sell = scene.terms[route.sell] as Terms;
  if (route.edgeBps < settings.minEdgeBps)
    return { rule: 'min-edge', limit: settings.minEdgeBps, value: route.edgeBps, why: 'the edge after all costs is too small' };
  if (route.grossBps >= settings.abnormalEdgeBps)
    return { rule: 'abnormal-quote', limit: settings.abnormalEdgeBps, value: route.grossBps, why: 'the quote is too good to be true' };
  if (view.mode !== 'ACTIVE') return { rule: 'mode', limit: null, value: null, why: `trading is ${view.mode}` };
  if (view.universe !== null && !view.universe.has(coin))
    return { rule: 'universe', limit: null, value: null, why: `${coin} is not among the coins that are traded` };
  if (view.paused.has(coin)) return { rule: 'paused', limit: null, value: null, why: `${coin} is paused` };
  const trouble = troubleOf(view, buy.venue, coin) ?? troubleOf(view, sell.venue, coin);
  if (trouble !== null) return { ...trouble, limit: null, value: null };
  if (score.total < settings.minScore)
    return { rule: 'score', limit: settings.minScore, value: score.total, why: 'the score is below the threshold' };
  return inventoryRefusal(route, coin, buy, sell, facts) ?? notionalRefusal(route, coin, buy, sell);
}

/** Spot venues: what is sold must be held there, and what is bought must be paid there, beside what open trips need. */
function inventoryRefusal(route: Route, coin: string, buy: Terms, sell: Terms, { view, trips, quotes }: Facts): Refusal | null {
  const free = (venue: string, currency: string) => held(view, venue, currency) - reservedOf(trips, venue, currency, quotes);
  const coins = free(sell.venue, coin);
  if (coins < route.quantity)
    return { rule: 'inventory-base', limit: route.quantity, value: coins, why: `${sell.venue} holds too little free ${coin} to sell` };
  const cost = costOf(route);
  const funds = free(buy.venue, buy.quote);
  if (funds < cost)
    return { rule: 'inventory-quote', limit: cost, value: funds, why: `${buy.venue} holds too little free ${buy.quote} to buy` };
  return null;
}

/** Room between the worst price seen and the limit: the book moves while an order travels. */
export const ENTRY_SLACK = 0.0005;

/** What the buying leg can take at most, fee included, in the venue's own currency. */
export function costOf(route: Route): number {
  return route.quantity * route.bought.worst * (1 + ENTRY_SLACK) * (1 + route.buyFeeBps / 10_000);
}

/** Venues turn small orders away: each leg at its worst price must be worth what its venue asks for. */
function notionalRefusal(route: Route, coin: string, buy: Terms, sell: Terms): Refusal | null {
  const legs = [
    { terms: buy, price: route.bought.best },
    { terms: sell, price: route.sold.worst * (1 - ENTRY_SLACK) },
  ];
  for (const { terms, price } of legs) {
    const least = orderRulesOf(terms, `${coin}-${terms.quote}`).minNotional;
    const value = route.quantity * price;
    if (value < least) return { rule: 'min-notional', limit: least, value, why: `${terms.venue} takes no order this small` };
  }
  return null;
}

/** What speaks against one more trip in this coin, whatever its routes are worth. */
export function coinRefusal(coin: string, { trips }: Facts, restUntil: number, now: number, settings: Settings): Refusal | null {
  const open = tripsOf(trips, coin).length;
  if (open >= settings.maxTripsPerCoin)
    return { rule: 'coin-trips', limit: settings.maxTripsPerCoin, value: open, why: `as many trips are open in ${coin} as may be` };
  if (now >= restUntil) return null;
  const [limit, value] = [settings.cooldownMicros / 1000, (restUntil - now) / 1000];
  return { rule: 'cooldown', limit, value, why: `${coin} rests after a decision` };
}

/** A trip the other way round that is still open: closing it is the cheaper way. */
export function oppositeRefusal(route: Route, scene: Scene, { trips }: Facts): Refusal | null {
  const buy = (scene.terms[route.buy] as Terms).venue;
  const sell = (scene.terms[route.sell] as Terms).venue;
  const opposite = tripsOf(trips, scene.l2.coin).find((trip) => trip.buy === sell && trip.sell === buy);
  return opposite === undefined
    ? null
    : {
        rule: 'opposite-open',
        limit: null,
        value: null,
        why: `${opposite.id} is open the other way round, and closing it is the cheaper way`,
      };
}
