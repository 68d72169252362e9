import type { DataOf } from '@arb/shared/contracts';
import type { RiskConfig, SessionConfig } from '@arb/shared/core';
import { CoreBench, type Emitted, type Input, input, rateOf, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { make } from './core/index.ts';

type Decision = DataOf<'decision'>;
type L2 = DataOf<'l2'>;
export type Verdict = DataOf<'verdict'>;
export type Guard = DataOf<'guard'>;

const THREE_VENUES: SessionConfig['market']['venues'] = [
  { name: 'upbit', quote: 'KRW' },
  { name: 'binance', quote: 'USDT' },
  { name: 'okx', quote: 'USDT' },
];

/** Three venues, and no limit that a round trip of 500 meets but those that are given. */
export function configWith(risk: Partial<RiskConfig>): SessionConfig {
  const wide = { currency: 'USDT', maxExposure: '1000000', maxPerCoin: '1000000', maxJournalLagMs: 5000, staleFxMs: 60_000 };
  return { ...TEST_CONFIG, market: { ...TEST_CONFIG.market, venues: THREE_VENUES }, risk: { ...wide, ...risk } };
}

/** All limits at once, with numbers that a test can reach. */
export const TIGHT: Partial<RiskConfig> = {
  maxExposure: '2000',
  maxPerCoin: '1200',
  leastNotional: '100',
  capital: '4000',
  maxPerVenue: '1800',
  maxVenueDailyLoss: '60',
  degradedShare: 0.5,
  maxPerRoute: '900',
  maxEntriesPerRoute: 3,
  routeWindowMs: 10_000,
  maxRouteLossesInRow: 2,
  routeCooldownMs: 5000,
  maxPositionSize: '700',
  highVolatilityBps: 10,
  volatilitySampleMs: 1000,
  maxTripsPerCoin: 2,
  maxAllocation: 0.25,
  maxCoinLossesInRow: 3,
  coinCooldownMs: 3000,
  maxCoinDailyLoss: '40',
  breakerMoveBps: 200,
  breakerMs: 4000,
  maxDailyLoss: '50',
  dayBoundary: 'KST',
  maxDrawdown: '80',
  emergencyStop: '120',
  maxCashImbalance: 0.9,
  maxPerVenuePair: '1700',
  maxDirectionalBias: 0.7,
  maxInventoryImbalance: 0.9,
  maxLossesInRow: 4,
  lossBreakerMs: 6000,
  maxStreamFill: 0.8,
};

export interface Asked {
  readonly coin?: string;
  readonly buy?: string;
  readonly sell?: string;
  readonly notional?: string;
  readonly quantity?: string;
}

const quoteAt = (venue: string): string => (venue === 'upbit' ? 'KRW' : 'USDT');

/** To buy at binance and sell at upbit for 500 USDT, unless said otherwise. */
export function entry(trip: string | null, asked: Asked = {}, change: Partial<Decision> = {}): Input<'decision'> {
  const { coin = 'BTC', buy = 'binance', sell = 'upbit', notional = '500', quantity = '0.00512345' } = asked;
  const leg = (venue: string, side: 'buy' | 'sell') => {
    return { venue, symbol: `${coin}-${quoteAt(venue)}`, side, quantity, limit: '0.01', expected: '0.01' };
  };
  const data: Decision = {
    kind: 'enter',
    trip,
    coin,
    route: { buy, sell },
    legs: [leg(buy, 'buy'), leg(sell, 'sell')],
    notional: { amount: notional, currency: 'USDT' },
    edgeBps: 20,
    validUntil: null,
    rule: null,
    limit: null,
    value: null,
    why: '',
    numbers: {},
    ...change,
  };
  return input('decision', [coin], data);
}

export function exit(trip: string, asked: Asked = {}): Input<'decision'> {
  return entry(trip, asked, { kind: 'exit', notional: null });
}

export function position(trip: string, state: DataOf<'position'>['state'], pnl: string | null = null, currency = 'USDT', coin = 'BTC') {
  const result = pnl === null ? null : { amount: pnl, currency };
  return input('position', [coin], { trip, coin, state, route: null, quantity: '0', pnl: result, parts: {}, why: '' });
}

export function command(what: string, target?: string): Input<'command'> {
  return input('command', [what], { id: what, by: 'me', why: 'test', ...(target === undefined ? {} : { target }) });
}

/** The merged book of a coin at the three venues; `stale` ones are named. */
export function l2(coin: string, mid: number, stale: readonly string[] = [], ageMs = 0): Input<'l2'> {
  const venues: L2['venues'] = THREE_VENUES.map(({ name, quote }) => ({
    venue: name,
    symbol: `${coin}-${quote}`,
    state: stale.includes(name) ? 'stale' : 'fresh',
    epoch: 1,
    ageMs,
    rate: 1,
  }));
  return input('l2', [coin], { coin, numeraire: 'USDT', venues, bids: [[mid * 0.999, 1, 1, mid]], asks: [[mid * 1.001, 1, 1, mid]] });
}

export function health(venue: string, state: DataOf<'health'>['state'], change: Partial<DataOf<'health'>> = {}): Input<'health'> {
  const rest = { why: '', latencyMs: null, reconnects: 0, conflated: 0, suspended: [] };
  return input('health', [venue], { venue, state, ...rest, ...change });
}

export function balance(venue: string, balances: Record<string, string>): Input<'balance'> {
  return input('balance', [venue], { venue, balances });
}

export const COINS = ['BTC', 'ETH', 'XRP'];

/** A session under way: books of three coins, a rate, a journal that keeps up. */
export function trading(risk: Partial<RiskConfig> = {}, mode: 'ACTIVE' | 'REDUCE_ONLY' | 'HALTED' = 'ACTIVE'): CoreBench {
  const bench = new CoreBench(make, 'risk');
  bench.feed(started(configWith(risk), { mode }));
  quoting(bench);
  return bench;
}

/** What every session hears before it trades. */
export function quoting(bench: CoreBench): void {
  bench.feed(rateOf('KRW-USDT', 1500));
  for (const coin of COINS) bench.feed(l2(coin, 100));
  bench.pass(100);
}

export function verdict(bench: CoreBench, given: Input<'decision'>): Verdict {
  const found = bench.feed(given).filter(({ type }) => type === 'verdict') as unknown as Emitted<'verdict'>[];
  if (found.length !== 1) throw new Error(`expected one verdict, found ${found.length}`);
  return (found[0] as Emitted<'verdict'>).data;
}

/** A round trip from its verdict to its result. */
export function roundTrip(bench: CoreBench, trip: string, pnl: string, asked: Asked = {}): Verdict {
  const said = verdict(bench, entry(trip, asked));
  bench.feed(position(trip, 'CLOSED', pnl, 'USDT', asked.coin));
  return said;
}

export function lastGuard(bench: CoreBench): Guard {
  const said = bench.said('guard');
  if (said.length === 0) throw new Error('expected a guard event, found none');
  return (said.at(-1) as Emitted<'guard'>).data;
}

/** Two coins of binance for upbit, where they are missing, unless said otherwise. */
export function move(
  trip: string,
  sent: Partial<NonNullable<Decision['transfer']>> = {},
  change: Partial<Decision> = {},
): Input<'decision'> {
  const transfer = { from: 'binance', to: 'upbit', currency: 'BTC', quantity: '2', fee: '0.0002', arrivesAt: 1, ...sent };
  const route = { buy: 'upbit', sell: 'binance' };
  return entry(trip, {}, { kind: 'rebalance', legs: [], notional: { amount: '200', currency: 'USDT' }, route, transfer, ...change });
}
