import type { DataOf, Leg } from '@arb/shared/contracts';
import { formatDecimal, fromNumber } from '@arb/shared/money';
import type { Route } from './route.ts';
import type { Settings } from './settings.ts';

type L2 = DataOf<'l2'>;
export type Decision = DataOf<'decision'>;

/** Room between the worst price seen and the limit: the book moves while an order travels. */
const ENTRY_SLACK = 0.0005;
/** Getting out matters more than the last basis points; what it really costs is the venue's book, not the limit. */
const EXIT_SLACK = 0.005;

/** At most 12 significant digits, as text. */
function priceText(price: number): string {
  return formatDecimal(fromNumber(Number(price.toPrecision(12))));
}

export function quantityText(quantity: number): string {
  return formatDecimal(fromNumber(quantity));
}

function leg(l2: L2, place: number, side: Leg['side'], quantity: string, worst: number, expected: number, slack: number): Leg {
  const { venue, symbol } = l2.venues[place] as L2['venues'][number];
  const limit = side === 'buy' ? worst * (1 + slack) : worst * (1 - slack);
  return { venue, symbol, side, quantity, limit: priceText(limit), expected: priceText(expected) };
}

export function venuesOf(l2: L2, buy: number, sell: number): { buy: string; sell: string } {
  return { buy: (l2.venues[buy] as L2['venues'][number]).venue, sell: (l2.venues[sell] as L2['venues'][number]).venue };
}

/** The numbers behind a route, for `why`. */
export function numbersOf(l2: L2, route: Route, settings: Settings): Decision['numbers'] {
  const { buy, sell } = venuesOf(l2, route.buy, route.sell);
  return {
    quantity: route.quantity,
    buyValue: route.bought.value,
    sellValue: route.sold.value,
    buyAverage: route.bought.average,
    sellAverage: route.sold.average,
    buyWorst: route.bought.worst,
    sellWorst: route.sold.worst,
    buyFeeBps: settings.feeBps.get(buy) ?? null,
    sellFeeBps: settings.feeBps.get(sell) ?? null,
    buyRate: (l2.venues[route.buy] as L2['venues'][number]).rate,
    sellRate: (l2.venues[route.sell] as L2['venues'][number]).rate,
    buyAgeMs: (l2.venues[route.buy] as L2['venues'][number]).ageMs,
    sellAgeMs: (l2.venues[route.sell] as L2['venues'][number]).ageMs,
  };
}

export function entry(l2: L2, route: Route, trip: string, settings: Settings, now: number): Decision {
  const quantity = quantityText(route.quantity);
  return {
    kind: 'enter',
    trip,
    coin: l2.coin,
    route: venuesOf(l2, route.buy, route.sell),
    legs: [
      leg(l2, route.buy, 'buy', quantity, route.bought.worst, route.bought.average, ENTRY_SLACK),
      leg(l2, route.sell, 'sell', quantity, route.sold.worst, route.sold.average, ENTRY_SLACK),
    ],
    notional: { amount: settings.notionalText, currency: settings.numeraire },
    edgeBps: route.edgeBps,
    score: null,
    validUntil: now + settings.ttlMicros,
    rule: 'min-edge',
    limit: settings.minEdgeBps,
    value: route.edgeBps,
    why: 'the edge after both fees is above the threshold',
    numbers: numbersOf(l2, route, settings),
  };
}

/** Where the walk could not be made (shown depth too thin), `price` is the best one known of each venue. */
export interface ExitPrices {
  readonly buy: number;
  readonly buyWorst: number;
  readonly sell: number;
  readonly sellWorst: number;
}

export function exit(
  l2: L2,
  given: { trip: string; buy: number; sell: number; quantity: string; prices: ExitPrices; reverse: Route | null },
  reason: { rule: string; limit: number; value: number | null; why: string },
  settings: Settings,
  now: number,
): Decision {
  const { trip, buy, sell, quantity, prices, reverse } = given;
  return {
    kind: 'exit',
    trip,
    coin: l2.coin,
    route: venuesOf(l2, buy, sell),
    legs: [
      leg(l2, buy, 'buy', quantity, prices.buyWorst, prices.buy, EXIT_SLACK),
      leg(l2, sell, 'sell', quantity, prices.sellWorst, prices.sell, EXIT_SLACK),
    ],
    notional: null,
    edgeBps: reverse === null ? null : reverse.edgeBps,
    score: null,
    validUntil: now + settings.ttlMicros,
    ...reason,
    numbers: reverse === null ? {} : numbersOf(l2, reverse, settings),
  };
}

export function skip(
  l2: L2,
  route: Route | null,
  settings: Settings,
  reason: { rule: string; limit: number | null; value: number | null; why: string },
): Decision {
  return {
    kind: 'skipped',
    trip: null,
    coin: l2.coin,
    route: route === null ? null : venuesOf(l2, route.buy, route.sell),
    legs: [],
    notional: { amount: settings.notionalText, currency: settings.numeraire },
    edgeBps: route === null ? null : route.edgeBps,
    score: null,
    validUntil: null,
    ...reason,
    numbers: route === null ? {} : numbersOf(l2, route, settings),
  };
}
