import type { StrategyConfig } from '@arb/shared/core';
import { CoreBench, input, rateOf, started } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { balances, begun, blocked, DEAR_UPBIT, decisions, FLAT, health, l2, position, trip, withStrategy } from '../testing.ts';
import { make } from './index.ts';

const BY_IMBALANCE: Partial<StrategyConfig> = {
  rebalanceImbalance: 0.3,
  rebalanceExposure: 0.8,
  rebalanceSeconds: 300,
  transfers: {
    BTC: { seconds: 60, fee: '0.0002', minimum: '0.01' },
    USDT: { seconds: 120, fee: '1', minimum: '10' },
  },
};

/** The mid price is 100 USDT. */
function holding(upbit: Record<string, string>, binance: Record<string, string>, change: Partial<StrategyConfig> = {}): CoreBench {
  const bench = begun({ ...BY_IMBALANCE, ...change });
  bench.feed(balances('upbit', upbit));
  bench.feed(balances('binance', binance));
  return bench;
}

const KRW = '50000000';
const USDT = '40000';
const moves = (bench: CoreBench) =>
  decisions(bench.feed(FLAT)).filter(({ kind, rule }) => kind === 'rebalance' || rule?.startsWith('rebalance'));

describe('inventory', () => {
  it('is sent from where a coin lies too much to where it is missing, half of the difference', () => {
    const bench = holding({ KRW, BTC: '20' }, { USDT, BTC: '80' });
    const [move] = moves(bench);
    expect(move).toMatchObject({
      kind: 'rebalance',
      trip: trip(1),
      route: { buy: 'upbit', sell: 'binance' },
      legs: [],
      rule: 'imbalance',
      limit: 0.3,
      value: 0.6,
      notional: { amount: '3000.15', currency: 'USDT' },
      transfer: { from: 'binance', to: 'upbit', currency: 'BTC', quantity: '30', fee: '0.0002', arrivesAt: bench.now + 60_000_000 },
    });
    expect(move?.why).toMatch(/^BUY_A_SELL_B: /);
  });

  it.each([
    ['35', '65', 1],
    ['36', '64', 0],
    ['64', '36', 0],
    ['65', '35', 1],
  ])('of %s and %s is moved %d times: the limit is 30 %%', (upbit, binance, times) => {
    expect(moves(holding({ KRW, BTC: upbit }, { USDT, BTC: binance })).length).toBe(times);
  });

  it('is sent away where hardly anything but the coin is left', () => {
    const bench = holding({ KRW: '150000', BTC: '52' }, { USDT, BTC: '48' });
    expect(moves(bench)).toMatchObject([{ rule: 'exposure', limit: 0.8, transfer: { from: 'upbit', to: 'binance', quantity: '2' } }]);
  });

  it('is not sent again before the first lot has arrived and been seen', () => {
    const bench = holding({ KRW, BTC: '20' }, { USDT, BTC: '80' });
    expect(moves(bench).length).toBe(1);
    bench.pass(359_900);
    expect(moves(bench)).toEqual([]);
    bench.pass(100);
    expect(moves(bench)).toMatchObject([{ trip: trip(2) }]);
  });

  it.each([
    ['refused', blocked(trip(1))],
    ['not carried out', position(trip(1), 'FAILED', '0')],
  ])('that was %s is asked for again after a rest', (_, answer) => {
    const bench = holding({ KRW, BTC: '20' }, { USDT, BTC: '80' });
    moves(bench);
    bench.feed(answer);
    bench.pass(299_900);
    expect(moves(bench)).toEqual([]);
    bench.pass(100);
    expect(moves(bench)).toMatchObject([{ kind: 'rebalance', trip: trip(2) }]);
  });

  it('is not sent where a wallet is closed, and says so', () => {
    const bench = holding({ KRW, BTC: '20' }, { USDT, BTC: '80' });
    bench.feed(health('binance', { suspended: ['BTC'] }));
    expect(moves(bench)).toMatchObject([{ kind: 'skipped', rule: 'rebalance-suspended', trip: null }]);
    expect(moves(bench)).toEqual([]);
  });

  it.each([
    ['rebalance-transfer-unknown', {}],
    ['rebalance-transfer-minimum', { BTC: { seconds: 60, fee: '0.0002', minimum: '31' } }],
  ])('is not sent by the rule %s', (rule, transfers) => {
    expect(moves(holding({ KRW, BTC: '20' }, { USDT, BTC: '80' }, { transfers }))).toMatchObject([{ kind: 'skipped', rule }]);
  });

  /** Four bought at binance and sold at upbit, and open. */
  function withTrip(upbit: string, binance: string): CoreBench {
    const bench = holding({ KRW, BTC: '20' }, { USDT, BTC: '20' });
    bench.feed(DEAR_UPBIT);
    bench.feed(position(trip(1), 'OPEN', '4'));
    bench.feed(balances('upbit', { KRW, BTC: upbit }));
    bench.feed(balances('binance', { USDT, BTC: binance }));
    return bench;
  }

  it('is judged as it lies once open trips are closed: what they lend is not sent after them', () => {
    expect(moves(withTrip('6', '14'))).toEqual([]);
    expect(moves(withTrip('16', '24'))).toEqual([]);
    expect(moves(withTrip('2', '24'))).toMatchObject([
      {
        value: (20 - 6) / 26,
        numbers: { fromHolds: 24, fromAfterTrips: 20, toHolds: 2, toAfterTrips: 6 },
        transfer: { from: 'binance', quantity: '7' },
      },
    ]);
  });

  it('leaves what an open trip needs to be closed', () => {
    expect(moves(withTrip('0', '8'))).toEqual([]);
    expect(moves(withTrip('16', '4'))).toMatchObject([{ transfer: { from: 'upbit', quantity: '10' } }]);
    expect(moves(withTrip('4', '0'))).toMatchObject([{ transfer: { from: 'upbit', quantity: '4' } }]);
  });

  it('is not looked at while a trip is being entered or closed: half of it has moved', () => {
    const bench = holding({ KRW, BTC: '20' }, { USDT, BTC: '20' });
    bench.feed(DEAR_UPBIT);
    bench.feed(balances('upbit', { KRW, BTC: '5' }));
    expect(moves(bench)).toEqual([]);
    bench.feed(position(trip(1), 'FAILED', '0'));
    expect(moves(bench)).toMatchObject([{ kind: 'rebalance', transfer: { from: 'binance' } }]);
  });

  it.each(['halt', 'reduce-only'])('stays where it is after a %s', (what) => {
    const bench = holding({ KRW, BTC: '20' }, { USDT, BTC: '80' });
    bench.feed(input('command', [what], { id: '1', by: 'me', why: '' }));
    expect(moves(bench)).toEqual([]);
  });

  it('is money too, between venues that take the same', () => {
    const config = withStrategy({ ...BY_IMBALANCE, feeBps: { upbit: 5, binance: 10, bybit: 10 } });
    const venues = [...config.market.venues, { name: 'bybit', quote: 'USDT' }];
    const bench = new CoreBench(make, 'strategy');
    bench.feed(started({ ...config, market: { ...config.market, venues } }));
    bench.feed(rateOf('KRW-USDT', 1500));
    bench.feed(balances('binance', { USDT: '90000' }));
    bench.feed(balances('bybit', { USDT: '10000' }));
    expect(moves(bench)).toMatchObject([
      {
        coin: 'USDT',
        notional: { amount: '40000' },
        transfer: { from: 'binance', to: 'bybit', currency: 'USDT', quantity: '40000', fee: '1' },
      },
    ]);
    expect(bench.said('decision').at(-1)?.words).toEqual(['USDT']);
  });

  it('of another coin is its own matter', () => {
    const bench = holding({ KRW, BTC: '20', ETH: '50' }, { USDT, BTC: '80', ETH: '50' });
    expect(decisions(bench.feed(l2([100, 100.01], [100, 100.01], { coin: 'ETH' }))).map(({ kind }) => kind)).toEqual(['skipped']);
  });
});
