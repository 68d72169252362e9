import type { CoreBench } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { command, entry, health, lastGuard, move, trading, verdict } from '../testing.ts';

describe('inventory that is to be sent', () => {
  it('is allowed as it was decided, whatever its worth, and nothing is reserved for it', () => {
    const bench = trading({ maxExposure: '500', maxPerCoin: '500' });
    const given = move('BTC-7', {}, { notional: { amount: '90000', currency: 'USDT' } });
    expect(verdict(bench, given)).toMatchObject({ outcome: 'ALLOW', trip: 'BTC-7', decision: given.data, firstRule: null, rule: null });
    expect(verdict(bench, move('BTC-8', {}, { notional: null })).outcome).toBe('ALLOW');
    bench.feed(command('go-on'));
    expect(lastGuard(bench)).toMatchObject({ exposure: { amount: '0' }, numbers: { trips: 0, allowed: 2 } });
    expect(verdict(bench, entry('BTC-9', { notional: '500' })).outcome).toBe('ALLOW');
  });

  const wrong: readonly [string, string, (bench: CoreBench) => unknown][] = [
    ['while trading is halted', 'mode-HALTED', (bench) => bench.feed(command('halt'))],
    ['while positions are only reduced', 'mode-REDUCE_ONLY', (bench) => bench.feed(command('reduce-only'))],
    ['from a paused venue', 'venue-paused', (bench) => bench.feed(command('pause', 'binance'))],
    ['of a paused coin', 'coin-paused', (bench) => bench.feed(command('pause', 'BTC'))],
    ['from a venue that is down', 'venue-DOWN', (bench) => bench.feed(health('binance', 'DOWN'))],
    ['to a venue that shows nothing new', 'venue-FROZEN', (bench) => bench.feed(health('upbit', 'FROZEN'))],
    ['where a wallet is closed', 'coin-suspended', (bench) => bench.feed(health('upbit', 'HEALTHY', { suspended: ['BTC'] }))],
    [
      'of a coin under a warning',
      'coin-warned',
      (bench) => bench.feed(health('upbit', 'HEALTHY', { warned: [{ coin: 'BTC', what: 'delisting' }] })),
    ],
    ['onto a full stream', 'stream-full', (bench) => bench.pass(100, { fill: 0.9, committed: 0, committedAt: bench.now })],
    ['past a journal that is late', 'journal-lag', (bench) => bench.pass(6000, { fill: 0, committed: 0, committedAt: bench.now })],
  ];
  it.each(wrong)('is refused %s', (_, rule, make) => {
    const bench = trading();
    make(bench);
    expect(verdict(bench, move('BTC-7'))).toMatchObject({ outcome: 'BLOCK', firstRule: rule, rule, decision: null });
  });

  it('is refused too late, and elsewhere than its route says', () => {
    const bench = trading();
    expect(verdict(bench, move('BTC-1', {}, { validUntil: bench.now - 1 })).rule).toBe('too-old');
    expect(verdict(bench, move('BTC-1', {}, { route: null })).rule).toBe('transfer-off-route');
    for (const sent of [{ from: 'okx' }, { to: 'okx' }, { currency: 'ETH' }, { from: 'upbit' }])
      expect(verdict(bench, move('BTC-1', sent)).rule).toBe('transfer-off-route');
    expect(verdict(bench, move('BTC-1', { from: 'upbit' }, { route: { buy: 'upbit', sell: 'upbit' } })).rule).toBe('transfer-off-route');
    const { transfer: _, ...without } = move('BTC-1').data;
    expect(verdict(bench, { ...move('BTC-1'), data: without }).rule).toBe('transfer-off-route');
  });
});
