import { input } from '@arb/shared/core/testing';
import { formatDecimal, parseDecimal } from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import { balance, configWith, entry, exit, health, l2, position, trading, verdict } from '../testing.ts';
import { mostSize } from './rules/symbol.ts';
import { settingsOf } from './settings.ts';

describe('a verdict', () => {
  it('hands an allowed decision on as it is, and names no rule', () => {
    const given = entry('BTC-1');
    expect(verdict(trading(), given)).toMatchObject({
      outcome: 'ALLOW',
      trip: 'BTC-1',
      decision: given.data,
      firstRule: null,
      rule: null,
      tier: null,
      numbers: { asked: 500, granted: 500, exposure: 500, 'rate KRW-USDT': 1500 },
    });
  });

  it('is not asked for by a skipped decision', () => {
    expect(trading().feed(entry(null, {}, { kind: 'skipped' }))).toEqual([]);
  });

  it('refuses a round trip that is open already, that has no name, no route, or legs elsewhere', () => {
    const bench = trading();
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({ outcome: 'BLOCK', tier: 'route', rule: 'trip-not-new' });
    expect(verdict(bench, entry(null)).rule).toBe('trip-not-new');
    expect(verdict(bench, entry('BTC-2', {}, { route: null })).rule).toBe('legs-off-route');
    expect(verdict(bench, entry('BTC-2', {}, { route: { buy: 'okx', sell: 'upbit' } })).rule).toBe('legs-off-route');
    expect(verdict(bench, entry('BTC-2', { buy: 'upbit', sell: 'upbit' })).rule).toBe('legs-off-route');
  });

  it('refuses a size in another currency than its limits have, and one of nothing', () => {
    for (const notional of [
      { amount: '500', currency: 'KRW' },
      { amount: '0', currency: 'USDT' },
      { amount: '-1', currency: 'USDT' },
      null,
    ])
      expect(verdict(trading(), entry('BTC-1', {}, { notional }))).toMatchObject({ outcome: 'BLOCK', rule: 'notional-currency' });
  });

  it('refuses a decision whose legs are worth more than it says, at the rate of now', () => {
    const given = (trip: string, quantity: string, buy: string, expected: string) => {
      const { data, ...rest } = entry(trip, { buy, sell: buy === 'upbit' ? 'okx' : 'upbit', quantity });
      return { ...rest, data: { ...data, legs: data.legs.map((leg) => ({ ...leg, expected })) } };
    };
    expect(verdict(trading(), given('BTC-1', '5.5', 'binance', '100')).outcome).toBe('ALLOW');
    expect(verdict(trading(), given('BTC-1', '5.51', 'binance', '100'))).toMatchObject({ outcome: 'BLOCK', rule: 'notional-understated' });
    expect(verdict(trading(), given('BTC-1', '5.5', 'upbit', '150000')).outcome).toBe('ALLOW');
    expect(verdict(trading(), given('BTC-1', '5.51', 'upbit', '150000'))).toMatchObject({ limit: 550, value: 551 });
  });

  it('names the first rule that triggered and the one that decided: a refusal over a reduction, the tightest of reductions', () => {
    const bench = trading({ leastNotional: '100', maxPerRoute: '400', maxPositionSize: '300', maxExposure: '450' });
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({
      outcome: 'REDUCE',
      firstRule: 'route-exposure',
      rule: 'position-size',
      tier: 'symbol',
      limit: 300,
      value: 500,
      decision: { notional: { amount: '300', currency: 'USDT' } },
    });
    bench.pass(100, { fill: 0.9, committed: 0, committedAt: bench.now });
    expect(verdict(bench, entry('BTC-2'))).toMatchObject({
      outcome: 'BLOCK',
      firstRule: 'route-exposure',
      rule: 'stream-full',
      tier: 'cross',
      decision: null,
    });
  });

  it('puts a refusal for now over a reduction, and one for good over it', () => {
    const bench = trading({ leastNotional: '100', maxEntriesPerRoute: 1, routeWindowMs: 1000, maxPositionSize: '600', maxTripsPerCoin: 1 });
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-2', { notional: '700' }))).toMatchObject({
      outcome: 'BLOCK',
      firstRule: 'route-frequency',
      rule: 'trips-per-coin',
    });
    bench.feed(position('BTC-1', 'CLOSED', '0'));
    expect(verdict(bench, entry('BTC-3', { notional: '700' }))).toMatchObject({ outcome: 'COOLDOWN', rule: 'route-frequency' });
    bench.pass(1000);
    expect(verdict(bench, entry('BTC-4', { notional: '700' }))).toMatchObject({ outcome: 'REDUCE', rule: 'position-size' });
  });
});

describe('what is reserved', () => {
  it('is held until the trip has ended, however it ended, and once only', () => {
    const bench = trading({ maxPerCoin: '1000' });
    for (const [i, state] of (['UNWOUND', 'FAILED', 'CLOSED'] as const).entries()) {
      expect(verdict(bench, entry(`BTC-${i}`, { notional: '1000' })).outcome).toBe('ALLOW');
      bench.feed(position(`BTC-${i}`, 'OPEN'));
      bench.feed(position(`BTC-${i}`, 'CLOSING'));
      expect(verdict(bench, entry('BTC-x', { notional: '0.01' })).rule).toBe('coin-exposure');
      bench.feed(position(`BTC-${i}`, state, '0'));
      bench.feed(position(`BTC-${i}`, state, '0'));
    }
    expect(verdict(bench, entry('BTC-9')).numbers.exposure).toBe(500);
  });

  it('is what was granted, not what was asked for', () => {
    const bench = trading({ leastNotional: '100', maxPositionSize: '300' });
    expect(verdict(bench, entry('BTC-1')).numbers).toMatchObject({ asked: 500, granted: 300, exposure: 500 });
    expect(verdict(bench, entry('BTC-2')).numbers).toMatchObject({ exposure: 800 });
  });
});

/** Each limit on exposure: what is open first, and what it then holds a further entry of 500 against. */
const EXPOSURES = [
  { rule: 'venue-exposure', tier: 'exchange', setting: 'maxPerVenue', open: { coin: 'ETH', buy: 'okx', sell: 'upbit' } },
  { rule: 'route-exposure', tier: 'route', setting: 'maxPerRoute', open: {} },
  { rule: 'coin-exposure', tier: 'symbol', setting: 'maxPerCoin', open: { buy: 'okx', sell: 'binance' } },
  { rule: 'total-exposure', tier: 'portfolio', setting: 'maxExposure', open: { coin: 'ETH', buy: 'okx', sell: 'binance' } },
  { rule: 'pair-exposure', tier: 'cross', setting: 'maxPerVenuePair', open: { coin: 'ETH', buy: 'upbit', sell: 'binance' } },
] as const;

describe.each(EXPOSURES)('the limit $rule', ({ rule, tier, setting, open }) => {
  const opened = (limit: string, least?: string) => {
    const bench = trading({ [setting]: limit, ...(least === undefined ? {} : { leastNotional: least }) });
    expect(verdict(bench, entry('OPEN-1', { ...open, notional: '500' })).outcome).toBe('ALLOW');
    return bench;
  };

  it('allows what stays below it and what reaches it', () => {
    expect(verdict(opened('1000.00000001'), entry('BTC-2')).outcome).toBe('ALLOW');
    expect(verdict(opened('1000'), entry('BTC-2')).outcome).toBe('ALLOW');
  });

  it('reduces what is above it to what is left, to the last digit', () => {
    expect(verdict(opened('999.99999999', '100'), entry('BTC-2'))).toMatchObject({
      outcome: 'REDUCE',
      tier,
      rule,
      value: 1000,
      decision: { notional: { amount: '499.99999999', currency: 'USDT' } },
    });
  });

  it('refuses what it would leave too little of, and all that is above it where nothing is reduced', () => {
    expect(verdict(opened('600', '100'), entry('BTC-2')).outcome).toBe('REDUCE');
    expect(verdict(opened('599.99999999', '100'), entry('BTC-2'))).toMatchObject({ outcome: 'BLOCK', tier, rule });
    expect(verdict(opened('999.99999999'), entry('BTC-2'))).toMatchObject({ outcome: 'BLOCK', tier, rule });
  });
});

describe('exchange rules', () => {
  it.each(['DOWN', 'FROZEN'] as const)('let nothing in at a venue that is %s, on either side', (state) => {
    for (const venue of ['upbit', 'binance']) {
      const bench = trading();
      bench.feed(health(venue, state));
      expect(verdict(bench, entry('BTC-1'))).toMatchObject({ outcome: 'BLOCK', tier: 'exchange', rule: `venue-${state}` });
      bench.feed(health(venue, 'HEALTHY'));
      expect(verdict(bench, entry('BTC-2')).outcome).toBe('ALLOW');
    }
  });

  it('let a part in at a venue that is degraded', () => {
    const bench = trading({ degradedShare: 0.5, leastNotional: '100' });
    bench.feed(health('upbit', 'DEGRADED'));
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({ outcome: 'REDUCE', rule: 'venue-DEGRADED', limit: 250, value: 500 });
  });

  it('let no coin in that is suspended or warned of at one of its two venues', () => {
    const bench = trading();
    bench.feed(health('okx', 'HEALTHY', { suspended: ['BTC'] }));
    bench.feed(health('upbit', 'HEALTHY', { suspended: ['ETH'], warned: [{ coin: 'XRP', what: 'delisting' }] }));
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('ETH-1', { coin: 'ETH' })).rule).toBe('coin-suspended');
    expect(verdict(bench, entry('XRP-1', { coin: 'XRP' })).rule).toBe('coin-warned');
  });

  it('let nothing in before both venues have a fresh book', () => {
    const bench = trading();
    bench.feed(l2('BTC', 100, ['upbit']));
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({ outcome: 'BLOCK', tier: 'exchange', rule: 'no-fresh-book' });
    expect(verdict(bench, entry('BTC-1', { buy: 'binance', sell: 'okx' })).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('SOL-1', { coin: 'SOL' })).rule).toBe('no-fresh-book');
  });
});

describe('route rules', () => {
  it('let in what is acted on at its last moment, and nothing that is too old', () => {
    const bench = trading();
    expect(verdict(bench, entry('BTC-1', {}, { validUntil: bench.now })).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-2', {}, { validUntil: bench.now - 1 }))).toMatchObject({ tier: 'route', rule: 'too-old' });
  });

  it('let only so many entries in within their time, and more once the first of them lies behind it', () => {
    const bench = trading({ maxEntriesPerRoute: 2, routeWindowMs: 1000 });
    for (const trip of ['BTC-1', 'BTC-2']) {
      expect(verdict(bench, entry(trip)).outcome).toBe('ALLOW');
      bench.pass(400);
    }
    expect(verdict(bench, entry('BTC-3'))).toMatchObject({
      outcome: 'COOLDOWN',
      tier: 'route',
      rule: 'route-frequency',
      limit: 2,
      value: 2,
    });
    expect(verdict(bench, entry('BTC-4', { buy: 'upbit', sell: 'binance' })).outcome).toBe('ALLOW');
    bench.pass(199);
    expect(verdict(bench, entry('BTC-5')).outcome).toBe('COOLDOWN');
    bench.pass(1);
    expect(verdict(bench, entry('BTC-6')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-7')).outcome).toBe('COOLDOWN');
  });
});

describe('symbol rules', () => {
  it('let only so many round trips of a coin be open', () => {
    const bench = trading({ maxTripsPerCoin: 2 });
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-2')).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-3'))).toMatchObject({ outcome: 'BLOCK', tier: 'symbol', rule: 'trips-per-coin', limit: 2, value: 3 });
    expect(verdict(bench, entry('ETH-4', { coin: 'ETH' })).outcome).toBe('ALLOW');
  });

  it('hold the size of one round trip below, at and above its limit', () => {
    const bench = trading({ maxPositionSize: '1000', leastNotional: '100' });
    expect(verdict(bench, entry('BTC-1', { notional: '999.99999999' })).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-2', { notional: '1000' })).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-3', { notional: '1000.00000001' }))).toMatchObject({
      outcome: 'REDUCE',
      rule: 'position-size',
      decision: { notional: { amount: '1000' } },
    });
  });

  it('shrink the size in proportion to a volatility above its limit', () => {
    const settings = settingsOf(configWith({ maxPositionSize: '1000', highVolatilityBps: 10 }));
    const size = (volatility: number | null) => formatDecimal(mostSize(settings, volatility) ?? parseDecimal('-1'));
    expect([null, 0, 9.9, 10, 12.5, 20, 30].map(size)).toEqual(['1000', '1000', '1000', '1000', '800', '500', '333']);
  });

  it('measure the volatility from sample to sample', () => {
    const bench = trading({ maxPositionSize: '600', highVolatilityBps: 100, volatilitySampleMs: 1000, leastNotional: '100' });
    expect(verdict(bench, entry('BTC-1')).numbers.volatilityBps).toBeNull();
    bench.feed(l2('BTC', 100));
    bench.pass(1000);
    bench.feed(l2('BTC', 102));
    // 200 bps in the one sample there is: 300 of the 600 may be taken.
    const said = verdict(bench, entry('BTC-2'));
    expect(said).toMatchObject({ outcome: 'REDUCE', rule: 'position-size', limit: 300 });
    expect(said.numbers.volatilityBps).toBeCloseTo(200, 6);
    for (let i = 0; i < 50; i++) {
      bench.pass(1000);
      bench.feed(l2('BTC', 102));
    }
    expect(verdict(bench, entry('BTC-3')).outcome).toBe('ALLOW');
  });

  it('take no move of the price for one when a venue joins or leaves the merge, nor over a pause', () => {
    const bench = trading({ volatilitySampleMs: 1000, breakerMoveBps: 100 });
    bench.pass(1000);
    bench.feed(l2('BTC', 105, ['okx']));
    bench.pass(4000);
    bench.feed(l2('BTC', 110, ['okx']));
    const said = verdict(bench, entry('BTC-1'));
    expect(said.outcome).toBe('ALLOW');
    expect(said.numbers.volatilityBps).toBeNull();
  });

  it('break the circuit of a coin whose price jumps, for its time', () => {
    const bench = trading({ volatilitySampleMs: 1000, breakerMoveBps: 150, breakerMs: 5000 });
    bench.feed(l2('BTC', 101.4));
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    bench.feed(l2('BTC', 98.4));
    expect(verdict(bench, entry('BTC-2'))).toMatchObject({ outcome: 'BLOCK', tier: 'symbol', rule: 'coin-breaker', limit: 150 });
    expect(verdict(bench, entry('ETH-2', { coin: 'ETH' })).outcome).toBe('ALLOW');
    bench.pass(4999);
    expect(verdict(bench, entry('BTC-3')).rule).toBe('coin-breaker');
    bench.pass(1);
    expect(verdict(bench, entry('BTC-4')).outcome).toBe('ALLOW');
  });

  it('allot a part of the equity to a coin: of the capital and what was earned since', () => {
    const bench = trading({ capital: '2000', maxAllocation: 0.3, leastNotional: '100' });
    expect(verdict(bench, entry('BTC-1', { notional: '600' })).outcome).toBe('ALLOW');
    bench.feed(position('BTC-1', 'CLOSED', '-200'));
    expect(verdict(bench, entry('BTC-2', { notional: '600' }))).toMatchObject({ outcome: 'REDUCE', rule: 'allocation', limit: 540 });
    bench.feed(position('BTC-2', 'CLOSED', '-1900'));
    expect(verdict(bench, entry('BTC-3', { notional: '600' }))).toMatchObject({ outcome: 'BLOCK', rule: 'allocation', limit: 0 });
  });

  it('let no coin in that is not in the universe', () => {
    const bench = trading();
    bench.feed({ type: 'universe', words: [], data: { coins: ['ETH'], mode: 'FIXED_LIST', why: '' } });
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({ tier: 'symbol', rule: 'not-in-universe' });
    expect(verdict(bench, entry('ETH-1', { coin: 'ETH' })).outcome).toBe('ALLOW');
  });
});

describe('portfolio and cross rules', () => {
  it('refuse an entry that moves the cash too far to one venue, at the rate of now', () => {
    const at = (usdt: string, limit: number) => {
      const bench = trading({ maxCashImbalance: limit });
      bench.feed(balance('upbit', { KRW: '1500000' }));
      bench.feed(balance('binance', { USDT: usdt }));
      return bench;
    };
    // 500 of 1,000 USDT go from binance; upbit's 1,500,000 KRW are 1,000 USDT and become 1,500.
    expect(verdict(at('1000', 0.51), entry('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(at('1000', 0.5), entry('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(at('1000', 0.49), entry('BTC-1'))).toMatchObject({ tier: 'portfolio', rule: 'cash-imbalance', limit: 0.49, value: 0.5 });
    // The other way brings it back.
    expect(verdict(at('100', 0.5), entry('BTC-1', { buy: 'upbit', sell: 'binance' })).outcome).toBe('ALLOW');
  });

  it('refuse an entry that moves the coin too far to one venue', () => {
    const at = (upbit: string, limit: number) => {
      const bench = trading({ maxInventoryImbalance: limit });
      bench.feed(balance('upbit', { BTC: upbit }));
      bench.feed(balance('binance', { BTC: '1' }));
      return bench;
    };
    const given = (trip: string, way: { buy?: string; sell?: string } = {}) => entry(trip, { quantity: '0.25', ...way });
    expect(verdict(at('1', 0.25), given('BTC-1')).outcome).toBe('ALLOW');
    expect(verdict(at('1', 0.24), given('BTC-1'))).toMatchObject({ tier: 'cross', rule: 'inventory-imbalance', limit: 0.24, value: 0.25 });
    expect(verdict(at('0.01', 0.24), given('BTC-1', { buy: 'upbit', sell: 'binance' })).outcome).toBe('ALLOW');
  });

  it('hold what goes one way between two venues, less what goes the other, against a part of the exposure', () => {
    const bench = trading({ maxExposure: '2000', maxDirectionalBias: 0.5, leastNotional: '100' });
    expect(verdict(bench, entry('BTC-1', { notional: '800' })).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-2', { notional: '300' }))).toMatchObject({
      outcome: 'REDUCE',
      tier: 'cross',
      rule: 'directional-bias',
      limit: 1000,
      value: 1100,
    });
    expect(verdict(bench, entry('ETH-3', { coin: 'ETH', buy: 'upbit', sell: 'binance' })).outcome).toBe('ALLOW');
    expect(verdict(bench, entry('BTC-4', { notional: '400' })).outcome).toBe('ALLOW');
  });

  it('let nothing in while the stream is nearly full', () => {
    const bench = trading();
    bench.pass(100, { fill: 0.79, committed: 1, committedAt: bench.now });
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    bench.pass(100, { fill: 0.8, committed: 1, committedAt: bench.now });
    expect(verdict(bench, entry('BTC-2'))).toMatchObject({ tier: 'cross', rule: 'stream-full', value: 0.8, limit: 0.8 });
  });

  it('let nothing in while the journal has said nothing or is behind', () => {
    const bench = trading();
    bench.pass(100, { fill: 0, committed: 1, committedAt: null });
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({ rule: 'journal-lag', value: null });
    bench.pass(100, { fill: 0, committed: 1, committedAt: bench.now - 4_900_000 });
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    bench.pass(100, { fill: 0, committed: 1, committedAt: bench.now - 4_901_000 });
    expect(verdict(bench, entry('BTC-2'))).toMatchObject({ rule: 'journal-lag', value: 5001, limit: 5000 });
  });

  it('let no won in on a rate that is stale, and need none between venues of their own currency', () => {
    const bench = trading();
    bench.pass(59_900);
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    bench.pass(1);
    expect(verdict(bench, entry('BTC-2'))).toMatchObject({ tier: 'cross', rule: 'stale-fx', limit: 60_000, value: 60_001 });
    expect(verdict(bench, entry('BTC-3', { sell: 'okx' })).outcome).toBe('ALLOW');
  });

  it('counts a rate as old as the youngest source that it was made of, however often it is said', () => {
    const bench = trading();
    const source = (ageMs: number, used = true) => ({ source: `s${ageMs}`, rate: 1500, ageMs, used });
    const say = (sources: ReturnType<typeof source>[], tier: 'single' | 'multi') =>
      bench.feed(input('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate: 1500, tier, sources }, bench.now));
    say([source(1000, false), source(50_000)], 'single');
    expect(verdict(bench, entry('BTC-1')).numbers.fxAgeMs).toBe(50_000);
    say([source(50_000), source(3000), source(9000)], 'multi');
    expect(verdict(bench, entry('BTC-2')).numbers.fxAgeMs).toBe(3000);
    say([source(55_000)], 'single');
    bench.pass(5001);
    expect(verdict(bench, entry('BTC-3'))).toMatchObject({ rule: 'stale-fx', value: 60_001 });
  });

  it.each(['http', 'static'] as const)('enters on no rate that only a stand-in says (%s), and gets out by it', (tier) => {
    const bench = trading();
    bench.feed(input('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate: 1400, tier, sources: [] }));
    expect(verdict(bench, entry('BTC-1'))).toMatchObject({ outcome: 'BLOCK', tier: 'cross', rule: 'stand-in-fx' });
    expect(verdict(bench, entry('BTC-2', { sell: 'okx' })).outcome).toBe('ALLOW');
    expect(verdict(bench, exit('BTC-2')).outcome).toBe('ALLOW');
    bench.feed(input('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate: 1500, tier: 'single', sources: [] }));
    expect(verdict(bench, entry('BTC-3')).outcome).toBe('ALLOW');
  });

  it('enters on a stand-in where that is asked for', () => {
    const bench = trading({ enterOnStandInFx: true });
    bench.feed(input('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate: 1400, tier: 'static', sources: [] }));
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
  });
});

describe('an exit', () => {
  it('passes whatever its entry would meet', () => {
    const bench = trading({ maxExposure: '500', maxEntriesPerRoute: 1 });
    expect(verdict(bench, entry('BTC-1')).outcome).toBe('ALLOW');
    bench.feed(health('upbit', 'DOWN'));
    bench.pass(100_000, { fill: 0.99, committed: 0, committedAt: null });
    const given = exit('BTC-1', { buy: 'upbit', sell: 'binance' });
    expect(verdict(bench, given)).toMatchObject({ outcome: 'ALLOW', rule: null, decision: given.data });
  });
});
