import type { Json } from '@arb/shared/core';
import { CoreBench, rateOf } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { allow, begun, binance, configured, EXIT, lastPosition, upbit } from '../testing.ts';
import { make } from './index.ts';

/** As schema 1 wrote it: a trip of two coins that is open, and one with a leg under way and one to be taken back. */
const FIRST = {
  config: configured({}),
  halted: false,
  ledger: [
    [
      'upbit',
      [
        ['KRW', '1303848'],
        ['BTC', '0'],
      ],
    ],
    [
      'binance',
      [
        ['USDT', '598.599'],
        ['BTC', '6'],
      ],
    ],
  ],
  books: [
    [
      'binance/BTC-USDT',
      { position: 4, bids: [[99.5, 5]], asks: [[100, 1]], takenBids: [], takenAsks: [{ price: 100, size: 1, quantity: '1' }] },
    ],
  ],
  rates: [['KRW', { rate: '1500', position: 2 }]],
  trips: [
    {
      id: 'BTC-1',
      coin: 'BTC',
      route: { buy: 'binance', sell: 'upbit' },
      quantity: '2',
      exits: 0,
      phase: null,
      account: {
        flows: [
          ['BTC', '0'],
          ['USDT', '-200.7005'],
          ['KRW', '303848'],
        ],
        gross: '2.166666666666666667',
        fees: '0.301833333333333333',
        lastPrice: '101.333333333333333333',
      },
    },
    {
      id: 'BTC-2',
      coin: 'BTC',
      route: { buy: 'binance', sell: 'upbit' },
      quantity: '0',
      exits: 0,
      phase: {
        kind: 'enter',
        name: 'enter',
        legs: [
          {
            venue: 'binance',
            symbol: 'BTC-USDT',
            side: 'buy',
            filled: '2',
            tries: 2,
            unwinds: 1,
            working: { order: 'BTC-2-enter-0-2', side: 'sell', quantity: '2', limit: '94.525', expected: '99.5', unwinds: true },
            waiting: false,
            pausedUntil: 0,
            reason: null,
          },
          {
            venue: 'upbit',
            symbol: 'BTC-KRW',
            side: 'sell',
            filled: '0',
            tries: 1,
            unwinds: 0,
            working: null,
            waiting: false,
            pausedUntil: 0,
            reason: 'limit not reached',
          },
        ],
        verdict: 7,
        everFilled: true,
      },
      account: {
        flows: [
          ['BTC', '2'],
          ['USDT', '-200.7005'],
        ],
        gross: '-200.5',
        fees: '0.2005',
        lastPrice: '100.25',
      },
    },
  ],
};

describe('a state that the first schema saved', () => {
  it('goes on: the order under way arrives, the open trip is closed, and results are of all that was traded', () => {
    const fresh = begun();
    const bench = CoreBench.restored(
      make,
      'executor',
      JSON.stringify({ ...JSON.parse(fresh.save()), core: FIRST as unknown as Json, schema: 1 }),
    );
    bench.feed(rateOf('KRW-USDT', 1500));
    binance(bench, [[99.5, 5]], [[100, 5]]);
    upbit(bench, [[149_900, 5]], [[150_000, 5]]);
    bench.core.onTimer('arrive/BTC-2/0', contextOf(bench));
    expect(contextSaid.filter(([type]) => type === 'position').map(([, data]) => data)).toEqual([
      expect.objectContaining({ trip: 'BTC-2', state: 'UNWOUND', pnl: { amount: '-1.8995', currency: 'USDT' } }),
    ]);
    bench.feed(allow('exit', EXIT));
    bench.pass(100);
    expect(lastPosition(bench)).toMatchObject({ trip: 'BTC-1', state: 'CLOSED' });
    expect(Number(lastPosition(bench).pnl?.amount)).toBeCloseTo((303_848 - 300_150) / 1500 - 200.7005 + 199 - 0.199, 6);
  });
});

const contextSaid: [string, unknown][] = [];
/** The timer was set by the core that saved the state: here it is called by hand. */
function contextOf(bench: CoreBench) {
  return {
    session: bench.session,
    now: bench.now,
    position: bench.position,
    emit: (type: string, _: unknown, data: unknown) => contextSaid.push([type, data]),
    setTimer: () => {},
    clearTimer: () => {},
    draw: () => 0,
  } as never as Parameters<CoreBench['core']['onTimer']>[1];
}
