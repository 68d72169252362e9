import { describe, expect, it } from '@jest/globals';
import { bookOf, type Levels, retire, seeBook, troubleOf, type VenueBooks } from './venue-book.ts';

function seen(
  change: { backup?: boolean; receivedAt?: number; lateMs?: number; bids?: Levels; asks?: Levels } = {},
  books: VenueBooks = new Map(),
) {
  const given = { venue: 'upbit', symbol: 'BTC-KRW', epoch: 1, sequence: 1, exchangeAt: null, receivedAt: 0, bids: [], asks: [] };
  seeBook(books, { ...given, ...change }, 1, true);
  return { books, book: bookOf(books, 'upbit', 'BTC-KRW') };
}

describe('a venue book', () => {
  it('fills nothing while it is absent, of an earlier session, a backup, frozen or stale, and says which', () => {
    const { book, books } = seen({ receivedAt: 1_000_000 });
    expect(troubleOf(undefined, undefined, 0, 5_000_000)).toBe('no book');
    expect(troubleOf(book, undefined, 6_000_000, 5_000_000)).toBeNull();
    expect(troubleOf(book, 'DEGRADED', 6_000_000, 5_000_000)).toBeNull();
    expect(troubleOf(book, undefined, 6_000_001, 5_000_000)).toBe('the book is stale: 5000 ms old, the limit is 5000 ms');
    expect(troubleOf(book, 'FROZEN', 1_000_000, 5_000_000)).toContain('FROZEN');
    expect(troubleOf(book, 'DOWN', 1_000_000, 5_000_000)).toContain('DOWN');
    retire(books);
    expect(troubleOf(book, undefined, 1_000_000, 5_000_000)).toBe('no book since the session began or went on');
    seen({ backup: true, receivedAt: 1_000_000 }, books);
    expect(troubleOf(book, undefined, 1_000_000, 5_000_000)).toContain('backup');
    seen({ receivedAt: 2_000_000 }, books);
    expect(troubleOf(book, undefined, 2_000_000, 5_000_000)).toBeNull();
  });

  it('is older than its receipt by how late it came', () => {
    const { book } = seen({ receivedAt: 4_000_000, lateMs: 3_000 });
    expect(troubleOf(book, undefined, 6_000_000, 5_000_000)).toBeNull();
    expect(troubleOf(book, undefined, 6_500_000, 5_000_000)).toBe('the book is stale: 5500 ms old, the limit is 5000 ms');
  });

  it('learns how far its mid price moves from book to book', () => {
    const { books } = seen({ bids: [[99, 1]], asks: [[101, 1]] });
    for (const mid of [101, 101]) seen({ bids: [[mid - 1, 1]], asks: [[mid + 1, 1]] }, books);
    // One move of 100 bps, then none: a sixteenth of it, less a sixteenth of that.
    expect(bookOf(books, 'upbit', 'BTC-KRW')?.volatilityBps).toBeCloseTo((100 / 16) * (15 / 16), 9);
  });
});
