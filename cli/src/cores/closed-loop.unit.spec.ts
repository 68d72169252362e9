import { type OutsideEvent, openClosedLoop } from '@arb/shared/closed-loop';
import type { AnyEvent, EventType, StreamEvent } from '@arb/shared/contracts';
import type { SessionConfig } from '@arb/shared/core';
import { bookOf, type Input, input, randomSequence, rateOf, TEST_CONFIG } from '@arb/shared/core/testing';
import { add, compare, formatDecimal, parseDecimal, subtract } from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import { CORES } from './cores.ts';

const START = 1_700_000_000_000_000;
const OUTCOMES = ['OPEN', 'CLOSED', 'UNWOUND', 'FAILED'];

/** All five cores on one ordered stream, every answer as the bytes it would be published in. */
function loop(config: SessionConfig) {
  const stream: AnyEvent[] = [];
  const seen = (event: AnyEvent) => {
    stream.push(event);
  };
  const closed = openClosedLoop({ cores: CORES, session: 's1', seed: 'seed', config, begin: START, encoded: true, seen });
  const feed = ({ at = closed.time, ...given }: Input): void => {
    const source = given.type === 'clock' ? 'journal/abcdefgh' : 'market-data/abcdefgh';
    closed.feed({ ...given, source, at } as OutsideEvent);
  };
  const said = <K extends EventType>(type: K) => stream.filter((event) => event.type === type) as unknown as StreamEvent<K>[];
  return { stream, feed, said };
}

/** Books of three coins: a price that wanders, and a gap between the two venues that opens and closes. */
function runMarket(seed: string, seconds: number, config: SessionConfig = TEST_CONFIG) {
  const { feed, ...rest } = loop(config);
  const random = randomSequence(seed);
  const rate = 1450;
  const coins = [
    { coin: 'BTC', price: 90_000, gap: 0, size: 0.006 },
    { coin: 'ETH', price: 3_000, gap: 0, size: 0.12 },
    { coin: 'XRP', price: 2.5, gap: 0, size: 180 },
  ];
  const noise = () => random() + random() + random() + random() - 2;
  const ladder = (from: number, direction: number, unit: number, size: number): [number, number][] =>
    Array.from({ length: 10 }, (_, i) => [
      Number((from * (1 + direction * (0.0001 + i * 0.0002)) * unit).toPrecision(8)),
      Number((size * (0.5 + random())).toPrecision(4)),
    ]);
  for (let tick = 1; tick <= seconds * 10; tick++) {
    const at = START + tick * 100_000;
    feed(input('clock', [], { fill: 0.1, committed: tick, committedAt: at - 20_000 }, at));
    if (tick % 10 === 1) feed({ ...rateOf('KRW-USDT', rate * (1 + noise() * 0.0002)), at });
    coins.forEach((market, i) => {
      market.price *= 1 + noise() * 0.0002;
      market.gap = market.gap * 0.97 + noise() * 0.0025;
      const later = at + (i + 1) * 10_000;
      const dear = market.price * (1 + market.gap);
      const krw = bookOf('upbit', `${market.coin}-KRW`, ladder(dear, -1, rate, market.size), ladder(dear, 1, rate, market.size), later);
      const usdt = bookOf(
        'binance',
        `${market.coin}-USDT`,
        ladder(market.price, -1, 1, market.size),
        ladder(market.price, 1, 1, market.size),
        later + 4000,
      );
      feed(krw);
      feed(usdt);
    });
  }
  return rest;
}

/** Orders that travel for long meet another book than the decision saw. */
const SLOW: SessionConfig = {
  ...TEST_CONFIG,
  executor: { ...TEST_CONFIG.executor, latencyMs: { upbit: { min: 50, max: 600 }, binance: { min: 50, max: 600 } } },
};
const quick = runMarket('closed loop', 120);
const slow = runMarket('closed loop', 120, SLOW);

describe('the five cores together, where orders travel for long', () => {
  const orders = slow.said('order').map(({ data }) => data);

  it('fill some orders in part or not at all, with the reason', () => {
    for (const state of ['filled', 'part-filled', 'cancelled', 'rejected']) expect(orders.map((order) => order.state)).toContain(state);
    for (const { state, reason } of orders) if (state === 'cancelled' || state === 'rejected') expect(reason).toMatch(/limit|balance|book/);
  });

  it('unwind what one leg has more than the other, and say so', () => {
    expect(slow.said('position').map(({ data }) => data.state)).toContain('UNWOUND');
    const unwinds = orders.filter(({ order, state }) => state === 'intended' && !order.endsWith('-1'));
    expect(unwinds.length).toBeGreaterThan(5);
  });
});

describe.each([
  ['quickly', quick],
  ['slowly', slow],
])('the five cores together, with orders that travel %s,', (_, run) => {
  const positions = run.said('position').map(({ data }) => data);
  const verdicts = run.said('verdict').map(({ data }) => data);
  const fills = run.said('fill').map(({ data }) => data);

  it('make at least 20 round trips, on both routes', () => {
    const closed = positions.filter(({ state }) => state === 'CLOSED');
    expect(closed.length).toBeGreaterThanOrEqual(20);
    expect(new Set(closed.map(({ route }) => route?.buy))).toEqual(new Set(['upbit', 'binance']));
    for (const { pnl, parts, quantity } of closed) {
      expect(quantity).toBe('0');
      const sum = Object.values(parts).reduce((total, part) => add(total, parseDecimal(part)), parseDecimal('0'));
      expect(formatDecimal(sum)).toBe(pnl?.amount);
    }
  });

  it('answer each decision that asks for one with exactly one verdict', () => {
    const asked = run.said('decision').filter(({ data }) => data.kind !== 'skipped');
    expect(verdicts.length).toBe(asked.length);
  });

  it('bring each allowed verdict to exactly one outcome before the next of its trip', () => {
    const allowed = new Map<string, number>();
    let outcomes = 0;
    for (const { type, data } of run.stream as { type: EventType; data: { trip: string; outcome?: string; state?: string } }[]) {
      if (type === 'verdict' && data.outcome === 'ALLOW') {
        expect(allowed.get(data.trip) ?? 0).toBe(0);
        allowed.set(data.trip, 1);
      } else if (type === 'position' && OUTCOMES.includes(data.state as string)) {
        expect(allowed.get(data.trip)).toBe(1);
        allowed.set(data.trip, 0);
        outcomes++;
      }
    }
    const unfinished = [...allowed.values()].filter((open) => open === 1).length;
    expect(unfinished).toBeLessThanOrEqual(3);
    expect(outcomes).toBe(verdicts.filter(({ outcome }) => outcome === 'ALLOW').length - unfinished);
  });

  it('never expose more than the limits, counted from what is decided and what has ended', () => {
    const open = new Map<string, string>();
    let most = 0;
    let twice = 0;
    for (const { type, data } of run.stream as {
      type: EventType;
      data: { trip?: string; coin?: string; outcome?: string; state?: string };
    }[]) {
      if (type === 'verdict' && data.outcome === 'ALLOW') open.set(data.trip as string, data.coin as string);
      if (type === 'position' && ['CLOSED', 'UNWOUND', 'FAILED'].includes(data.state as string)) open.delete(data.trip as string);
      most = Math.max(most, open.size * 500);
      if (new Set(open.values()).size < open.size) twice++;
    }
    expect(twice).toBe(0);
    // The total limit of 1,200 holds two trips of 500 at once; the third coin has to wait.
    expect(most).toBe(1000);
    expect(verdicts.filter(({ rule }) => rule === 'total-exposure').length).toBeGreaterThan(0);
  });

  it('conserve value: opening balances and fills give the closing balances, to the last digit', () => {
    const accounts = new Map<string, string>();
    for (const [venue, held] of Object.entries(TEST_CONFIG.executor.openingBalances))
      for (const [currency, amount] of Object.entries(held)) accounts.set(`${venue} ${currency}`, amount);
    const change = (account: string, amount: string, sign: 1 | -1) => {
      const calculate = sign === 1 ? add : subtract;
      accounts.set(account, formatDecimal(calculate(parseDecimal(accounts.get(account) as string), parseDecimal(amount))));
    };
    for (const fill of fills) {
      const [base] = fill.symbol.split('-') as [string];
      const buys = fill.side === 'buy';
      change(`${fill.venue} ${base}`, fill.quantity, buys ? 1 : -1);
      change(`${fill.venue} ${fill.value.currency}`, fill.value.amount, buys ? -1 : 1);
      change(`${fill.venue} ${fill.fee.currency}`, fill.fee.amount, -1);
    }
    const last = new Map<string, string>();
    for (const { data } of run.said('balance'))
      for (const [currency, amount] of Object.entries(data.balances)) {
        expect(compare(parseDecimal(amount), parseDecimal('0'))).not.toBe(-1);
        last.set(`${data.venue} ${currency}`, amount);
      }
    expect(fills.length).toBeGreaterThan(80);
    expect(Object.fromEntries(last)).toEqual(Object.fromEntries(accounts));
  });

  it('leave no coin behind: what was bought in all was sold in all, but for trips that are still open', () => {
    const open = positions.filter(
      ({ state }, i) => state === 'OPEN' && !positions.slice(i + 1).some(({ trip }) => trip === positions[i]?.trip),
    );
    const openTrips = new Set(open.map(({ trip }) => trip));
    const net = new Map<string, string>();
    const underWay = new Set(run.said('order').map(({ data }) => data.trip));
    for (const { trip, state } of positions) if (['CLOSED', 'UNWOUND', 'FAILED'].includes(state)) underWay.delete(trip);
    for (const fill of fills) {
      if (openTrips.has(fill.trip) || underWay.has(fill.trip)) continue;
      const calculate = fill.side === 'buy' ? add : subtract;
      net.set(fill.trip, formatDecimal(calculate(parseDecimal(net.get(fill.trip) ?? '0'), parseDecimal(fill.quantity))));
    }
    expect(net.size).toBeGreaterThan(20);
    expect(new Set(net.values())).toEqual(new Set(['0']));
  });

  it('win some and lose some', () => {
    const results = positions.flatMap(({ pnl }) => (pnl === null ? [] : [Number(pnl.amount)]));
    expect(results.some((result) => result > 0)).toBe(true);
    expect(results.some((result) => result < 0)).toBe(true);
  });

  it('say the same bytes when the same market comes again', () => {
    const once = runMarket('again', 30);
    const twice = runMarket('again', 30);
    expect(once.said('fill').length).toBeGreaterThan(0);
    expect(JSON.stringify(twice.stream)).toBe(JSON.stringify(once.stream));
  });
});
