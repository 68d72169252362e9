import type { DataOf } from '@arb/shared/contracts';
import { CoreBench, type Emitted, type Input, input, livedAndRestored, randomSequence, rateOf, started } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import {
  balances,
  begun,
  blocked,
  DEAR_BINANCE,
  DEAR_UPBIT,
  decided,
  decisions,
  exits,
  FLAT,
  fill,
  health,
  l2,
  position,
  rules,
  trip,
  withStrategy,
} from '../testing.ts';
import { make } from './index.ts';
import { tagOf } from './trip.ts';

/** Where a script is cut: often enough to meet every state. */
const CUTS = [1, 2, ...Array.from({ length: 60 }, (_, i) => 3 + i * 23)];

describe('strategy', () => {
  it('buys where it is cheap and sells where it is dear once the edge after both fees is enough', () => {
    const decision = decided(begun(), DEAR_UPBIT);
    expect(decision).toMatchObject({
      kind: 'enter',
      trip: trip(1),
      route: { buy: 'binance', sell: 'upbit' },
      notional: { amount: '500', currency: 'USDT' },
      legs: [
        { venue: 'binance', symbol: 'BTC-USDT', side: 'buy', quantity: '4.99950004', expected: '100.01' },
        { venue: 'upbit', symbol: 'BTC-KRW', side: 'sell', quantity: '4.99950004', expected: '150765' },
      ],
    });
    // (100.51 · (1 − 5 bps) − 100.01 · (1 + 10 bps)) / 100.01
    expect(decision.edgeBps).toBeCloseTo(34.97, 1);
    expect(Number(decision.legs[0]?.limit)).toBeCloseTo(100.01 * 1.0005, 6);
    expect(Number(decision.legs[1]?.limit)).toBeCloseTo(150_765 * 0.9995, 3);
    expect(Object.keys(decision.numbers)).toEqual(
      expect.arrayContaining(['buyAverage', 'sellAverage', 'buyFeeBps', 'sellFeeBps', 'sellRate']),
    );
  });

  it('numbers the round trips of each coin by themselves', () => {
    const bench = begun();
    const entered = [DEAR_UPBIT, { ...l2([100.95, 101], [100, 100.01], { coin: 'ETH' }) }].map((given) => decided(bench, given).trip);
    expect(entered).toEqual([trip(1), trip(1, 'ETH')]);
  });

  it('takes the other route when the other venue is dear', () => {
    expect(decided(begun(), DEAR_BINANCE).route).toEqual({ buy: 'upbit', sell: 'binance' });
  });

  it.each([
    ['min-edge', FLAT],
    ['abnormal-quote', l2([110, 110.1], [100, 100.01])],
    ['depth', l2([100.51, 100.52], [100, 100.01], { asks: [[100.01, 0.1, 1, 100.01]] })],
    ['fresh-venues', l2([100.51, 100.52], [100, 100.01], { venues: DEAR_UPBIT.data.venues.map((line) => ({ ...line, state: 'stale' })) })],
  ])('says by the rule %s why it does not enter', (rule, given) => {
    expect(decided(begun(), given)).toMatchObject({ kind: 'skipped', rule, trip: null, legs: [] });
  });

  it('does not sell coins that the venue does not hold, nor buy with money it does not hold', () => {
    const bench = begun();
    bench.feed(balances('upbit', { KRW: '50000000', BTC: '4' }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'inventory-base', value: 4, limit: 4.99950004 });
    bench.feed(balances('upbit', { KRW: '50000000', BTC: '50' }));
    bench.feed(balances('binance', { USDT: '400', BTC: '50' }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'inventory-quote', value: 400 });
  });

  it('does not enter at a venue that is down, nor in a coin that is paused', () => {
    const bench = begun();
    bench.feed(health('upbit', { state: 'DOWN' }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'venue', why: 'upbit is DOWN' });
    bench.feed(health('upbit'));
    bench.feed(input('command', ['pause'], { id: '1', by: 'me', why: 'test', target: 'BTC' }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'paused' });
    bench.feed(input('command', ['resume'], { id: '2', by: 'me', why: 'test', target: 'BTC' }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'enter' });
  });

  it('says the same refusal of a coin once in five seconds', () => {
    const bench = begun();
    for (let i = 0; i < 49; i++) {
      bench.feed(FLAT);
      bench.pass(100);
    }
    expect(rules(bench)).toEqual(['skipped min-edge']);
    bench.pass(100);
    bench.feed(FLAT);
    expect(rules(bench)).toEqual(['skipped min-edge', 'skipped min-edge']);
  });

  it('has one round trip per coin at a time, and rests after it', () => {
    const bench = begun();
    bench.feed(DEAR_UPBIT);
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'skipped', rule: 'coin-trips', limit: 1, value: 1 });
    bench.feed(blocked(trip(1)));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'skipped', rule: 'cooldown', limit: 500 });
    bench.pass(500);
    expect(decided(bench, DEAR_UPBIT).trip).toBe(trip(2));
  });

  it('goes back once that costs no more than the limit, with the quantity that is open', () => {
    const bench = begun();
    bench.feed(DEAR_UPBIT);
    bench.feed(position(trip(1), 'OPEN', '3.5'));
    expect(exits(bench.feed(FLAT))).toEqual([]);
    expect(decided(bench, DEAR_BINANCE)).toMatchObject({
      kind: 'exit',
      trip: trip(1),
      rule: 'spread-reversal',
      route: { buy: 'upbit', sell: 'binance' },
      legs: [
        { venue: 'upbit', side: 'buy', quantity: '3.5' },
        { venue: 'binance', side: 'sell', quantity: '3.5' },
      ],
    });
    bench.feed(position(trip(1), 'CLOSING', '3.5'));
    expect(exits(bench.feed(DEAR_BINANCE))).toEqual([]);
    bench.feed(position(trip(1), 'CLOSED', '0'));
    bench.pass(500);
    expect(decided(bench, DEAR_BINANCE)).toMatchObject({ kind: 'enter', trip: trip(2) });
  });

  it('goes back after the longest time, but only on a fresh book', () => {
    const bench = begun();
    bench.feed(DEAR_UPBIT);
    bench.feed(position(trip(1), 'OPEN', '3.5'));
    expect(bench.pass(20_000)).toEqual([]);
    const stale = DEAR_UPBIT.data.venues.map((line) => ({ ...line, state: 'stale' as const }));
    expect(exits(bench.feed(l2([100.51, 100.52], [100, 100.01], { venues: stale })))).toEqual([]);
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'exit', rule: 'max-hold', limit: 20 });
  });

  it('tries again, after a rest, an exit that was refused or left something open', () => {
    const bench = begun();
    bench.feed(DEAR_UPBIT);
    bench.feed(position(trip(1), 'OPEN', '3.5'));
    bench.feed(DEAR_BINANCE);
    bench.feed(blocked(trip(1)));
    expect(exits(bench.feed(DEAR_BINANCE))).toEqual([]);
    bench.pass(500);
    expect(decided(bench, DEAR_BINANCE)).toMatchObject({ kind: 'exit' });
    bench.feed(blocked(trip(1)));
    bench.pass(500);
    expect(exits(bench.feed(DEAR_BINANCE))).toEqual([]);
    bench.pass(500);
    expect(decided(bench, DEAR_BINANCE)).toMatchObject({ kind: 'exit', numbers: { failedExits: 2 } });
    bench.feed(position(trip(1), 'OPEN', '0.5'));
    bench.pass(500);
    expect(decided(bench, DEAR_BINANCE).legs[0]?.quantity).toBe('0.5');
  });

  it('carries an open trip and the count of trips into a child session', () => {
    const bench = begun();
    bench.feed(DEAR_UPBIT);
    bench.feed(position(trip(1), 'OPEN', '3.5'));
    bench.enter('s2');
    bench.feed(started(undefined, { parent: { session: 's1', position: 9, reason: 'handover' } }));
    const [exit] = bench.feed(DEAR_BINANCE) as unknown as Emitted<'decision'>[];
    expect(exit?.data.trip).toBe(trip(1));
    expect(exit?.basis).toEqual([]);
    bench.feed(position(trip(1), 'CLOSED', '0'));
    bench.pass(500);
    expect(decided(bench, DEAR_BINANCE).trip).toBe(trip(2, 'BTC', tagOf('s2', 'abcdefgh')));
  });

  it('names no trip as another session does, not even one of the same seed that begins from nothing', () => {
    const ids = ['s1', 's2'].flatMap((session) => ['abcdefgh', 'hgfedcba'].map((boot) => tagOf(session, boot)));
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{7}$/);
  });

  it.each([
    ['all', undefined],
    ['a coin', 'BTC'],
    ['a venue', 'upbit'],
    ['a route', 'BTC:binance>upbit'],
    ['a trip', trip(1)],
  ])('closes what a person wants flat: %s', (_, target) => {
    const bench = begun();
    bench.feed(DEAR_UPBIT);
    bench.feed(position(trip(1), 'OPEN', '3.5'));
    for (const other of ['ETH', 'okx', 'BTC:upbit>binance', trip(2)]) {
      bench.feed(input('command', ['flatten'], { id: '1', by: 'me', why: 'test', target: other }));
      expect(bench.feed(DEAR_UPBIT).filter(({ data }) => (data as { kind: string }).kind === 'exit')).toEqual([]);
    }
    bench.feed(input('command', ['flatten'], { id: '2', by: 'me', why: 'test', ...(target === undefined ? {} : { target }) }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'exit', rule: 'flatten' });
  });

  it('goes on from a snapshot as if it had never stopped', () => {
    const random = randomSequence('strategy');
    const config = withStrategy({
      feesFrom: 'venue',
      slippageBps: 0.5,
      inventoryCostBps: 1,
      maxTripsPerCoin: 2,
      rebalanceImbalance: 0.3,
      rebalanceSeconds: 1,
      transfers: { BTC: { seconds: 1, fee: '0.1', minimum: '1' } },
    });
    const script: Input[] = [started(config), balances('upbit', { KRW: '50000000', BTC: '50', '1': '9999' })];
    script.push(balances('binance', { USDT: '40000', BTC: '50' }));
    // Answers to a decision name the trip that it began: one core lives along and says which.
    const guide = new CoreBench(make, 'strategy');
    const entered = (emitted: Emitted[]) =>
      decisions(emitted).flatMap(({ kind, trip }) => (kind === 'enter' && trip !== null ? [trip] : []));
    let seen = 0;
    const ids: string[] = [];
    let at = 1_700_000_000_000_000;
    for (let i = 0; i < 1_500; i++) {
      at += 50_000;
      while (seen < script.length) ids.push(...entered(guide.feed(script[seen++] as Input)));
      const named = ids.at(-1 - Math.floor(random() * 3)) ?? ids[0] ?? 'BTC-none-1';
      const kind = random();
      const gap = (random() - 0.5) * 2;
      if (kind < 0.6) script.push({ ...l2([100 + gap, 100.01 + gap], [100, 100.01], random() < 0.3 ? { coin: '1' } : {}), at });
      else if (kind < 0.62)
        script.push({ ...balances('upbit', { KRW: '50000000', BTC: String(Math.floor(random() * 100)), '1': '9999' }), at });
      else if (kind < 0.625) {
        const symbol = { symbol: 'BTC-KRW', tick: '10', lot: '0.001', minNotional: '5000' };
        const fees = { maker: '0', taker: random() < 0.5 ? '0.0004' : '0.0006' };
        script.push(input('instruments', ['upbit'], { venue: 'upbit', fees, bands: [], symbols: [symbol] }, at));
      } else if (kind < 0.63) script.push(input('universe', [], { coins: ['BTC', '1'], mode: 'FIXED_LIST', why: '' }, at));
      else if (kind < 0.632) script.push(input('session.resumed', [], { boot: 'abcdefgh', term: i }, at));
      else if (kind < 0.64) {
        const [venue, side] = random() < 0.5 ? (['upbit', 'buy'] as const) : (['binance', 'sell'] as const);
        script.push({ ...fill(named, venue, side, '100', '0.1', random() * 4 - 1), at });
      } else if (kind < 0.66) script.push({ ...health('upbit', { state: random() < 0.5 ? 'DEGRADED' : 'HEALTHY' }), at });
      else if (kind < 0.68) script.push({ ...rateOf('KRW-USDT', 1500), at });
      else if (kind < 0.7) {
        const what = ['pause', 'resume', 'resume', 'flatten'][Math.floor(random() * 4)] as string;
        script.push(input('command', [what], { id: String(i), by: 'me', why: 'test', target: random() < 0.5 ? 'BTC' : 'upbit' }, at));
      } else if (kind < 0.8) script.push(input('clock', [], { fill: 0, committed: 0, committedAt: null }, at));
      else if (kind < 0.85) script.push({ ...position(named, 'OPEN', '1.5'), at });
      else if (kind < 0.9) script.push({ ...position(named, 'CLOSED', '0'), at });
      else script.push({ ...blocked(named), at });
    }
    const { lived, restored, emitted } = livedAndRestored(make, 'strategy', script, CUTS);
    expect(new Set(emitted.map(({ data }) => (data as DataOf<'decision'>).kind))).toEqual(
      new Set(['enter', 'exit', 'rebalance', 'skipped']),
    );
    expect(restored).toBe(lived);
  });
});
