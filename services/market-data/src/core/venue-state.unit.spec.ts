import { describe, expect, it } from '@jest/globals';
import { BookAges } from './book-ages.ts';
import { suspendedOf, warnedOf } from './market-status.ts';
import { stateOf, type VenueSigns } from './venue-state.ts';

const GOOD: VenueSigns = {
  now: 100_000,
  openedAt: 50_000,
  lossWhy: null,
  bookAt: 99_900,
  backupAt: null,
  faultAt: Number.NEGATIVE_INFINITY,
  faultWhy: '',
  faults: 0,
  latencyMs: 20,
  barredMs: 0,
  books: 10,
  stale: 0,
};
const state = (change: Partial<VenueSigns>) => stateOf({ ...GOOD, ...change })?.[0] ?? null;

describe('the state of a venue', () => {
  it.each<[string, Partial<VenueSigns>, string | null]>([
    ['books arrive', {}, 'HEALTHY'],
    ['it has just opened', { openedAt: 99_000, bookAt: null }, null],
    ['the first try is under way', { openedAt: null }, null],
    ['it is lost', { openedAt: null, lossWhy: 'gone' }, 'DOWN'],
    ['it is lost and REST gives books', { openedAt: null, lossWhy: 'gone', backupAt: 95_000 }, 'DEGRADED'],
    ['REST gave books long ago', { openedAt: null, lossWhy: 'gone', backupAt: 80_000 }, 'DOWN'],
    ['no book comes over a live connection', { bookAt: 94_000 }, 'FROZEN'],
    ['no book ever came', { openedAt: 94_000, bookAt: null }, 'FROZEN'],
    ['a message was bad', { faultAt: 95_000, faults: 1 }, 'DEGRADED'],
    ['messages were bad earlier', { faultAt: 80_000, faults: 9 }, 'HEALTHY'],
    ['it takes no requests', { barredMs: 1 }, 'DEGRADED'],
    ['books come late', { latencyMs: 1_001 }, 'DEGRADED'],
    ['most books are stale', { stale: 6 }, 'DEGRADED'],
    ['some books are stale', { stale: 5 }, 'HEALTHY'],
  ])('when %s', (_when, change, expected) => {
    expect(state(change)).toBe(expected);
  });
});

describe('the ages of books', () => {
  const book = (exchangeAt: number | null, receivedAt: number, epoch = 1) => ({ epoch, exchangeAt, receivedAt });

  it('count a book as stale that was not renewed', () => {
    const ages = new BookAges();
    ages.book('A', book(null, 0), 0);
    ages.book('B', book(null, 0), 4_000);
    expect(ages.at(6_000)).toMatchObject({ books: 2, stale: 1, oldestMs: 6_000 });
    ages.absent('A');
    expect(ages.at(6_000)).toMatchObject({ books: 1, stale: 0 });
  });

  it('count a book as fresh that has not changed and was confirmed, however late its last change came', () => {
    const ages = new BookAges();
    ages.book('A', book(null, 0), 0);
    ages.book('A', book(10_000_000, 10_000_000), 10_000);
    ages.book('A', book(20_000_000, 30_000_000), 30_000);
    expect(ages.at(30_000).stale).toBe(1);
    ages.confirmed('A', 33_000);
    ages.confirmed('B', 33_000);
    expect(ages.at(37_000)).toMatchObject({ books: 1, stale: 0, oldestMs: 4_000 });
  });

  it('count a book as stale that came late, but not the first of an epoch: a quiet market’s last change is old and true', () => {
    const ages = new BookAges();
    ages.book('A', book(0, 143_000_000), 0);
    expect(ages.at(0)).toMatchObject({ stale: 0, latencyMs: null });
    ages.book('A', book(100_000_000, 143_000_000), 0);
    expect(ages.at(0).stale).toBe(1);
  });

  it('say how late a book came, and not that it is old because a clock is wrong', () => {
    const ages = new BookAges();
    const late = (sentMs: number, receivedMs: number) => ages.book('A', book(sentMs * 1_000, receivedMs * 1_000), receivedMs);
    expect([late(0, 9_000), late(10_000, 10_499), late(10_000, 10_500), late(4_000, 11_000)]).toEqual([0, 0, 500, 7_000]);
    // The venue's clock ahead by 1.3 s: nothing is late, and then a delay of 1 s is.
    expect([late(13_300, 12_000), late(14_300, 14_000)]).toEqual([0, 1_000]);
    // A time that is nonsense.
    expect([late(4_000_000, 15_000), late(16_000, 16_000)]).toEqual([0, 2_000]);
  });

  it('take a receiver’s clock that lies behind the venue’s for what it is', () => {
    const ages = new BookAges();
    for (let i = 0; i < 100; i++) ages.book('A', book(2_270_000 + i * 1_000, 1_000_000 + i * 1_000 + (i % 2) * 50_000), i);
    const { latencyMs, clockBehindMs, stale } = ages.at(100);
    expect(clockBehindMs).toBe(1_270);
    expect(latencyMs).toBeGreaterThan(0);
    expect(latencyMs).toBeLessThanOrEqual(50);
    expect(stale).toBe(0);
  });

  it('forget within two minutes that the clock once was wrong', () => {
    const ages = new BookAges();
    ages.book('A', book(5_000_000, 0), 0);
    for (const now of [60_000, 120_000]) ages.book('A', book(0, 10_000), now);
    expect(ages.at(120_000).clockBehindMs).toBe(0);
  });

  it('tell how long the oldest book rests on the same snapshot', () => {
    const ages = new BookAges();
    ages.book('A', book(null, 0, 1), 0);
    ages.book('A', book(null, 0, 1), 900);
    expect(ages.at(1_000).snapshotMs).toBe(1_000);
    ages.book('A', book(null, 0, 2), 1_000);
    expect(ages.at(1_500).snapshotMs).toBe(500);
  });
});

describe('what a venue says of its coins', () => {
  const watched = new Set(['A', 'B', 'C']);

  it('suspends a coin that cannot come in or not go out by any network', () => {
    const wallets = [
      { coin: 'A', deposits: true, withdrawals: false },
      { coin: 'A', deposits: false, withdrawals: true },
      { coin: 'B', deposits: true, withdrawals: false },
      { coin: 'C', deposits: true, withdrawals: true },
      { coin: 'UNWATCHED', deposits: false, withdrawals: false },
    ];
    expect(suspendedOf(wallets, watched)).toEqual(['B']);
  });

  it('warns of a coin under a warning, halted or about to go', () => {
    expect(
      warnedOf(
        [
          { coin: 'C', state: 'closing', warnings: ['END'] },
          { coin: 'A', state: 'trading', warnings: ['WARNING'] },
          { coin: 'B', state: 'trading', warnings: [] },
          { coin: 'UNWATCHED', state: 'halted', warnings: [] },
        ],
        watched,
      ),
    ).toEqual([
      { coin: 'A', what: 'WARNING' },
      { coin: 'C', what: 'END, orders can only be cancelled' },
    ]);
  });
});
