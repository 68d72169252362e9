import type { StrategyConfig } from '@arb/shared/core';
import { CoreBench, input, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { begun, DEAR_UPBIT, decided, exits, fill, l2, position, trip } from '../testing.ts';
import { make } from './index.ts';

/** Bought 5 for 500 USDT at binance, sold them for 753,825 KRW (502.55 USDT) at upbit; fees 0.50 and 376.9125 KRW (0.251275). */
function opened(change: Partial<StrategyConfig> = {}): CoreBench {
  const bench = begun({ exitEdgeBps: -10_000, ...change });
  bench.feed(DEAR_UPBIT);
  bench.feed(fill(trip(1), 'binance', 'buy', '500', '0.5', 0, '4.99950004'));
  bench.feed(fill(trip(1), 'upbit', 'sell', '753825', '376.9125', 0, '4.99950004'));
  bench.feed(position(trip(1), 'OPEN', '4.99950004'));
  return bench;
}

/** What the trip has brought so far, by the fills above. */
const CASH = 502.55 - 0.251275 - 500 - 0.5;

describe('a trip that older code left open', () => {
  it('goes on in the session after it, and its time limit with it', () => {
    const config = { strategy: { notional: '500', feeBps: { upbit: 5, binance: 10 } } };
    const trip = { id: 'BTC-7', buy: 'binance', sell: 'upbit', quantity: '4', phase: 'open', entryEdgeBps: 20, due: null, retryAt: 0 };
    const { core: _, ...around } = JSON.parse(begun().save()) as { core: unknown };
    const view = { health: [], balances: [['upbit', [['KRW', 1]]]], paused: [], rates: [] };
    const old = { config: { ...TEST_CONFIG, ...config }, trips: 7, coins: [['BTC', trip, 0, []]], view };
    const timers = [{ id: 'hold/BTC', at: begun().now + 1_000_000, created: 0 }];
    const bench = CoreBench.restored(make, 'strategy', JSON.stringify({ ...around, timers, core: old, schema: 1 }));
    bench.enter('s2');
    bench.feed(started(undefined, { parent: { session: 's1', position: 9, reason: 'handover' } }));
    expect(exits(bench.feed(DEAR_UPBIT))).toEqual([]);
    bench.pass(1_000);
    expect(exits(bench.feed(DEAR_UPBIT))).toMatchObject([
      { trip: 'BTC-7', rule: 'max-hold', legs: [{ quantity: '4' }, { quantity: '4' }] },
    ]);
  });
});

describe('an open trip', () => {
  it('is closed with the profit aimed at, counted from its fills and the whole way back', () => {
    const bench = opened({ takeProfitBps: 20 });
    const back = l2([100, 100.01], [100.05, 100.06]);
    const { rule, value, numbers, legs } = decided(bench, back);
    const quantity = 4.99950004;
    const reverse = quantity * 100.05 * 0.999 - quantity * 100.01 * 1.0005;
    expect(rule).toBe('take-profit');
    expect(value).toBeCloseTo(((CASH + reverse) / (quantity * 100.01)) * 10_000, 3);
    expect(numbers).toMatchObject({ profitBps: value, heldSeconds: 0, entryEdgeBps: expect.any(Number) });
    expect(legs.map(({ venue, side, quantity }) => [venue, side, quantity])).toEqual([
      ['upbit', 'buy', '4.99950004'],
      ['binance', 'sell', '4.99950004'],
    ]);
  });

  it('is closed at the loss that is allowed, not before', () => {
    const bench = opened({ stopLossBps: 60 });
    expect(exits(bench.feed(l2([100.51, 100.52], [100, 100.01])))).toEqual([]);
    const [exit] = exits(bench.feed(l2([101.2, 101.21], [100, 100.01])));
    expect(exit).toMatchObject({ rule: 'stop-loss', limit: -60 });
    expect(exit?.value).toBeLessThanOrEqual(-60);
  });

  /** Five bought for 500 USDT, four sold for 603,060 KRW (402.04 USDT), or the other way round. */
  it.each([
    ['bought', '5', '4'],
    ['sold', '4', '5'],
  ])('does not count as lost what of the coins %s it keeps as stock', (_, bought, sold) => {
    const bench = begun({ exitEdgeBps: -10_000, stopLossBps: 60 });
    bench.feed(DEAR_UPBIT);
    bench.feed(fill(trip(1), 'binance', 'buy', String(100 * Number(bought)), '0.5', 0, bought));
    bench.feed(fill(trip(1), 'upbit', 'sell', String(150_765 * Number(sold)), '376.9125', 0, sold));
    bench.feed(position(trip(1), 'OPEN', '4'));
    expect(exits(bench.feed(DEAR_UPBIT))).toEqual([]);
    bench.pass(20_000);
    const { numbers } = decided(bench, DEAR_UPBIT);
    const cash = 402.04 - 400 - 0.5 - 0.251275;
    const reverse = 4 * 100 * 0.999 - 4 * 100.52 * 1.0005;
    expect(numbers.profitBps).toBeCloseTo(((cash + reverse) / (100.01 * 4)) * 10_000, 3);
  });

  it('does not count as lost what an exit that filled on one side keeps as stock', () => {
    const bench = opened({ stopLossBps: 60 });
    bench.pass(20_000);
    expect(decided(bench, DEAR_UPBIT).kind).toBe('exit');
    bench.feed(fill(trip(1), 'upbit', 'buy', '300000', '150', 0, '2'));
    bench.feed(fill(trip(1), 'binance', 'sell', '100', '0.1', 0, '1'));
    bench.feed(position(trip(1), 'OPEN', '3.99950004'));
    bench.pass(1000);
    // One coin bought for 150,000 KRW is kept; of the other the way back has been paid.
    const quantity = 3.99950004;
    const cash = CASH - 0.1 - 0.1 - 100 + 100;
    const reverse = quantity * 100 * 0.999 - quantity * 100.52 * 1.0005;
    const { numbers } = decided(bench, DEAR_UPBIT);
    expect(numbers.profitBps).toBeCloseTo(((cash + reverse) / (4.99950004 * 100.01)) * 10_000, 3);
  });

  it('is not closed at a loss on a quote too bad to be true', () => {
    const bench = opened({ stopLossBps: 60 });
    expect(exits(bench.feed(l2([110, 110.01], [100, 100.01])))).toEqual([]);
  });

  it('is closed when the spread has turned, whatever it has brought', () => {
    const bench = opened({ exitEdgeBps: 2, takeProfitBps: 10_000 });
    expect(decided(bench, l2([100, 100.01], [100.16, 100.17]))).toMatchObject({ rule: 'spread-reversal', limit: 2 });
  });

  it('is closed when its time is over, and says how long it was held', () => {
    const bench = opened();
    expect(exits(bench.feed(DEAR_UPBIT))).toEqual([]);
    bench.pass(20_000);
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'max-hold', limit: 20, numbers: { heldSeconds: 20 } });
  });

  it('stays open while no order may leave, and is closed as soon as one may', () => {
    const bench = opened();
    bench.pass(20_000);
    bench.feed(input('command', ['halt'], { id: '1', by: 'me', why: '' }));
    expect(exits(bench.feed(DEAR_UPBIT))).toEqual([]);
    bench.feed(input('command', ['reduce-only'], { id: '2', by: 'me', why: '' }));
    expect(exits(bench.feed(DEAR_UPBIT)).length).toBe(1);
  });

  it('is closed at the best price known where the books show too little for all of it', () => {
    const bench = opened();
    bench.pass(20_000);
    const thin = l2([100, 100.01], [100, 100.01], { asks: [[100.01, 1, 0, 150_015]] });
    expect(decided(bench, thin)).toMatchObject({ rule: 'max-hold', edgeBps: null, legs: [{ expected: '150015' }, { expected: '100' }] });
  });
});
