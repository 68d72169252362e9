import type { DataOf } from '@arb/shared/contracts';
import type { ExecutorConfig } from '@arb/shared/core';
import { CoreBench, type Emitted, type Input, livedAndRestored, randomSequence } from '@arb/shared/core/testing';
import {
  absolute,
  add,
  compare,
  conversionFrom,
  converted,
  type Decimal,
  formatDecimal,
  fromNumber,
  multiply,
  negate,
  parseDecimal,
  placesOf,
  round,
  subtract,
  ZERO,
} from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Conditions, randomConfig, randomMarket } from '../random-market.ts';
import { make } from './index.ts';

const d = parseDecimal;
type Said = readonly Emitted[];
const of = <K extends Emitted['type']>(said: Said, type: K) => said.filter((one) => one.type === type) as unknown as readonly Emitted<K>[];

function live(script: readonly Input[]): Said {
  const bench = new CoreBench(make, 'executor');
  for (const given of script) bench.feed(given);
  return bench.emitted;
}

/** Opening balances, fills and transfers, added up here; and what the executor last said of each account. */
function accounts(said: Said, opening: ExecutorConfig['openingBalances']) {
  const overdrawn: string[] = [];
  const counted = new Map<string, Decimal>();
  const stated = new Map<string, Decimal>();
  const post = (venue: string, currency: string, change: Decimal) =>
    counted.set(`${venue} ${currency}`, add(counted.get(`${venue} ${currency}`) ?? ZERO, change));
  for (const [venue, held] of Object.entries(opening))
    for (const [currency, amount] of Object.entries(held)) post(venue, currency, d(amount));
  for (const { type, data } of said) {
    if (type === 'fill') {
      const { venue, symbol, side, quantity, value, fee } = data as DataOf<'fill'>;
      const buys = side === 'buy';
      post(venue, symbol.split('-')[0] as string, buys ? d(quantity) : negate(d(quantity)));
      post(venue, value.currency, buys ? negate(d(value.amount)) : d(value.amount));
      post(venue, fee.currency, negate(d(fee.amount)));
    } else if (type === 'transfer') {
      const { from, to, currency, quantity, fee, state } = data as DataOf<'transfer'>;
      if (state === 'left') post(from, currency, negate(d(quantity)));
      if (state === 'arrived') post(to, currency, subtract(d(quantity), d(fee)));
    } else if (type === 'balance') {
      const { venue, balances, reserved } = data as DataOf<'balance'>;
      for (const [currency, amount] of Object.entries(balances)) {
        if (amount.startsWith('-') || compare(d(reserved?.[currency] ?? '0'), d(amount)) > 0)
          overdrawn.push(`${venue} ${currency} ${amount}`);
        stated.set(`${venue} ${currency}`, d(amount));
      }
    }
  }
  return { counted, stated, overdrawn };
}

const LETTER = { OPEN: 'O', CLOSING: 'G', CLOSED: 'C', UNWOUND: 'U', FAILED: 'F' } as const;
/** A trip opens once, may be left several times in vain, and ends once: nothing follows its end. */
const LIFE = /^([UF]|O(O|GO)*(G[CF])?)$/;

function checkOutcomes(script: readonly Input[], said: Said): void {
  const lives = new Map<string, string>();
  const transfers = new Map<string, string[]>();
  for (const { data } of of(said, 'transfer')) transfers.set(data.transfer, [...(transfers.get(data.transfer) ?? []), data.state]);
  for (const { data } of of(said, 'position'))
    if (!transfers.has(data.trip)) lives.set(data.trip, (lives.get(data.trip) ?? '') + LETTER[data.state]);
  expect([...lives].filter(([trip, life]) => !(trip.endsWith('x') ? /^F+$/ : LIFE).test(life))).toEqual([]);
  for (const { type, data } of script) {
    if (type !== 'verdict') continue;
    const { trip, decision } = data as DataOf<'verdict'>;
    if (decision?.kind === 'enter') expect([trip, lives.has(trip as string)]).toEqual([trip, true]);
    else if (decision?.kind === 'rebalance') expect([['left', 'arrived'], ['refused']]).toContainEqual(transfers.get(trip as string));
  }
}

/** Each order: intended, then one end; what is filled is what its fills add up to. */
function checkOrders(said: Said): void {
  const wrong: string[] = [];
  const orders = new Map<string, { states: string[]; filled: Decimal; asked: Decimal }>();
  const filled = new Map<string, Decimal>();
  for (const { data } of of(said, 'order')) {
    const order = orders.get(data.order) ?? { states: [], filled: ZERO, asked: d(data.quantity) };
    order.states.push(data.state);
    order.filled = d(data.filled);
    orders.set(data.order, order);
    if ((data.state === 'cancelled' || data.state === 'rejected') && !data.reason) wrong.push(`${data.order}: no reason`);
  }
  for (const { data } of of(said, 'fill')) {
    filled.set(data.order, add(filled.get(data.order) ?? ZERO, d(data.quantity)));
    if (compare(d(data.quantity), d(data.available)) > 0) wrong.push(`${data.order}: more than was on offer`);
    const worse =
      data.side === 'buy' ? compare(d(data.price), d(data.metBest as string)) : compare(d(data.metBest as string), d(data.price));
    if (worse < 0) wrong.push(`${data.order}: better than the best price`);
  }
  for (const [order, { states, filled: told, asked }] of orders) {
    if (!COURSE.test(states.join(' '))) wrong.push(`${order}: ${states.join(' ')}`);
    if (compare(told, filled.get(order) ?? ZERO) !== 0 || compare(told, asked) > 0)
      wrong.push(`${order}: says ${formatDecimal(told)} filled`);
  }
  expect(wrong).toEqual([]);
}
const COURSE = /^(intended (filled|part-filled cancelled|cancelled|rejected)|cancelled|rejected)$/;

/** Nothing fills and nothing is sent between a halt and the word that ends it. */
function checkHalts(script: readonly Input[]): void {
  const bench = new CoreBench(make, 'executor');
  let commanded = false;
  let guarded = false;
  for (const given of script) {
    if (given.type === 'guard') guarded = (given.data as DataOf<'guard'>).mode === 'HALTED';
    if (given.type === 'command' && given.words[0] !== 'flatten') commanded = given.words[0] === 'halt';
    const mayStillTimers = given.type === 'guard' || given.type === 'command';
    const answers = bench.feed(given);
    if (!(commanded || guarded) || mayStillTimers) continue;
    expect(
      answers.filter(({ type, data }) => type === 'fill' || (type === 'order' && (data as DataOf<'order'>).state === 'intended')),
    ).toEqual([]);
  }
}

/** Results from the fills alone: what came in less what went out, at the rates of the end, and coins kept at their price. */
function checkResults(script: readonly Input[]): { ended: number; parts: Set<string> } {
  const bench = new CoreBench(make, 'executor');
  const flows = new Map<string, Map<string, Decimal>>();
  const fills = new Map<string, DataOf<'fill'>[]>();
  let conversion = conversionFrom('KRW-USDT', 1500, 'USDT')?.conversion;
  let ended = 0;
  const parts = new Set<string>();
  const check = ({ trip, pnl, parts: split, log, coin }: DataOf<'position'>): void => {
    if (pnl === null || log === undefined) return;
    ended++;
    let total = ZERO;
    for (const [currency, amount] of flows.get(trip) ?? [])
      if (currency === 'USDT') total = add(total, amount);
      else if (currency === 'KRW') total = add(total, converted(amount, conversion as NonNullable<typeof conversion>));
      else expect(formatDecimal(amount)).toBe(log.kept);
    expect(coin).toBe(trip.split('-')[0]);
    const sum = Object.values(split).map(parseDecimal).reduce(add, ZERO);
    expect(formatDecimal(sum)).toBe(pnl.amount);
    if (log.kept === '0') expect(formatDecimal(round(total, placesOf('USDT')))).toBe(pnl.amount);
    // Booking rounds each fill's value to 0.0001 won or 0.00000001 dollars; each part is rounded once.
    const all = fills.get(trip) ?? [];
    const bound = add(multiply(fromNumber(all.length), d('0.00000005')), d('0.0000001'));
    expect(compare(absolute(d(split.rounding as string)), bound)).not.toBe(1);
    for (const [name, amount] of Object.entries(split)) if (amount !== '0') parts.add(name);
    checkDollarLegs(all, split);
  };
  for (const given of script) {
    // What timers say at a new rate came before it.
    for (const { type, data } of bench.feed(given)) {
      if (type === 'position') check(data as DataOf<'position'>);
      if (type !== 'fill') continue;
      const fill = data as DataOf<'fill'>;
      fills.set(fill.trip, [...(fills.get(fill.trip) ?? []), fill]);
      const account = flows.get(fill.trip) ?? new Map<string, Decimal>();
      flows.set(fill.trip, account);
      const flow = (currency: string, change: Decimal) => account.set(currency, add(account.get(currency) ?? ZERO, change));
      const buys = fill.side === 'buy';
      flow(fill.symbol.split('-')[0] as string, buys ? d(fill.quantity) : negate(d(fill.quantity)));
      flow(fill.value.currency, subtract(buys ? negate(d(fill.value.amount)) : d(fill.value.amount), d(fill.fee.amount)));
    }
    if (given.type === 'fx') conversion = conversionFrom('KRW-USDT', (given.data as DataOf<'fx'>).rate, 'USDT')?.conversion;
  }
  return { ended, parts };
}

/** Drift and depth of a leg whose fills were all in dollars, told from the fills: nothing but their own numbers. */
function checkDollarLegs(fills: readonly DataOf<'fill'>[], split: DataOf<'position'>['parts']): void {
  for (const phase of ['enter', 'exit'] as const)
    for (const side of ['buy', 'sell'] as const) {
      const name = `${phase}${side === 'buy' ? 'Buy' : 'Sell'}`;
      const own = fills.filter(({ order, purpose, side: is }) => order.includes(`-${phase}`) && purpose !== 'unwind' && is === side);
      if (own.length === 0 || own.some(({ value }) => value.currency !== 'USDT')) continue;
      const inward = side === 'buy' ? -1 : 1;
      const drift = own.reduce((sum, fill) => sum + inward * Number(fill.quantity) * (Number(fill.metBest) - Number(fill.sentAtBest)), 0);
      const depth = own.reduce((sum, fill) => sum + inward * Number(fill.quantity) * (Number(fill.price) - Number(fill.metBest)), 0);
      expect(Number(split[`${name}Drift`])).toBeCloseTo(drift, 6);
      expect(Number(split[`${name}Depth`])).toBeCloseTo(depth, 6);
      expect(Number(split[`${name}Depth`])).toBeLessThanOrEqual(0);
    }
}

const executors: fc.Arbitrary<Partial<ExecutorConfig>> = fc.record({
  fillModel: fc.constantFrom('depth' as const, 'depth' as const, 'simple' as const, 'calibrated' as const),
  calibration: fc.constant({ version: 1, edgeBps: [], size: [0.3, 1], volatilityBps: [4], ratios: [1, 0.9, 0.8, 0.5, 0.3, 0] }),
  timeInForce: fc.constantFrom('IOC' as const, 'IOC' as const, 'FOK' as const),
  sendErrorRate: fc.constantFrom(0, 0, 0.1),
  unmatched: fc.record({
    policy: fc.constantFrom('reverse' as const, 'proceed' as const, 'cancel' as const),
    priceLimitBps: fc.constantFrom(5, 100, 500),
    timeLimitMs: fc.constantFrom(300, 3000),
    pauseMs: fc.constantFrom(100, 1000),
  }),
});
const seeds = fc.integer({ min: 0, max: 1_000_000 }).map(String);

describe('the executor on random markets', () => {
  it('never goes below zero, conserves value over venues and currencies, and brings every verdict to one outcome', () => {
    fc.assert(
      fc.property(seeds, executors, (seed, executor) => {
        const script = randomMarket(seed, 400, { executor });
        const said = live(script);
        const { counted, stated, overdrawn } = accounts(said, randomConfig(executor).executor.openingBalances);
        const text = (map: Map<string, Decimal>) => Object.fromEntries([...map].map(([name, amount]) => [name, formatDecimal(amount)]));
        expect(overdrawn).toEqual([]);
        expect(text(stated)).toEqual(text(counted));
        checkOutcomes(script, said);
        checkOrders(said);
      }),
      { numRuns: 25 },
    );
  });

  it('lets nothing leave and nothing fill while halted', () => {
    fc.assert(
      fc.property(seeds, executors, (seed, executor) => {
        checkHalts(randomMarket(seed, 600, { executor }));
      }),
      { numRuns: 12 },
    );
  });

  it('tells results that the fills alone give too, in parts without a rest, over a long run', () => {
    const runs = (['reverse', 'proceed', 'cancel'] as const).map((policy) => {
      const conditions: Conditions = {
        calm: true,
        executor: { unmatched: { policy, priceLimitBps: 300, timeLimitMs: 1000, pauseMs: 200 }, openingBalances: RICH },
      };
      return checkResults(randomMarket(`long ${policy}`, 5000, conditions));
    });
    for (const { ended } of runs) expect(ended).toBeGreaterThan(150);
    const met = new Set(runs.flatMap(({ parts }) => [...parts]));
    expect([...met].sort()).toEqual(
      [
        ...['enterSpread', 'exitSpread', 'fees', 'fx', 'unwind', 'rounding'],
        ...['enterBuy', 'enterSell', 'exitBuy', 'exitSell'].flatMap((name) => [`${name}Drift`, `${name}Depth`]),
      ].sort(),
    );
  });

  it('goes on from a snapshot at any point as if it had never stopped', () => {
    fc.assert(
      fc.property(seeds, executors, (seed, executor) => {
        const script = randomMarket(seed, 300, { executor });
        const random = randomSequence(seed);
        const cuts = Array.from({ length: 25 }, () => 1 + Math.floor(random() * script.length));
        const { lived, restored } = livedAndRestored(make, 'executor', script, cuts);
        expect(restored).toBe(lived);
      }),
      { numRuns: 12 },
    );
  });

  it('keeps a state of bounded size: trips that have ended leave it', () => {
    const bench = new CoreBench(make, 'executor');
    const sizes: number[] = [];
    const script = randomMarket('bounded', 5000, { calm: true, executor: { openingBalances: RICH } });
    script.forEach((given, i) => {
      bench.feed(given);
      if (i % 1250 === 1249) sizes.push(JSON.stringify(bench.core.save()).length);
    });
    const first = sizes[0] as number;
    // Ids of the newest trips and books are all that a state has more later on; open trips of a random script stay open.
    expect(bench.said('position').length).toBeGreaterThan(500);
    const open = (JSON.parse(JSON.stringify(bench.core.save())) as { trips: unknown[]; begun: { recent: unknown[] } }).trips.length;
    expect((sizes.at(-1) as number) - first).toBeLessThan(10_000 + open * 6000);
  });
});

const RICH = {
  upbit: { KRW: '900000000', BTC: '3000', ETH: '3000' },
  binance: { USDT: '400000', BTC: '3000', ETH: '2000' },
  bybit: { USDT: '400000', BTC: '3000', ETH: '4000' },
};
