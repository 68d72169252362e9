import type { DataOf } from '@arb/shared/contracts';

export type Levels = DataOf<'book'>['bids'];

/** Liquidity that own orders took at a price, and the level's size when they did. */
export interface Taken {
  readonly price: number;
  readonly size: number;
  readonly quantity: string;
}

/** A venue's newest book of one coin, less what own orders have taken from it. */
export interface VenueBook {
  position: number;
  bids: Levels;
  asks: Levels;
  takenBids: readonly Taken[];
  takenAsks: readonly Taken[];
}

export type VenueBooks = Map<string, VenueBook>;

/** More symbols than a universe has on a few venues; one more pushes out the one that came first. */
const MOST_BOOKS = 4000;
const NOTHING: readonly Taken[] = [];

export function bookKey(venue: string, symbol: string): string {
  return `${venue}/${symbol}`;
}

export function seeBook(books: VenueBooks, data: DataOf<'book'>, position: number): void {
  const key = bookKey(data.venue, data.symbol);
  const book = books.get(key);
  if (book === undefined) {
    if (books.size >= MOST_BOOKS) books.delete(books.keys().next().value as string);
    books.set(key, { position, bids: data.bids, asks: data.asks, takenBids: NOTHING, takenAsks: NOTHING });
    return;
  }
  book.position = position;
  book.bids = data.bids;
  book.asks = data.asks;
  if (book.takenBids.length > 0) book.takenBids = stillTaken(book.takenBids, data.bids);
  if (book.takenAsks.length > 0) book.takenAsks = stillTaken(book.takenAsks, data.asks);
}

/** A recorded market does not see our orders: what we took stays taken until the level shows another size. */
function stillTaken(taken: readonly Taken[], levels: Levels): readonly Taken[] {
  return taken.filter(({ price, size }) => levels.some((level) => level[0] === price && level[1] === size));
}
