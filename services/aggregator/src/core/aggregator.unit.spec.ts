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

  it('shows at most 20 levels a side, in order, and of each fresh venue the top of its book even at a premium', () => {
    const bench = begun();
    bench.feed(rateOf('KRW-USDT', 1000));
    bench.feed(bookOf('upbit', 'BTC-KRW', ladder(110_000, -10, 30), ladder(110_010, 10, 30), bench.now));
    bench.feed(bookOf('binance', 'BTC-USDT', ladder(100, -0.01, 30), ladder(100.01, 0.01, 30), bench.now));
    const { bids, asks } = newest(bench);
    const venuesOn = (side: DataOf<'l2'>['asks']) =>
      [0, 1].map((venue) => side.filter((level) => level[2] === venue).map((level) => level[3]));
    expect(asks.map(([price]) => price)).toEqual([...asks.map(([price]) => price)].sort((a, b) => a - b));
    expect(venuesOn(asks)).toEqual([ladder(110_010, 10, 5).map(([p]) => p), ladder(100.01, 0.01, 15).map(([p]) => p)]);
    expect(venuesOn(bids)).toEqual([ladder(110_000, -10, 15).map(([p]) => p), ladder(100, -0.01, 5).map(([p]) => p)]);
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

  it('goes on from a snapshot as if it had never stopped', () => {
    const random = randomSequence('aggregator');
    const script: Input[] = [started()];
    let at = 1_700_000_000_000_000;
    for (let i = 0; i < 600; i++) {
      at += Math.floor(random() * 400_000);
      const coin = ['BTC', 'ETH', '1INCH'][Math.floor(random() * 3)] as string;
      const price = 100 + random();
      if (random() < 0.2) script.push(input('clock', [], { fill: 0, committed: 0, committedAt: null }, at));
      else if (random() < 0.05) script.push({ ...rateOf('KRW-USDT', 1400 + random() * 100), at });
      else if (random() < 0.1) script.push(bookOf('binance', `${coin}-USDT`, ladder(price, -0.1, 25), ladder(price, 0.1, 25), at));
      else if (random() < 0.5) script.push(bookOf('upbit', `${coin}-KRW`, ladder(price * 1450, -10, 25), ladder(price * 1451, 10, 25), at));
    }
    const { lived, restored, emitted } = livedAndRestored(make, 'aggregator', script, CUTS);
    expect(emitted.length).toBeGreaterThan(50);
    expect(restored).toBe(lived);
  });
});
