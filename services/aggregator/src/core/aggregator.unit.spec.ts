import type { DataOf } from '@arb/shared/contracts';
import {
  bookOf,
  CoreBench,
  type Input,
  input,
  livedAndRestored,
  randomSequence,
  rateOf,
  started,
  TEST_CONFIG,
} from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { make } from './index.ts';

function begun(config = TEST_CONFIG): CoreBench {
  const bench = new CoreBench(make, 'aggregator');
  bench.feed(started(config));
  return bench;
}

function newest(bench: CoreBench): DataOf<'l2'> {
  return bench.said('l2').at(-1)?.data as DataOf<'l2'>;
}

function states(bench: CoreBench): string[] {
  return newest(bench).venues.map(({ state }) => state);
}

const ladder = (from: number, step: number, count: number): [number, number][] =>
  Array.from({ length: count }, (_, i) => [from + i * step, 1]);

/** Where a script is cut: often enough to meet every state. */
const CUTS = [1, 2, ...Array.from({ length: 60 }, (_, i) => 3 + i * 23)];

describe('aggregator', () => {
  it('never compares won with dollars: 133,722,000 KRW lies below 89,304.96 USDT at 1,500 KRW', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [[133_750_000, 0.25]], bench.now));
    bench.feed(bookOf('binance', 'BTC-USDT', [[89_304.96, 0.1]], [[89_305.5, 0.2]], bench.now));
    expect(newest(bench)).toMatchObject({
      coin: 'BTC',
      numeraire: 'USDT',
      bids: [
        [89_304.96, 0.1, 1, 89_304.96],
        [89_148, 0.5, 0, 133_722_000],
      ],
      asks: [
        [89_166.6666667, 0.25, 0, 133_750_000],
        [89_305.5, 0.2, 1, 89_305.5],
      ],
    });
  });

  it('has no place for a venue whose currency has no rate yet, and gives it one with the next book after the rate', () => {
    const bench = begun();
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [[133_750_000, 0.25]], bench.now));
    expect(states(bench)).toEqual(['absent', 'absent']);
    expect(newest(bench).bids).toEqual([]);
    expect(newest(bench).venues[0]?.rate).toBeNull();
    expect(bench.feed(rateOf('KRW-USDT', 1500))).toEqual([]);
    bench.feed(bookOf('binance', 'BTC-USDT', [[89_000, 1]], [[89_001, 1]], bench.now));
    expect(states(bench)).toEqual(['fresh', 'fresh']);
    expect(newest(bench).venues[0]?.rate).toBe(1 / 1500);
  });

  it('rests on the newest book of each venue and the rate', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    const [said] = bench.feed(bookOf('binance', 'BTC-USDT', [[89_000, 1]], [], bench.now));
    expect([said?.cause, said?.basis]).toEqual([4, [3, 2]]);
  });

  it('drops a venue that falls silent without waiting for another book, and takes it back with its next one', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    bench.pass(5000);
    bench.feed(bookOf('binance', 'BTC-USDT', [[89_000, 1]], [], bench.now));
    expect(states(bench)).toEqual(['fresh', 'fresh']);
    const [said] = bench.pass(1);
    expect(said?.type).toBe('l2');
    expect(states(bench)).toEqual(['stale', 'fresh']);
    expect(newest(bench).bids.map(([, , venue]) => venue)).toEqual([1]);
    expect(bench.pass(100)).toEqual([]);
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    expect(states(bench)).toEqual(['fresh', 'fresh']);
  });

  it('has no place for a venue whose book was taken back, and gives it one with the next epoch', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [[133_750_000, 0.25]], bench.now));
    bench.feed(bookOf('binance', 'BTC-USDT', [[89_000, 1]], [[89_001, 1]], bench.now));
    const [said] = bench.feed(bookOf('binance', 'BTC-USDT', [], [], bench.now));
    expect(states(bench)).toEqual(['fresh', 'absent']);
    expect(newest(bench).bids.map(([, , venue]) => venue)).toEqual([0]);
    expect([newest(bench).venues[1]?.epoch, said?.basis.length]).toEqual([1, 2]);
    bench.feed(bookOf('binance', 'BTC-USDT', [[89_000, 1]], [], bench.now));
    expect(states(bench)).toEqual(['fresh', 'fresh']);
  });

  it('has no place for a venue whose rate is only said again, its sources having grown old', () => {
    const bench = begun();
    const sources = [
      { source: 'upbit', rate: 1500, ageMs: 58_000, used: true },
      { source: 'bank', rate: 1500, ageMs: 100, used: false },
    ];
    bench.feed(input('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate: 1500, tier: 'single', sources }, bench.now));
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    expect(states(bench)[0]).toBe('fresh');
    bench.pass(2000);
    expect(bench.pass(1).map(({ type }) => type)).toEqual(['l2']);
    expect(states(bench)[0]).toBe('absent');
  });

  it('counts from when a book was true, not from when it came', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    const book = bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now);
    bench.feed({ ...book, data: { ...book.data, lateMs: 6_000 } });
    expect(newest(bench)).toMatchObject({ bids: [], venues: [{ state: 'stale', ageMs: 6_000 }, {}] });
    bench.feed({ ...book, data: { ...book.data, lateMs: 4_000 } });
    expect(newest(bench).venues[0]).toMatchObject({ state: 'fresh', ageMs: 4_000 });
    bench.pass(1_000);
    expect(bench.pass(1).map(({ type }) => type)).toEqual(['l2']);
    expect(states(bench)).toEqual(['stale', 'absent']);
  });

  it('shows at most 20 levels a side, in order, and of each fresh venue the top of its book even at a premium', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1000));
    bench.feed(bookOf('upbit', 'BTC-KRW', ladder(110_000, -10, 30), ladder(110_010, 10, 30), bench.now));
    bench.feed(bookOf('binance', 'BTC-USDT', ladder(100, -0.01, 30), ladder(100.01, 0.01, 30), bench.now));
    const { bids, asks } = newest(bench);
    const venuesOn = (side: DataOf<'l2'>['asks']) =>
      [0, 1].map((venue) => side.filter((level) => level[2] === venue).map((level) => level[3]));
    expect(asks.map(([price]) => price)).toEqual([...asks.map(([price]) => price)].sort((a, b) => a - b));
    expect(venuesOn(asks)).toEqual([ladder(110_010, 10, 6).map(([p]) => p), ladder(100.01, 0.01, 14).map(([p]) => p)]);
    expect(venuesOn(bids)).toEqual([ladder(110_000, -10, 13).map(([p]) => p), ladder(100, -0.01, 7).map(([p]) => p)]);
  });

  it('takes nothing over from the session before but waits for new books and rates', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    bench.enter('s2');
    bench.feed(started(TEST_CONFIG, { parent: { session: 's1', position: 3, reason: 'handover' } }));
    const [said] = bench.feed(bookOf('binance', 'BTC-USDT', [[89_000, 1]], [], bench.now));
    expect(states(bench)).toEqual(['absent', 'fresh']);
    expect(said?.basis).toEqual([]);
  });

  it('ignores a venue or a quote currency that the session does not name', () => {
    const bench = begun();
    expect(bench.feed(bookOf('bithumb', 'BTC-KRW', [[1, 1]], [], bench.now))).toEqual([]);
    expect(bench.feed(bookOf('upbit', 'BTC-USDT', [[1, 1]], [], bench.now))).toEqual([]);
  });

  it('shows a book that was only asked for as stale, and says that it is one', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    const book = bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now);
    bench.feed({ ...book, data: { ...book.data, backup: true } });
    expect(newest(bench)).toMatchObject({ bids: [], venues: [{ state: 'stale', backup: true }, { state: 'absent' }] });
    bench.feed(book);
    expect(newest(bench).venues[0]).toEqual({ venue: 'upbit', symbol: 'BTC-KRW', state: 'fresh', epoch: 1, ageMs: 0, rate: 1 / 1500 });
  });

  it('lets a venue go with the rate it is converted by, and takes it back with a new one', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    for (let i = 0; i < 60; i++) {
      bench.pass(1_000);
      bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    }
    expect(states(bench)).toEqual(['fresh', 'absent']);
    expect(bench.pass(1).map(({ type }) => type)).toEqual(['l2']);
    expect(newest(bench)).toMatchObject({ bids: [], venues: [{ state: 'absent' }, {}] });
    bench.feed(rateOf('KRW-USDT', 1501));
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    expect(states(bench)).toEqual(['fresh', 'absent']);
  });

  it('converts what is quoted in coins and over a currency between, and rests on every rate it took', () => {
    const venues = [
      { name: 'upbit', quote: 'BTC' },
      { name: 'bithumb', quote: 'KRW' },
      { name: 'bybit', quote: 'ETH' },
      { name: 'binance', quote: 'USDT' },
    ];
    const bench = begun({ ...TEST_CONFIG, market: { ...TEST_CONFIG.market, venues } });
    bench.feed({ ...rateOf('BTC-USDT', 1 / 80_000) });
    bench.feed({ ...rateOf('KRW-USD', 1400) });
    bench.feed({ ...rateOf('USDT-USD', 0.99) });
    bench.feed({ ...rateOf('USDT-ETH', 4000) });
    bench.feed(bookOf('upbit', 'XRP-BTC', [[0.00003, 100]], [], bench.now));
    bench.feed(bookOf('bithumb', 'XRP-KRW', [[3500, 100]], [], bench.now));
    bench.feed(bookOf('bybit', 'XRP-ETH', [[0.0006, 100]], [], bench.now));
    const [said] = bench.feed(bookOf('binance', 'XRP-USDT', [[2.45, 100]], [], bench.now));
    // 3,500 KRW are 2.5 USD, and those 2.475 USDT.
    expect(newest(bench).bids).toEqual([
      [2.475, 100, 1, 3500],
      [2.45, 100, 3, 2.45],
      [2.4, 100, 0, 0.00003],
      [2.4, 100, 2, 0.0006],
    ]);
    expect([...(said?.basis ?? [])].sort((a, b) => Number(a) - Number(b))).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it('counts merges with all, some and none of the venues, and says so once a second', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    const krw = () => bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    krw();
    expect(newest(bench).statistics).toEqual({ aggregations: 1, allActive: 0, someActive: 1, noneActive: 0 });
    bench.feed(bookOf('binance', 'BTC-USDT', [[89_000, 1]], [], bench.now));
    expect(newest(bench).statistics).toBeUndefined();
    bench.pass(5_001);
    expect(newest(bench).statistics).toEqual({ aggregations: 3, allActive: 1, someActive: 1, noneActive: 1 });
    bench.pass(1_000);
    krw();
    expect(newest(bench).statistics).toEqual({ aggregations: 4, allActive: 1, someActive: 2, noneActive: 1 });
  });

  it('merges nothing from before a break in the session', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1500));
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    bench.feed(input('session.resumed', [], { boot: 'abcdefgh', term: 2 }));
    bench.feed(bookOf('binance', 'BTC-USDT', [[89_000, 1]], [], bench.now));
    expect(states(bench)).toEqual(['absent', 'fresh']);
    expect(bench.pass(4_999)).toEqual([]);
    bench.feed(bookOf('upbit', 'BTC-KRW', [[133_722_000, 0.5]], [], bench.now));
    expect(states(bench)).toEqual(['fresh', 'fresh']);
  });

  it('goes on from a snapshot as if it had never stopped', () => {
    const random = randomSequence('aggregator');
    const script: Input[] = [started()];
    let at = 1_700_000_000_000_000;
    for (let i = 0; i < 600; i++) {
      at += Math.floor(random() * 400_000);
      const coin = ['BTC', 'ETH', '1INCH'][Math.floor(random() * 3)] as string;
      const price = 100 + random();
      if (random() < 0.2) script.push(input('clock', [], { fill: 0, committed: 0, committedAt: null }, at));
      else if (random() < 0.02) script.push(input('session.resumed', [], { boot: 'abcdefgh', term: 2 }, at));
      else if (random() < 0.05) script.push({ ...rateOf('KRW-USDT', 1400 + random() * 100), at });
      else if (random() < 0.1) script.push(bookOf('binance', `${coin}-USDT`, ladder(price, -0.1, 25), ladder(price, 0.1, 25), at));
      else if (random() < 0.5) script.push(bookOf('upbit', `${coin}-KRW`, ladder(price * 1450, -10, 25), ladder(price * 1451, 10, 25), at));
    }
    const { lived, restored, emitted } = livedAndRestored(make, 'aggregator', script, CUTS);
    expect(emitted.length).toBeGreaterThan(50);
    expect(restored).toBe(lived);
  });
});
