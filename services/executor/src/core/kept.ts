import type { DataOf } from '@arb/shared/contracts';
import { converted, type Decimal, formatDecimal, multiply, parseDecimal, placesOf, round, sign } from '@arb/shared/money';
import type { Desk } from './desk.ts';
import { bestOffer } from './fill-model.ts';
import { termsOf } from './instruments.ts';
import { quoteOf } from './trip.ts';
import { bookOf, troubleOf } from './venue-book.ts';

export type KeptLeg = Omit<NonNullable<DataOf<'kpi'>['kept']>[number], 'worth'>;

/** The newest: nobody says when a person has dealt with one. */
const MOST_KEPT = 50;

export function noteKept(legs: KeptLeg[], leg: KeptLeg): void {
  legs.push(leg);
  if (legs.length > MOST_KEPT) legs.shift();
}

/** What is kept, and what it is worth at its venue now. */
export function keptNow(desk: Desk, now: number): NonNullable<DataOf<'kpi'>['kept']> {
  return desk.kept.map((leg) => {
    const worth = worthOf(desk, leg, now);
    return { ...leg, worth: worth === null ? null : formatDecimal(round(worth, placesOf(desk.settings.numeraire))) };
  });
}

/** At the best price and before fees; null where the venue shows no good book, or no rate is known. */
function worthOf(desk: Desk, { venue, symbol, quantity }: KeptLeg, now: number): Decimal | null {
  const book = bookOf(desk.books, venue, symbol);
  if (book === undefined || troubleOf(book, desk.health.get(venue), now, desk.settings.staleMicros) !== null) return null;
  const coins = parseDecimal(quantity);
  const { lot } = termsOf(desk.instruments, venue, symbol);
  const price = sign(coins) > 0 ? bestOffer(book.bids, book.takenBids, lot) : bestOffer(book.asks, book.takenAsks, lot);
  if (price === null) return null;
  const quote = quoteOf(symbol);
  const value = multiply(coins, price);
  if (quote === desk.settings.numeraire) return value;
  const conversion = desk.conversions.get(quote);
  return conversion === undefined ? null : converted(value, conversion);
}
