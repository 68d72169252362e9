import type { DataOf, Leg } from '@arb/shared/contracts';
import { limitAt, type VenueRules } from './instruments.ts';
import type { Refusal } from './refusals.ts';
import { ENTRY_SLACK } from './refusals.ts';
import type { Route, Scene } from './route.ts';
import type { Settings } from './settings.ts';
import { priceText, quantityText } from './steps.ts';
import { orderRulesOf, type Terms } from './terms.ts';

type L2 = DataOf<'l2'>;
export type Decision = DataOf<'decision'>;
export type Numbers = Decision['numbers'];

/** Getting out matters more than the last basis points; what it really costs is the venue's book, not the limit. */
const EXIT_SLACK = 0.005;

function leg(l2: L2, place: number, side: Leg['side'], quantity: string, price: LegPrice, slack: number, terms: Terms | null): Leg {
  const { venue, symbol } = l2.venues[place] as L2['venues'][number];
  const meant = side === 'buy' ? price.worst * (1 + slack) : price.worst * (1 - slack);
  const rules: VenueRules | undefined = terms?.rules;
  const limit = terms === null ? meant : limitAt(orderRulesOf(terms, symbol), rules, side, meant);
  return { venue, symbol, side, quantity, limit: priceText(limit), expected: priceText(price.expected) };
}

interface LegPrice {
  readonly expected: number;
  readonly worst: number;
}

export function venuesOf(l2: L2, buy: number, sell: number): { buy: string; sell: string } {
  return { buy: (l2.venues[buy] as L2['venues'][number]).venue, sell: (l2.venues[sell] as L2['venues'][number]).venue };
}

/** The numbers of a route itself; what else went into a decision is added by whoever makes it. */
export function routeNumbers({ l2 }: Scene, route: Route): Numbers {
  const buy = l2.venues[route.buy] as L2['venues'][number];
  const sell = l2.venues[route.sell] as L2['venues'][number];
  return {
    quantity: route.quantity,
    buyValue: route.bought.value,
    sellValue: route.sold.value,
    buyBest: route.bought.best,
    sellBest: route.sold.best,
    buyAverage: route.bought.average,
    sellAverage: route.sold.average,
    buyWorst: route.bought.worst,
    sellWorst: route.sold.worst,
    grossBps: route.grossBps,
    buyFeeBps: route.buyFeeBps,
    sellFeeBps: route.sellFeeBps,
    afterFeesBps: route.afterFeesBps,
    fxCostBps: route.fxCostBps,
    slippageBps: route.slippageBps,
    inventoryCostBps: route.inventoryCostBps,
    edgeBps: route.edgeBps,
    lean: route.lean,
    buyRate: buy.rate,
    sellRate: sell.rate,
    buyAgeMs: buy.ageMs,
    sellAgeMs: sell.ageMs,
    buyEpoch: buy.epoch,
    sellEpoch: sell.epoch,
  };
}

export function entry(
  scene: Scene,
  route: Route,
  given: { trip: string; score: number; numbers: Numbers },
  settings: Settings,
  now: number,
): Decision {
  const { l2, terms } = scene;
  const quantity = quantityText(route.quantity);
  const price = (walk: Route['bought']): LegPrice => ({ expected: walk.average, worst: walk.worst });
  return {
    kind: 'enter',
    trip: given.trip,
    coin: l2.coin,
    route: venuesOf(l2, route.buy, route.sell),
    legs: [
      leg(l2, route.buy, 'buy', quantity, price(route.bought), ENTRY_SLACK, terms[route.buy] ?? null),
      leg(l2, route.sell, 'sell', quantity, price(route.sold), ENTRY_SLACK, terms[route.sell] ?? null),
    ],
    notional: { amount: settings.notionalText, currency: settings.numeraire },
    edgeBps: route.edgeBps,
    score: given.score,
    validUntil: now + settings.ttlMicros,
    rule: 'min-edge',
    limit: settings.minEdgeBps,
    value: route.edgeBps,
    why: 'the edge after all costs is above the threshold, and no route scores better',
    numbers: given.numbers,
  };
}

/** Where the walk could not be made (shown depth too thin), the best price known of each venue stands for it. */
export interface ExitPlan {
  readonly trip: string;
  readonly buy: number;
  readonly sell: number;
  readonly quantity: string;
  readonly bought: LegPrice;
  readonly sold: LegPrice;
  readonly edgeBps: number | null;
}

export interface Reason {
  readonly rule: string;
  readonly limit: number;
  readonly value: number | null;
  readonly why: string;
}

export function exit(scene: Scene, plan: ExitPlan, reason: Reason, numbers: Numbers, settings: Settings, now: number): Decision {
  const { l2, terms } = scene;
  return {
    kind: 'exit',
    trip: plan.trip,
    coin: l2.coin,
    route: venuesOf(l2, plan.buy, plan.sell),
    legs: [
      leg(l2, plan.buy, 'buy', plan.quantity, plan.bought, EXIT_SLACK, terms[plan.buy] ?? null),
      leg(l2, plan.sell, 'sell', plan.quantity, plan.sold, EXIT_SLACK, terms[plan.sell] ?? null),
    ],
    notional: null,
    edgeBps: plan.edgeBps,
    score: null,
    validUntil: now + settings.ttlMicros,
    ...reason,
    numbers,
  };
}

export function skip(
  coin: string,
  given: { route: Decision['route']; edgeBps: number | null; score: number | null; numbers: Numbers },
  refusal: Refusal,
  settings: Settings,
): Decision {
  return {
    kind: 'skipped',
    trip: null,
    coin,
    route: given.route,
    legs: [],
    notional: { amount: settings.notionalText, currency: settings.numeraire },
    edgeBps: given.edgeBps,
    score: given.score,
    validUntil: null,
    ...refusal,
    numbers: given.numbers,
  };
}

export function transfer(
  currency: string,
  given: {
    trip: string;
    from: string;
    to: string;
    quantity: number;
    fee: string;
    arrivesAt: number;
    value: number | null;
    rule: string;
    limit: number;
    seen: number;
    why: string;
    numbers: Numbers;
  },
  settings: Settings,
  now: number,
): Decision {
  const { from, to, arrivesAt, fee } = given;
  return {
    kind: 'rebalance',
    trip: given.trip,
    coin: currency,
    route: { buy: to, sell: from },
    legs: [],
    notional: given.value === null ? null : { amount: priceText(given.value), currency: settings.numeraire },
    edgeBps: null,
    score: null,
    validUntil: now + settings.ttlMicros,
    rule: given.rule,
    limit: given.limit,
    value: given.seen,
    why: given.why,
    numbers: given.numbers,
    transfer: { from, to, currency, quantity: quantityText(given.quantity), fee, arrivesAt },
  };
}
