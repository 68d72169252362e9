import type { Leg } from '@arb/shared/contracts';
import type { ExecutorConfig, SessionConfig } from '@arb/shared/core';
import { bookOf, type Input, input, randomSequence, rateOf, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { allow, guardOf, healthOf, type Levels, leg } from './testing.ts';

export const VENUES = [
  { name: 'upbit', quote: 'KRW', unit: 1500, tick: 100 },
  { name: 'binance', quote: 'USDT', unit: 1, tick: 0.01 },
  { name: 'bybit', quote: 'USDT', unit: 1, tick: 0.01 },
] as const;
const COINS = ['BTC', 'ETH'] as const;
const START = 1_700_000_000_000_000;

export interface Conditions {
  readonly executor?: Partial<ExecutorConfig>;
  /** No halt, no failing venue: for runs that are to trade much. */
  readonly calm?: boolean;
  /** µs between two inputs, at most. */
  readonly pace?: number;
}

/** Fees that fall within the first trades of a run. */
const TIERS = {
  feeSchedules: {
    bybit: {
      volume: '0',
      tiers: [300, 100, 0].map((from, i) => ({ from: String(from), makerBps: 1, takerBps: 6 + i })),
      quotes: { USDT: 0.75 },
    },
  },
};

/** Three venues, with room to run dry. */
export function randomConfig(executor: Partial<ExecutorConfig> = {}): SessionConfig {
  const latency = { min: 1, max: 300 };
  return {
    ...TEST_CONFIG,
    market: { ...TEST_CONFIG.market, coins: COINS, venues: VENUES.map(({ name, quote }) => ({ name, quote })) },
    strategy: { ...TEST_CONFIG.strategy, feeBps: { upbit: 5, binance: 10, bybit: 7.5 }, ...TIERS },
    executor: {
      ...TEST_CONFIG.executor,
      latencyMs: { upbit: latency, binance: latency, bybit: { min: 0, max: 1500 } },
      openingBalances: {
        upbit: { KRW: '300000', BTC: '3', ETH: '1' },
        binance: { USDT: '400', BTC: '3', ETH: '2' },
        bybit: { USDT: '150', BTC: '1', ETH: '4' },
      },
      unmatched: { policy: 'reverse', priceLimitBps: 300, timeLimitMs: 3000, pauseMs: 500 },
      ...executor,
    },
  };
}

/** Books, rates, verdicts new, late and twice, transfers, failing venues and halts, in an order that the seed decides. */
export function randomMarket(seed: string, length: number, { executor = {}, calm = false, pace = 40_000 }: Conditions = {}): Input[] {
  const random = randomSequence(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const script: Input[] = [{ ...started(randomConfig(executor)), at: START }];
  let at = START;
  let price = 100;
  let trips = 0;
  let transfers = 0;
  const ladder = (from: number, direction: number, tick: number): Levels =>
    Array.from({ length: Math.floor(random() * 5) }, (_, i) => [
      Number((Math.round(from / tick + direction * (i + 1) * 3) * tick).toFixed(2)),
      Number((0.05 + random()).toFixed(3)),
    ]);
  const book = (): Input => {
    const { name, quote, unit, tick } = pick(VENUES);
    const mid = price * unit * (1 + (random() - 0.5) * 0.004);
    const given = bookOf(name, `${pick(COINS)}-${quote}`, ladder(mid, -1, tick), ladder(mid, 1, tick), at);
    return random() < 0.02 ? { ...given, data: { ...given.data, backup: true } } : given;
  };
  const legs = (kind: 'enter' | 'exit', coin: string): { legs: Leg[]; route: { buy: string; sell: string } } => {
    const first = pick(VENUES);
    const second = pick(VENUES.filter(({ name }) => name !== first.name));
    const quantity = () => (0.01 + Math.floor(random() * 60) / 100).toFixed(4);
    const q = quantity();
    const far = kind === 'exit' ? 1.05 : 1.004;
    const of = ({ name, quote, unit }: (typeof VENUES)[number], side: 'buy' | 'sell') =>
      leg(
        name,
        `${coin}-${quote}`,
        side,
        random() < 0.9 ? q : quantity(),
        (price * unit * (side === 'buy' ? far : 2 - far)).toFixed(4),
        (price * unit).toFixed(4),
      );
    return { legs: [of(first, 'buy'), of(second, 'sell')], route: { buy: first.name, sell: second.name } };
  };
  const open: { trip: string; coin: string; route: { buy: string; sell: string } }[] = [];
  const entry = (): Input => {
    const coin = pick(COINS);
    const again = random() < 0.1 && open.length > 0;
    const trip = again ? pick(open).trip : `${coin}-${++trips}`;
    const asked = legs('enter', coin);
    if (!again) open.push({ trip, coin, route: asked.route });
    return allow('enter', asked.legs, { trip, coin, route: asked.route, validUntil: random() < 0.05 ? at - 1 : null });
  };
  const exit = (): Input => {
    const { trip, coin, route } = random() < 0.97 && open.length > 0 ? pick(open.slice(-12)) : { trip: 'BTC-x', coin: 'BTC', route: null };
    const back = legs('exit', coin).legs.map((one, i) => {
      const venue = route === null ? null : VENUES.find(({ name }) => name === (i === 0 ? route.sell : route.buy));
      if (venue === null || venue === undefined) return one;
      const far = one.side === 'buy' ? 1.05 : 0.95;
      const symbol = `${coin}-${venue.quote}`;
      return {
        ...one,
        venue: venue.name,
        symbol,
        quantity: '5',
        limit: (price * venue.unit * far).toFixed(4),
        expected: (price * venue.unit).toFixed(4),
      };
    });
    return allow('exit', back, { trip, coin, route });
  };
  const move = (): Input => {
    const from = pick(VENUES);
    const to = pick(VENUES.filter(({ name }) => random() < 0.05 || name !== from.name));
    const currency = pick([...COINS, from.quote]);
    const transfer = {
      from: from.name,
      to: to.name,
      currency,
      quantity: (random() * 2).toFixed(6),
      fee: '0.0005',
      arrivesAt: at + 3_000_000,
    };
    return allow('rebalance', [], { trip: `${currency}-t-${++transfers}`, coin: currency, transfer });
  };
  for (let i = 0; i < length; i++) {
    at += Math.floor(random() * pace);
    price *= 1 + (random() - 0.5) * 0.0008;
    const kind = random();
    let given: Input;
    if (i < 3 || kind < 0.02) given = rateOf('KRW-USDT', Number((1500 + (random() - 0.5) * 20).toFixed(2)));
    else if (kind < 0.14) given = entry();
    else if (kind < 0.24) given = exit();
    else if (kind < 0.255) given = move();
    else if (kind < 0.35) given = input('clock', [], { fill: 0, committed: 0, committedAt: null });
    else if (!calm && kind < 0.36) given = healthOf(pick(VENUES).name, pick(['HEALTHY', 'HEALTHY', 'FROZEN', 'DOWN']));
    else if (!calm && kind < 0.363) given = guardOf(pick(['ACTIVE', 'ACTIVE', 'HALTED']));
    else if (!calm && kind < 0.366)
      given = input('command', [pick(['halt', 'go-on', 'go-on', 'reduce-only'])], { id: `${i}`, by: 'me', why: '' });
    else if (!calm && kind < 0.37) given = input('command', ['flatten'], { id: `${i}`, by: 'me', why: '', target: pick(COINS) });
    else given = book();
    script.push({ ...given, at });
  }
  return [...script, ...settling(at, price)];
}

/** Trading goes on, all venues are well and show deep books for a while: whatever is under way comes to its end. */
function settling(from: number, price: number): Input[] {
  const script: Input[] = VENUES.map(({ name }) => ({ ...healthOf(name, 'HEALTHY'), at: from }));
  script.push({ ...guardOf('ACTIVE'), at: from }, { ...input('command', ['go-on'], { id: 'end', by: 'me', why: '' }), at: from });
  for (let i = 1; i <= 150; i++) {
    const at = from + i * 100_000;
    script.push(input('clock', [], { fill: 0, committed: 0, committedAt: null }, at));
    for (const { name, quote, unit } of VENUES)
      for (const coin of COINS) {
        const mid = price * unit;
        script.push(
          bookOf(
            name,
            `${coin}-${quote}`,
            [[Number((mid * 0.999).toFixed(2)), 100 + i]],
            [[Number((mid * 1.001).toFixed(2)), 100 + i]],
            at,
          ),
        );
      }
  }
  return script;
}
