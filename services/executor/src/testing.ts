import type { DataOf, Leg } from '@arb/shared/contracts';
import type { ExecutorConfig, SessionConfig } from '@arb/shared/core';
import { bookOf, CoreBench, type Input, input, rateOf, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { make } from './core/index.ts';

export type Decision = DataOf<'decision'>;
export type Levels = [price: number, size: number][];

export const leg = (venue: string, symbol: string, side: Leg['side'], quantity: string, limit: string, expected: string): Leg => ({
  venue,
  symbol,
  side,
  quantity,
  limit,
  expected,
});

/** Two coins bought at binance for dollars and sold at upbit for won; and the way back. */
export const ENTRY = [leg('binance', 'BTC-USDT', 'buy', '2', '101', '100'), leg('upbit', 'BTC-KRW', 'sell', '2', '151000', '152000')];
export const EXIT = [leg('upbit', 'BTC-KRW', 'buy', '2', '152000', '150000'), leg('binance', 'BTC-USDT', 'sell', '2', '99', '100')];

export function allow(kind: Decision['kind'], legs: readonly Leg[], change: Partial<Decision> = {}): Input<'verdict'> {
  const decision: Decision = {
    kind,
    trip: 'BTC-1',
    coin: 'BTC',
    route: { buy: 'binance', sell: 'upbit' },
    legs,
    notional: { amount: '200', currency: 'USDT' },
    edgeBps: 20,
    validUntil: null,
    rule: null,
    limit: null,
    value: null,
    why: 'test',
    numbers: {},
    ...change,
  };
  const nothing = { firstRule: null, rule: null, tier: null, limit: null, value: null, numbers: {} };
  return input('verdict', [decision.coin], { outcome: 'ALLOW', trip: decision.trip, coin: decision.coin, decision, ...nothing });
}

export function command(bench: CoreBench, what: string, target?: string): void {
  const said = { id: what, by: 'me', why: 'test' };
  bench.feed(input('command', [what], target === undefined ? said : { ...said, target }));
}

export function healthOf(venue: string, state: DataOf<'health'>['state']): Input<'health'> {
  return input('health', [venue], { venue, state, why: '', latencyMs: null, reconnects: 0, conflated: 0, suspended: [] });
}

export function guardOf(mode: DataOf<'guard'>['mode']): Input<'guard'> {
  const none = { amount: '0', currency: 'USDT' };
  const sums = { exposure: none, dailyPnl: none, equity: none, drawdown: none, numbers: {} };
  return input('guard', [], { mode, rule: null, why: '', closed: [], ...sums });
}

export function binance(bench: CoreBench, bids: Levels, asks: Levels): void {
  bench.feed(bookOf('binance', 'BTC-USDT', bids, asks, bench.now));
}
export function upbit(bench: CoreBench, bids: Levels, asks: Levels): void {
  bench.feed(bookOf('upbit', 'BTC-KRW', bids, asks, bench.now));
}

export function configured(executor: Partial<ExecutorConfig>): SessionConfig {
  return { ...TEST_CONFIG, executor: { ...TEST_CONFIG.executor, ...executor } };
}

/** Some coins at each venue, and books that fill two coins whole. */
export function begun(coins = '2', executor: Partial<ExecutorConfig> = {}): CoreBench {
  const bench = new CoreBench(make, 'executor');
  const openingBalances = { upbit: { KRW: '1000000', BTC: coins }, binance: { USDT: '1000', BTC: coins } };
  bench.feed(started(configured({ openingBalances, ...executor })));
  bench.feed(rateOf('KRW-USDT', 1500));
  binance(
    bench,
    [[99.5, 5]],
    [
      [100, 1],
      [100.5, 3],
    ],
  );
  upbit(bench, [[152_000, 5]], [[152_100, 5]]);
  return bench;
}

export const positions = (bench: CoreBench): string[] => bench.said('position').map(({ data }) => `${data.state} ${data.quantity}`);
export const orders = (bench: CoreBench): string[] => bench.said('order').map(({ data }) => `${data.order} ${data.state} ${data.filled}`);
export const balances = (bench: CoreBench, venue: string): Readonly<Record<string, string>> | undefined =>
  bench
    .said('balance')
    .filter(({ data }) => data.venue === venue)
    .at(-1)?.data.balances;
export const lastPosition = (bench: CoreBench): DataOf<'position'> => bench.said('position').at(-1)?.data as DataOf<'position'>;
