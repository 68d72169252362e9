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
import { bookOf, troubleOf } from './venue-book.ts';

/** Beyond any price there is: the walk ends where the depth does. */
const ANY_PRICE = { buy: parseDecimal('1000000000000000000'), sell: parseDecimal('0.000000000000000001') };

/** What closing a trip now would make of it, or null where a venue has no good book or too little depth to tell. */
function markOf(desk: Desk, trip: Trip, now: number): Decimal | null {
  const { settings, conversions } = desk;
  let total = worthOf(trip.account, trip.coin, settings.numeraire, conversions);
  const entered = trip.legs.filter(({ phase }) => phase === 'enter');
  if (entered.length !== 2) return null;
  for (const totals of entered) {
    const worth = closingOf(desk, totals, parseDecimal(trip.quantity), now, conversions);
    if (worth === null) return null;
    total = add(total, worth);
  }
  return total;
}

/** What buying or selling back the open quantity at this leg's venue would bring, fee taken. */
function closingOf(
  desk: Desk,
  { venue, symbol, side }: LegTotals,
  quantity: Decimal,
  now: number,
  conversions: ReadonlyMap<string, Conversion>,
): Decimal | null {
  const book = bookOf(desk.books, venue, symbol);
  if (book === undefined || troubleOf(book, desk.health.get(venue), now, desk.settings.staleMicros) !== null) return null;
  const back = side === 'buy' ? 'sell' : 'buy';
  const { filled, value } = walkDepth({
    levels: back === 'buy' ? book.asks : book.bids,
    alreadyTaken: back === 'buy' ? book.takenAsks : book.takenBids,
    side: back,
    quantity,
    limit: ANY_PRICE[back],
    lot: termsOf(desk.instruments, venue, symbol).lot,
    edgeBps: 0,
    volatilityBps: 0,
  });
  if (sign(subtract(quantity, filled)) !== 0) return null;
  const fee = multiply(value, feeRateOf(desk, venue, symbol));
  const flow = subtract(back === 'buy' ? subtract(ZERO, value) : value, fee);
  const quote = quoteOf(symbol);
  if (quote === desk.settings.numeraire) return flow;
  const conversion = conversions.get(quote);
  return conversion === undefined ? null : converted(flow, conversion);
}

/** Over all open trips; those under way count as they last stood. Null where one cannot be told. */
export function unrealised(desk: Desk, now: number): string | null {
  let total = ZERO;
  for (const trip of desk.trips.values()) {
    if (sign(parseDecimal(trip.quantity)) === 0) continue;
    if (trip.phase !== null) return null;
    const mark = markOf(desk, trip, now);
    if (mark === null) return null;
    total = add(total, mark);
  }
  return formatDecimal(round(total, placesOf(desk.settings.numeraire)));
}
