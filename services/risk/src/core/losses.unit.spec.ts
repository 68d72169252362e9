import type { RiskConfig } from '@arb/shared/core';
import { type CoreBench, rateOf } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { COINS, command, entry, exit, l2, lastGuard, position, roundTrip, trading, verdict } from '../testing.ts';
import { dayOf, endOfDay } from './day.ts';

const HOUR_MICROS = 3_600_000_000;
const NOON_UTC = Date.UTC(2026, 10, 20, 12) * 1000;

/** Trading at a time of the day. */
function at(micros: number, risk: Partial<RiskConfig>): CoreBench {
  const bench = trading(risk);
  later(bench, micros);
  return bench;
}

function later(bench: CoreBench, micros: number): void {
  bench.pass((micros - bench.now) / 1000);
  bench.feed(rateOf('KRW-USDT', 1500));
  for (const coin of COINS) bench.feed(l2(coin, 100));
}

describe('a day', () => {
  it.each([
    ['UTC', 24],
    ['KST', 15],
  ] as const)('in %s ends at %i:00 UTC', (boundary, hour) => {
    const midnight = Date.UTC(2026, 10, 20, hour) * 1000;
    expect(endOfDay(midnight - 1, boundary)).toBe(midnight);
    expect(endOfDay(midnight, boundary)).toBe(midnight + 24 * HOUR_MICROS);
    expect(dayOf(midnight, boundary)).toBe(dayOf(midnight - 1, boundary) + 1);
  });
});

describe('the loss of the day', () => {
  it('below its limit lets trading go on; at it, positions are only reduced', () => {
    const bench = trading({ maxDailyLoss: '100' });
    roundTrip(bench, 'BTC-1', '-60');
    expect(roundTrip(bench, 'BTC-2', '-39.99999999').outcome).toBe('ALLOW');
    expect(roundTrip(bench, 'BTC-3', '-0.00000001').outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-4'))).toMatchObject({
      outcome: 'BLOCK',
      tier: 'portfolio',
      rule: 'daily-loss',
      limit: 100,
      value: 100,
    });
    expect(verdict(bench, exit('BTC-9')).outcome).toBe('ALLOW');
    expect(lastGuard(bench)).toMatchObject({ mode: 'REDUCE_ONLY', rule: 'daily-loss', dailyPnl: { amount: '-100', currency: 'USDT' } });
  });

  it('is made good by what is earned on the same day', () => {
    const bench = trading({ maxDailyLoss: '100' });
    for (const [i, pnl] of ['-90', '50', '-50', '-5'].entries()) expect(roundTrip(bench, `BTC-${i}`, pnl).outcome).toBe('ALLOW');
    roundTrip(bench, 'BTC-9', '-5');
    expect(verdict(bench, entry('BTC-10')).rule).toBe('daily-loss');
  });

  it.each([
    ['UTC', 24],
    ['KST', 15],
  ] as const)('begins anew at midnight in %s, and trading with it', (dayBoundary, hour) => {
    const midnight = Date.UTC(2026, 10, 20, hour) * 1000;
    const bench = at(NOON_UTC, { maxDailyLoss: '100', dayBoundary });
    roundTrip(bench, 'BTC-1', '-100');
    later(bench, midnight - 1);
    expect(verdict(bench, entry('BTC-2')).rule).toBe('daily-loss');
    later(bench, midnight);
    expect(lastGuard(bench)).toMatchObject({
      mode: 'ACTIVE',
      dailyPnl: { amount: '0' },
      equity: { amount: '-100' },
      drawdown: { amount: '100' },
    });
    expect(roundTrip(bench, 'BTC-3', '-99').outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-4')).outcome).toBe('ALLOW');
  });

  it('counts from go-on when a person lets trading go on', () => {
    const bench = trading({ maxDailyLoss: '100' });
    roundTrip(bench, 'BTC-1', '-150');
    bench.feed(command('go-on'));
    expect(roundTrip(bench, 'BTC-2', '-99').outcome).toBe('ALLOW');
    expect(roundTrip(bench, 'BTC-3', '-1').outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-4'))).toMatchObject({ rule: 'daily-loss', value: 100 });
    expect(lastGuard(bench).dailyPnl.amount).toBe('-250');
  });

  it('counts a round trip that began on the day before on the day it ends', () => {
    const midnight = Date.UTC(2026, 10, 21) * 1000;
    const bench = at(midnight - 1, { maxDailyLoss: '100' });
    verdict(bench, entry('BTC-1'));
    later(bench, midnight);
    bench.feed(position('BTC-1', 'CLOSED', '-100'));
    expect(lastGuard(bench)).toMatchObject({ rule: 'daily-loss', dailyPnl: { amount: '-100' } });
  });

  it('in one coin closes the coin, at one venue the venue, until the day ends or a person opens it', () => {
    const bench = at(NOON_UTC, { maxCoinDailyLoss: '50', maxVenueDailyLoss: '80' });
    roundTrip(bench, 'BTC-1', '-50');
    expect(verdict(bench, entry('BTC-2', { buy: 'okx' }))).toMatchObject({
      outcome: 'BLOCK',
      tier: 'symbol',
      rule: 'coin-daily-loss',
      limit: 50,
    });
    expect(verdict(bench, entry('ETH-1', { coin: 'ETH' })).outcome).toBe('ALLOW');
    bench.feed(position('ETH-1', 'CLOSED', '-30', 'USDT', 'ETH'));
    expect(verdict(bench, entry('XRP-1', { coin: 'XRP' }))).toMatchObject({
      outcome: 'BLOCK',
      tier: 'exchange',
      rule: 'venue-daily-loss',
      limit: 80,
      value: 80,
    });
    bench.feed(command('resume', 'upbit'));
    expect(verdict(bench, entry('XRP-1', { coin: 'XRP' })).rule).toBe('venue-daily-loss');
    bench.feed(command('resume', 'binance'));
    expect(verdict(bench, entry('XRP-1', { coin: 'XRP' })).outcome).toBe('ALLOW');
    later(bench, NOON_UTC + 12 * HOUR_MICROS);
    expect(verdict(bench, entry('BTC-3')).outcome).toBe('ALLOW');
  });
});

describe('the drawdown', () => {
  it('is measured from the peak of the equity, not from where it began', () => {
    const bench = trading({ capital: '1000', maxDrawdown: '100' });
    for (const [i, pnl] of ['80', '-99', '50'].entries()) expect(roundTrip(bench, `BTC-${i}`, pnl).outcome).toBe('ALLOW');
    // Peak 1,080, now 1,031: 51 more.
    roundTrip(bench, 'BTC-4', '-51');
    expect(verdict(bench, entry('BTC-5'))).toMatchObject({ outcome: 'BLOCK', rule: 'drawdown', limit: 100, value: 100 });
    expect(lastGuard(bench)).toMatchObject({ equity: { amount: '980' }, drawdown: { amount: '100', currency: 'USDT' } });
  });

  it('outlasts the night, and ends with go-on', () => {
    const bench = at(NOON_UTC, { maxDrawdown: '100' });
    roundTrip(bench, 'BTC-1', '-100');
    later(bench, NOON_UTC + 24 * HOUR_MICROS);
    expect(verdict(bench, entry('BTC-2')).rule).toBe('drawdown');
    bench.feed(command('go-on'));
    expect(lastGuard(bench)).toMatchObject({ mode: 'ACTIVE', drawdown: { amount: '0' } });
    expect(roundTrip(bench, 'BTC-3', '-99').outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-4')).outcome).toBe('ALLOW');
  });
});

describe('the emergency stop', () => {
  it('halts everything, exits too, and no night ends it', () => {
    const bench = at(NOON_UTC, { maxDailyLoss: '100', emergencyStop: '200' });
    roundTrip(bench, 'BTC-1', '-99');
    verdict(bench, entry('BTC-2'));
    bench.feed(position('BTC-2', 'UNWOUND', '-100.99999999'));
    expect(lastGuard(bench).mode).toBe('REDUCE_ONLY');
    bench.feed(command('go-on'));
    verdict(bench, entry('BTC-3'));
    bench.feed(position('BTC-3', 'FAILED', '-200'));
    expect(lastGuard(bench)).toMatchObject({ mode: 'HALTED', rule: 'emergency-stop' });
    expect(verdict(bench, exit('BTC-9'))).toMatchObject({ outcome: 'BLOCK', rule: 'mode-HALTED' });
    later(bench, NOON_UTC + 24 * HOUR_MICROS);
    expect(verdict(bench, entry('BTC-4'))).toMatchObject({ rule: 'emergency-stop', limit: 200, value: 200 });
  });

  it('gives way to a person who wants positions closed, and then to go-on', () => {
    const bench = trading({ emergencyStop: '200' });
    roundTrip(bench, 'BTC-1', '-200');
    bench.feed(command('reduce-only'));
    expect(verdict(bench, exit('BTC-9')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-2')).rule).toBe('mode-REDUCE_ONLY');
    bench.feed(command('go-on'));
    expect(verdict(bench, entry('BTC-3')).outcome).toBe('ALLOW');
  });
});

describe('losses in a row', () => {
  it('let a route rest, not its coin on another route', () => {
    const bench = trading({ maxRouteLossesInRow: 2, routeCooldownMs: 5000 });
    roundTrip(bench, 'BTC-1', '-1');
    expect(roundTrip(bench, 'BTC-2', '-1').outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-3'))).toMatchObject({
      outcome: 'COOLDOWN',
      tier: 'route',
      rule: 'route-losses-in-row',
      limit: 2,
      value: 2,
    });
    expect(verdict(bench, entry('BTC-4', { buy: 'okx' })).outcome).toBe('ALLOW');
    bench.pass(4999);
    expect(verdict(bench, entry('BTC-5')).outcome).toBe('COOLDOWN');
    bench.pass(1);
    expect(roundTrip(bench, 'BTC-6', '-1').outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-7')).outcome).toBe('ALLOW');
  });

  it('let a coin rest on all its routes, until its time or until a person says so', () => {
    const bench = trading({ maxCoinLossesInRow: 2, coinCooldownMs: 30_000 });
    roundTrip(bench, 'BTC-1', '-1');
    roundTrip(bench, 'BTC-2', '-1', { buy: 'okx' });
    expect(verdict(bench, entry('BTC-3'))).toMatchObject({ outcome: 'COOLDOWN', tier: 'symbol', rule: 'coin-losses-in-row' });
    expect(verdict(bench, entry('ETH-1', { coin: 'ETH' })).outcome).toBe('ALLOW');
    bench.feed(command('resume', 'BTC'));
    expect(verdict(bench, entry('BTC-4')).outcome).toBe('ALLOW');
  });

  it('are ended by a win, and not by what neither won nor lost', () => {
    const bench = trading({ maxCoinLossesInRow: 3 });
    for (const [i, pnl] of ['-1', '-1', '1', '-1', '0', '-1'].entries()) expect(roundTrip(bench, `BTC-${i}`, pnl).outcome).toBe('ALLOW');
    expect(roundTrip(bench, 'BTC-8', '-1').outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-9')).outcome).toBe('COOLDOWN');
  });

  it('over all coins only reduce for their time, and then count from one', () => {
    const bench = trading({ maxLossesInRow: 3, lossBreakerMs: 6000 });
    for (const [i, coin] of COINS.entries()) expect(roundTrip(bench, `${coin}-${i}`, '-1', { coin }).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-4'))).toMatchObject({ outcome: 'BLOCK', tier: 'cross', rule: 'losses-in-row', limit: 3, value: 3 });
    bench.pass(5999);
    expect(lastGuard(bench)).toMatchObject({
      mode: 'REDUCE_ONLY',
      closed: [{ what: 'all', rule: 'losses-in-row', until: bench.now + 1000 }],
    });
    bench.pass(1);
    expect(lastGuard(bench)).toMatchObject({ mode: 'ACTIVE', closed: [] });
    expect(roundTrip(bench, 'BTC-5', '-1').outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-6')).outcome).toBe('ALLOW');
  });
});

describe('a result', () => {
  it('in another currency than the limits is never added: nothing is entered until a person has looked', () => {
    const bench = trading();
    verdict(bench, entry('BTC-1'));
    bench.feed(position('BTC-1', 'CLOSED', '-150000', 'KRW'));
    expect(verdict(bench, entry('BTC-2'))).toMatchObject({ outcome: 'BLOCK', rule: 'pnl-currency' });
    expect(lastGuard(bench)).toMatchObject({
      mode: 'REDUCE_ONLY',
      dailyPnl: { amount: '0', currency: 'USDT' },
      numbers: { unknownResults: 1 },
    });
    bench.feed(command('go-on'));
    expect(verdict(bench, entry('BTC-3')).outcome).toBe('ALLOW');
  });

  it('counts once, and only of a trip that was let in', () => {
    const bench = trading({ maxDailyLoss: '100' });
    bench.feed(position('BTC-0', 'CLOSED', '-100'));
    roundTrip(bench, 'BTC-1', '-60');
    bench.feed(position('BTC-1', 'CLOSED', '-60'));
    expect(verdict(bench, entry('BTC-2')).numbers.dailyPnl).toBe(-60);
  });
});
