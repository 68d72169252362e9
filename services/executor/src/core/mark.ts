import {
  add,
  type Conversion,
  converted,
  type Decimal,
  formatDecimal,
  multiply,
  parseDecimal,
  placesOf,
  round,
  sign,
  subtract,
  ZERO,
} from '@arb/shared/money';
import { worthOf } from './attribution.ts';
import type { Desk } from './desk.ts';
import { walkDepth } from './fill-model.ts';
import { termsOf } from './instruments.ts';
import { feeRateOf } from './order.ts';
import { type LegTotals, quoteOf, type Trip } from './trip.ts';
import { bookOf, type Taken, troubleOf } from './venue-book.ts';

/** Beyond any price there is: the walk ends where the depth does. */
const ANY_PRICE = { buy: parseDecimal('1000000000000000000'), sell: parseDecimal('0.000000000000000001') };

/** What marking the trips before has taken already, by venue and symbol: two trips cannot be closed on the same depth. */
type Marked = Map<string, { bids: readonly Taken[]; asks: readonly Taken[] }>;

/** What closing a trip now would make of it, or null where a venue has no good book or too little depth to tell. */
function markOf(desk: Desk, trip: Trip, marked: Marked, now: number): Decimal | null {
  const { settings, conversions } = desk;
  let total = worthOf(trip.account, trip.coin, settings.numeraire, conversions);
  const entered = trip.legs.filter(({ phase }) => phase === 'enter');
  if (entered.length !== 2) return null;
  for (const totals of entered) {
    const worth = closingOf(desk, totals, leftAt(trip, totals), marked, now, conversions);
    if (worth === null) return null;
    total = add(total, worth);
  }
  return total;
}

/** What is still to be bought or sold back at this leg's venue: what is open, less what an exit under way has done of it. */
function leftAt({ quantity, phase }: Trip, { venue }: LegTotals): Decimal {
  const filled = parseDecimal(phase?.legs.find((leg) => leg.venue === venue)?.filled ?? '0');
  return phase?.kind === 'enter' ? filled : subtract(parseDecimal(quantity), filled);
}

/** What buying or selling back the quantity at this leg's venue would bring, fee taken. */
function closingOf(
  desk: Desk,
  { venue, symbol, side }: LegTotals,
  quantity: Decimal,
  marked: Marked,
  now: number,
  conversions: ReadonlyMap<string, Conversion>,
): Decimal | null {
  if (sign(quantity) === 0) return ZERO;
  const book = bookOf(desk.books, venue, symbol);
  if (book === undefined || troubleOf(book, desk.health.get(venue), now, desk.settings.staleMicros) !== null) return null;
  const back = side === 'buy' ? 'sell' : 'buy';
  const place = `${venue} ${symbol}`;
  const before = marked.get(place) ?? { bids: book.takenBids, asks: book.takenAsks };
  const { filled, value, taken } = walkDepth({
    levels: back === 'buy' ? book.asks : book.bids,
    alreadyTaken: back === 'buy' ? before.asks : before.bids,
    side: back,
    quantity,
    limit: ANY_PRICE[back],
    lot: termsOf(desk.instruments, venue, symbol).lot,
    edgeBps: 0,
    volatilityBps: 0,
  });
  if (sign(subtract(quantity, filled)) !== 0) return null;
  marked.set(place, back === 'buy' ? { ...before, asks: taken } : { ...before, bids: taken });
  const fee = multiply(value, feeRateOf(desk, venue, symbol));
  const flow = subtract(back === 'buy' ? subtract(ZERO, value) : value, fee);
  const quote = quoteOf(symbol);
  if (quote === desk.settings.numeraire) return flow;
  const conversion = conversions.get(quote);
  return conversion === undefined ? null : converted(flow, conversion);
}

/** Over all trips that hold something, also on one leg alone. Null where one cannot be told. */
export function unrealised(desk: Desk, now: number): string | null {
  let total = ZERO;
  const marked: Marked = new Map();
  for (const trip of desk.trips.values()) {
    if (trip.account.flows.length === 0) continue;
    const mark = markOf(desk, trip, marked, now);
    if (mark === null) return null;
    total = add(total, mark);
  }
  return formatDecimal(round(total, placesOf(desk.settings.numeraire)));
}
