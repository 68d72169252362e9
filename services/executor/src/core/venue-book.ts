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
  /** When it was received, less how late it came: what its age is counted from. */
  asOf: number;
  /** Asked for over REST because the stream is away. */
  backup: boolean;
  /** Said since the session began or went on: what was known before is not traded on. */
  live: boolean;
  bids: Levels;
  asks: Levels;
  takenBids: readonly Taken[];
  takenAsks: readonly Taken[];
  /** Only for a fill model that asks for it: the mid price, and how far it moves from book to book. */
  mid: number;
  volatilityBps: number;
}

/** By venue, then by symbol: the way of every book in the stream, so nothing is made on it. */
export type VenueBooks = Map<string, Map<string, VenueBook>>;

/** More symbols than a universe has on one venue; one more pushes out the one that came first. */
const MOST_SYMBOLS = 1000;
const NOTHING: readonly Taken[] = [];
/** Of the newest move in the mean: about the last sixteen books count. */
const NEWEST = 1 / 16;

export function seeBook(books: VenueBooks, data: DataOf<'book'>, position: number, withVolatility: boolean): void {
  let ofVenue = books.get(data.venue);
  if (ofVenue === undefined) {
    ofVenue = new Map();
    books.set(data.venue, ofVenue);
  }
  const { bids, asks } = data;
  const asOf = data.receivedAt - (data.lateMs ?? 0) * 1_000;
  const backup = data.backup === true;
  let book = ofVenue.get(data.symbol);
  if (book === undefined) {
    if (ofVenue.size >= MOST_SYMBOLS) ofVenue.delete(ofVenue.keys().next().value as string);
    book = {
      position,
      asOf,
      backup,
      live: true,
      bids,
      asks,
      takenBids: NOTHING,
      takenAsks: NOTHING,
      mid: 0,
      volatilityBps: 0,
    };
    ofVenue.set(data.symbol, book);
  } else {
    book.position = position;
    book.asOf = asOf;
    book.backup = backup;
    book.live = true;
    book.bids = bids;
    book.asks = asks;
    if (book.takenBids.length > 0) book.takenBids = stillTaken(book.takenBids, bids);
    if (book.takenAsks.length > 0) book.takenAsks = stillTaken(book.takenAsks, asks);
  }
  if (withVolatility) seeMove(book);
}

/** A recorded market does not see our orders: what we took stays taken until the level shows another size. */
function stillTaken(taken: readonly Taken[], levels: Levels): readonly Taken[] {
  return taken.filter(({ price, size }) => levels.some((level) => level[0] === price && level[1] === size));
}

function seeMove(book: VenueBook): void {
  const bid = book.bids[0]?.[0];
  const ask = book.asks[0]?.[0];
  if (bid === undefined || ask === undefined) return;
  const mid = (bid + ask) / 2;
  if (book.mid > 0) {
    const move = (Math.abs(mid - book.mid) / book.mid) * 10_000;
    book.volatilityBps += (move - book.volatilityBps) * NEWEST;
  }
  book.mid = mid;
}

export function bookOf(books: VenueBooks, venue: string, symbol: string): VenueBook | undefined {
  return books.get(venue)?.get(symbol);
}

/** Books from before a break stay for what was taken from them, and fill nothing until they are said anew. */
export function retire(books: VenueBooks): void {
  for (const ofVenue of books.values()) for (const book of ofVenue.values()) book.live = false;
}

/** Why nothing fills on this book at that time, or null: the sentence names what was waited for. */
export function troubleOf(
  book: VenueBook | undefined,
  health: DataOf<'health'>['state'] | undefined,
  at: number,
  staleMicros: number,
): string | null {
  if (book === undefined) return 'no book';
  if (!book.live) return 'no book since the session began or went on';
  if (book.backup) return 'the book is a backup over REST';
  if (health === 'FROZEN' || health === 'DOWN') return `the book is not to be trusted: the venue is ${health}`;
  const age = at - book.asOf;
  if (age > staleMicros) return `the book is stale: ${Math.round(age / 1000)} ms old, the limit is ${Math.round(staleMicros / 1000)} ms`;
  return null;
}
