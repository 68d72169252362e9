import type { DataOf } from '@arb/shared/contracts';
import { CoreBench, type Emitted, type Input, input, livedAndRestored, randomSequence, rateOf, started } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { make } from './index.ts';

type Decision = DataOf<'decision'>;

function decision(trip: string, change: Partial<Decision> = {}): Input<'decision'> {
  const coin = trip.slice(0, trip.indexOf('-'));
  const leg = (venue: string, quote: string, side: 'buy' | 'sell') => ({
    venue,
    symbol: `${coin}-${quote}`,
    side,
    quantity: '1',
    limit: '1',
    expected: '1',
  });
  const data: Decision = {
    kind: 'enter',
    trip,
    coin,
    route: { buy: 'binance', sell: 'upbit' },
    legs: [leg('binance', 'USDT', 'buy'), leg('upbit', 'KRW', 'sell')],
    notional: { amount: '500', currency: 'USDT' },
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

function position(trip: string, state: DataOf<'position'>['state']): Input<'position'> {
  const coin = trip.slice(0, trip.indexOf('-'));
  return input('position', [coin], { trip, coin, state, route: null, quantity: '0', pnl: null, parts: {}, why: '' });
}

const command = (what: string) => input('command', [what], { id: what, by: 'me', why: 'test' });

function begun(mode: 'ACTIVE' | 'REDUCE_ONLY' | 'HALTED' = 'ACTIVE'): CoreBench {
  const bench = new CoreBench(make, 'risk');
  bench.feed(started(undefined, { mode }));
  bench.feed(rateOf('KRW-USDT', 1500));
  bench.pass(100);
  return bench;
}

function verdict(bench: CoreBench, given: Input<'decision'>): DataOf<'verdict'> {
  const emitted = bench.feed(given) as unknown as Emitted<'verdict'>[];
  expect(emitted.length).toBe(1);
  return (emitted[0] as Emitted<'verdict'>).data;
}

/** Where a script is cut: often enough to meet every state. */
const CUTS = [1, 2, ...Array.from({ length: 60 }, (_, i) => 3 + i * 23)];

describe('risk', () => {
  it('allows an entry within all limits and hands the decision on', () => {
    const given = decision('BTC-1');
    expect(verdict(begun(), given)).toMatchObject({ outcome: 'ALLOW', trip: 'BTC-1', decision: given.data, rule: null, tier: null });
  });

  it('says nothing about a skipped decision, and refuses a rebalance', () => {
    const bench = begun();
    expect(bench.feed(decision('BTC-1', { kind: 'skipped', trip: null }))).toEqual([]);
    expect(verdict(bench, decision('BTC-1', { kind: 'rebalance' }))).toMatchObject({ outcome: 'BLOCK', rule: 'rebalance-not-offered' });
  });

  it('reserves exposure per coin until the trip has ended', () => {
    const bench = begun();
    expect(verdict(bench, decision('BTC-1', { notional: { amount: '600', currency: 'USDT' } })).outcome).toBe('ALLOW');
    expect(verdict(bench, decision('BTC-2'))).toMatchObject({
      outcome: 'BLOCK',
      tier: 'symbol',
      rule: 'coin-exposure',
      value: 1100,
      limit: 1000,
    });
    bench.feed(position('BTC-1', 'OPEN'));
    bench.feed(position('BTC-1', 'CLOSING'));
    expect(verdict(bench, decision('BTC-3')).outcome).toBe('BLOCK');
    bench.feed(position('BTC-1', 'CLOSED'));
    expect(verdict(bench, decision('BTC-4')).outcome).toBe('ALLOW');
  });

  it('holds the sum over all coins below the total limit, to the last digit', () => {
    const bench = begun();
    expect(verdict(bench, decision('BTC-1', { notional: { amount: '700', currency: 'USDT' } })).outcome).toBe('ALLOW');
    const over = decision('ETH-2', { notional: { amount: '500.00000001', currency: 'USDT' } });
    expect(verdict(bench, over)).toMatchObject({ outcome: 'BLOCK', tier: 'portfolio', rule: 'total-exposure', limit: 1200 });
    expect(verdict(bench, decision('ETH-3')).outcome).toBe('ALLOW');
  });

  it('releases what a trip reserved that was unwound or failed', () => {
    const bench = begun();
    for (const [i, state] of (['UNWOUND', 'FAILED', 'CLOSED'] as const).entries()) {
      expect(verdict(bench, decision(`BTC-${i}`, { notional: { amount: '1000', currency: 'USDT' } })).outcome).toBe('ALLOW');
      bench.feed(position(`BTC-${i}`, state));
    }
  });

  it('refuses a size in another currency than its limits have', () => {
    expect(verdict(begun(), decision('BTC-1', { notional: { amount: '500', currency: 'KRW' } }))).toMatchObject({
      outcome: 'BLOCK',
      rule: 'notional-currency',
    });
  });

  it('lets nothing in while reducing, and nothing at all while halted, until go-on', () => {
    const bench = begun();
    bench.feed(command('reduce-only'));
    expect(verdict(bench, decision('BTC-1'))).toMatchObject({ outcome: 'BLOCK', rule: 'mode-REDUCE_ONLY' });
    expect(verdict(bench, decision('BTC-1', { kind: 'exit' })).outcome).toBe('ALLOW');
    bench.feed(command('halt'));
    expect(verdict(bench, decision('BTC-1', { kind: 'exit' }))).toMatchObject({ outcome: 'BLOCK', rule: 'mode-HALTED' });
    bench.feed(command('go-on'));
    expect(verdict(bench, decision('BTC-1')).outcome).toBe('ALLOW');
  });

  it('begins in the mode that the session names, and keeps a halt through a child session', () => {
    const bench = begun('REDUCE_ONLY');
    expect(verdict(bench, decision('BTC-1')).rule).toBe('mode-REDUCE_ONLY');
    bench.feed(command('halt'));
    bench.enter('s2');
    bench.feed(started(undefined, { parent: { session: 's1', position: 5, reason: 'handover' } }));
    expect(verdict(bench, decision('BTC-1')).rule).toBe('mode-HALTED');
  });

  it('lets nothing in while the stream is nearly full, the journal lags or the rate is stale', () => {
    const bench = begun();
    bench.pass(100, { fill: 0.8, committed: 1, committedAt: bench.now });
    expect(verdict(bench, decision('BTC-1'))).toMatchObject({ tier: 'cross', rule: 'stream-full', value: 0.8, limit: 0.8 });
    bench.pass(100, { fill: 0, committed: 1, committedAt: null });
    expect(verdict(bench, decision('BTC-1'))).toMatchObject({ rule: 'journal-lag', value: null });
    bench.pass(100, { fill: 0, committed: 1, committedAt: bench.now - 5_000_000 });
    expect(verdict(bench, decision('BTC-1'))).toMatchObject({ rule: 'journal-lag', value: 5100, limit: 5000 });
    bench.pass(60_000);
    expect(verdict(bench, decision('BTC-1'))).toMatchObject({ rule: 'stale-fx', limit: 60_000, value: 60_400 });
    bench.feed(rateOf('KRW-USDT', 1500));
    expect(verdict(bench, decision('BTC-1')).outcome).toBe('ALLOW');
  });

  it('needs a rate it has never heard of before it lets won in', () => {
    const bench = new CoreBench(make, 'risk');
    bench.feed(started());
    bench.pass(100);
    expect(verdict(bench, decision('BTC-1'))).toMatchObject({ rule: 'stale-fx', value: null });
  });

  it('lets nothing in at a venue that is down, nor what is too old', () => {
    const bench = begun();
    expect(verdict(bench, decision('BTC-1', { validUntil: bench.now - 1 })).rule).toBe('too-old');
    bench.feed(
      input('health', ['upbit'], { venue: 'upbit', state: 'DOWN', why: '', latencyMs: null, reconnects: 0, conflated: 0, suspended: [] }),
    );
    expect(verdict(bench, decision('BTC-1'))).toMatchObject({ tier: 'exchange', rule: 'venue-DOWN' });
  });

  it('goes on from a snapshot as if it had never stopped', () => {
    const random = randomSequence('risk');
    const script: Input[] = [started()];
    let at = 1_700_000_000_000_000;
    for (let i = 0; i < 800; i++) {
      at += 50_000;
      const trip = `${['BTC', 'ETH', '1'][Math.floor(random() * 3)]}-${Math.floor(i / 20)}`;
      const kind = random();
      if (kind < 0.4) script.push({ ...decision(trip, random() < 0.3 ? { kind: 'exit' } : {}), at });
      else if (kind < 0.6) script.push({ ...position(trip, random() < 0.5 ? 'OPEN' : 'CLOSED'), at });
      else if (kind < 0.7) script.push({ ...rateOf('KRW-USDT', 1500), at });
      else if (kind < 0.72) script.push({ ...command(random() < 0.3 ? 'halt' : 'go-on'), at });
      else script.push(input('clock', [], { fill: random(), committed: 0, committedAt: at }, at));
    }
    const { lived, restored, emitted } = livedAndRestored(make, 'risk', script, CUTS);
    expect(new Set(emitted.map(({ data }) => (data as DataOf<'verdict'>).rule)).size).toBeGreaterThan(3);
    expect(restored).toBe(lived);
  });
});
