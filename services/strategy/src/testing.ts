import type { DataOf, EventType } from '@arb/shared/contracts';
import type { SessionConfig, StrategyConfig } from '@arb/shared/core';
import { CoreBench, type Emitted, type Input, input, rateOf, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { make } from './core/index.ts';
import { tagOf } from './core/trip.ts';

export type L2 = DataOf<'l2'>;
export type Decision = DataOf<'decision'>;

/** Round trips are named after their coin, their session and their number. */
export const TAG = tagOf('s1', 'abcdefgh');
export const trip = (number: number, coin = 'BTC', tag = TAG) => `${coin}-${tag}-${number}`;

/** One coin at two venues: prices in USDT; the won price is 1,500 times that. One level of 10 a side. */
export function l2(upbit: [bid: number, ask: number], binance: [bid: number, ask: number], change: Partial<L2> = {}): Input<'l2'> {
  const coin = change.coin ?? 'BTC';
  const venue = (name: string, symbol: string, rate: number) => ({
    venue: name,
    symbol,
    state: 'fresh' as const,
    epoch: 1,
    ageMs: 5,
    rate,
  });
  const level = (price: number, place: number) => [price, 10, place, place === 0 ? price * 1500 : price] as const;
  const data: L2 = {
    coin,
    numeraire: 'USDT',
    venues: [venue('upbit', `${coin}-KRW`, 1 / 1500), venue('binance', `${coin}-USDT`, 1)],
    bids: [level(upbit[0], 0), level(binance[0], 1)].sort((a, b) => b[0] - a[0]),
    asks: [level(upbit[1], 0), level(binance[1], 1)].sort((a, b) => a[0] - b[0]),
    ...change,
  };
  return input('l2', [data.coin], data);
}

export const FLAT = l2([100, 100.01], [100, 100.01]);
/** 50 bps dearer at upbit: 35 after both fees. */
export const DEAR_UPBIT = l2([100.51, 100.52], [100, 100.01]);
/** 50 bps dearer at binance. */
export const DEAR_BINANCE = l2([100, 100.01], [100.51, 100.52]);

export function balances(venue: string, held: Record<string, string>): Input<'balance'> {
  return input('balance', [venue], { venue, balances: held });
}

export function withStrategy(change: Partial<StrategyConfig>): SessionConfig {
  return { ...TEST_CONFIG, strategy: { ...TEST_CONFIG.strategy, ...change } };
}

/** Begun, with enough of everything at both venues. */
export function begun(change: Partial<StrategyConfig> = {}): CoreBench {
  const bench = new CoreBench(make, 'strategy');
  bench.feed(started(withStrategy(change)));
  bench.feed(balances('upbit', { KRW: '50000000', BTC: '50', ETH: '50' }));
  bench.feed(balances('binance', { USDT: '40000', BTC: '50', ETH: '50' }));
  bench.feed(rateOf('KRW-USDT', 1500));
  return bench;
}

export function position(id: string, state: DataOf<'position'>['state'], quantity: string): Input<'position'> {
  const coin = id.slice(0, id.indexOf('-'));
  return input('position', [coin], { trip: id, coin, state, route: null, quantity, pnl: null, parts: {}, why: '' });
}

export function blocked(id: string): Input<'verdict'> {
  const coin = id.slice(0, id.indexOf('-'));
  const nothing = { decision: null, firstRule: 'x', rule: 'x', tier: null, limit: null, value: null, numbers: {} };
  return input('verdict', [coin], { outcome: 'BLOCK', trip: id, coin, ...nothing });
}

export function health(venue: string, change: Partial<DataOf<'health'>> = {}): Input<'health'> {
  const well = { venue, state: 'HEALTHY' as const, why: '', latencyMs: null, reconnects: 0, conflated: 0, suspended: [] };
  return input('health', [venue], { ...well, ...change });
}

/** A leg that filled at this value in the venue's own currency. */
export function fill(
  id: string,
  venue: 'upbit' | 'binance',
  side: 'buy' | 'sell',
  value: string,
  fee: string,
  slippageBps = 0,
  quantity = '5',
): Input<'fill'> {
  const coin = id.slice(0, id.indexOf('-'));
  const currency = venue === 'upbit' ? 'KRW' : 'USDT';
  const symbol = `${coin}-${currency}`;
  return input('fill', [venue, symbol], {
    order: `${id}-0-1`,
    trip: id,
    venue,
    symbol,
    side,
    price: String(Number(value) / Number(quantity)),
    quantity,
    fee: { amount: fee, currency },
    value: { amount: value, currency },
    slippageBps,
    available: '10',
    fillRatio: 1,
    model: 'depth',
    modelVersion: 1,
  });
}

export function one<K extends EventType>(emitted: readonly Emitted[]): DataOf<K> {
  if (emitted.length !== 1)
    throw new Error(`expected one answer, found ${emitted.length}: ${JSON.stringify(emitted.map(({ data }) => data))}`);
  return (emitted[0] as Emitted<K>).data;
}

export const decided = (bench: CoreBench, given: Input<'l2'>): Decision => one<'decision'>(bench.feed(given));
export const decisions = (emitted: readonly Emitted[]): Decision[] => emitted.map(({ data }) => data as Decision);
export const exits = (emitted: readonly Emitted[]): Decision[] => decisions(emitted).filter(({ kind }) => kind === 'exit');
export const rules = (bench: CoreBench): string[] => bench.said('decision').map(({ data }) => `${data.kind} ${data.rule}`);
