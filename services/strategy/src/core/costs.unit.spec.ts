import type { DataOf } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { withStrategy } from '../testing.ts';
import { byTier, feesOf } from './fees.ts';
import { limitAt, rulesOf } from './instruments.ts';
import { exposure, imbalance, leanAfter, signalOf } from './inventory.ts';
import { newMarketView } from './market-view.ts';
import { premiumOf } from './premium.ts';
import type { Route } from './route.ts';
import { healthOf, scoreOf } from './score.ts';
import { settingsOf } from './settings.ts';
import { coarser, quantityText, roundDown, roundUp, type Step, stepOf } from './steps.ts';

const step = (text: string) => stepOf(text) as Step;

describe('steps of quantity and price', () => {
  it.each([
    ['0.001', '0.0005', 0.001],
    ['1', '0.1', 1],
    ['0.002', '0.003', 0.006],
    ['0.00000001', '0.00000001', 1e-8],
    ['5', '1000', 1000],
  ])('of %s and %s together are %d', (a, b, both) => {
    const { units, places } = coarser(step(a), step(b));
    expect(units / 10 ** places).toBe(both);
  });

  it.each([
    [0.29, '0.01', 0.29, 0.29],
    [1.23456789123, '0.00000001', 1.23456789, 1.2345679],
    [0.3, '0.1', 0.3, 0.3],
    [1_000_700, '1000', 1_000_000, 1_001_000],
    [0.00009, '0.0001', 0, 0.0001],
  ])('bring %d at %s down to %d and up to %d', (value, text, down, up) => {
    expect([roundDown(value, step(text)), roundUp(value, step(text))]).toEqual([down, up]);
  });

  it('give a quantity that is a whole number of lots, no more than asked for, and short of it by less than one', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 8 }),
        fc.constantFrom(1, 5, 25),
        (value, places, units) => {
          const lot = { units, places };
          const quantity = roundDown(value, lot);
          const [whole, fraction = ''] = quantityText(quantity).split('.') as [string, string?];
          expect(fraction.length).toBeLessThanOrEqual(places);
          expect(BigInt(whole + fraction.padEnd(places, '0')) % BigInt(units)).toBe(0n);
          const size = units / 10 ** places;
          expect(quantity).toBeLessThanOrEqual(value + size * 1e-5);
          expect(quantity).toBeGreaterThan(value - size * 1.00001);
        },
      ),
    );
  });

  it('keep a limit on the ticks of its price band, and on the safe side of what was meant', () => {
    const said = {
      venue: 'upbit',
      fees: { maker: '0.0005', taker: '0.0005' },
      bands: [
        { from: '0', tick: '0.1' },
        { from: '500000', tick: '500' },
        { from: '1000000', tick: '1000' },
      ],
      symbols: [{ symbol: 'BTC-KRW', tick: null, lot: '0.00000001', minNotional: '5000' }],
    };
    const venue = rulesOf(said);
    const rules = venue.bySymbol.get('BTC-KRW') as NonNullable<ReturnType<typeof venue.bySymbol.get>>;
    expect(limitAt(rules, venue, 'buy', 1_000_700)).toBe(1_000_000);
    expect(limitAt(rules, venue, 'sell', 999_750)).toBe(1_000_000);
    expect(limitAt(rules, venue, 'sell', 1_000_700)).toBe(1_001_000);
    expect(limitAt(rules, venue, 'buy', 99.97)).toBe(99.9);
    expect([venue.makerBps, venue.takerBps, rules.minNotional]).toEqual([5, 5, 5000]);
  });
});

describe('fees', () => {
  const schedule = {
    volume: '900000',
    tiers: [
      { from: '1000000', makerBps: 8, takerBps: 9 },
      { from: '0', makerBps: 10, takerBps: 10 },
      { from: '5000000', makerBps: 4, takerBps: 6 },
    ],
    quotes: { FDUSD: 0.5, USDT: 0.75 },
  };

  it.each([
    [99_999.99, 'KRW', 10, 10],
    [100_000, 'KRW', 8, 9],
    [4_100_000, 'KRW', 4, 6],
    [0, 'USDT', 7.5, 7.5],
    [100_000, 'FDUSD', 4, 4.5],
  ])('after %d traded, quoted in %s, are %d as maker and %d as taker', (traded, quote, makerBps, takerBps) => {
    expect(byTier(schedule, quote, traded)).toEqual({ makerBps, takerBps });
  });

  it('fall to the lowest tier where none is reached', () => {
    expect(byTier({ ...schedule, volume: '0', tiers: schedule.tiers.slice(0, 1) }, 'KRW', 0).takerBps).toBe(9);
  });

  it('come from the schedule, else from the plain setting or the venue, as the configuration asks', () => {
    const said = rulesOf({ venue: 'binance', fees: { maker: '0.0002', taker: '0.00075' }, bands: [], symbols: [] });
    const of = (change: Parameters<typeof withStrategy>[0]) => feesOf(settingsOf(withStrategy(change)), 'binance', 'USDT', 0, said);
    expect(of({})).toEqual({ makerBps: 10, takerBps: 10 });
    expect(of({ feesFrom: 'venue' })).toEqual({ makerBps: 2, takerBps: 7.5 });
    expect(of({ feesFrom: 'venue', feeSchedules: { binance: schedule } }).takerBps).toBe(7.5);
  });
});

describe('score', () => {
  const settings = settingsOf(withStrategy({}));
  const route = { edgeBps: 25, buyFeeBps: 5, sellFeeBps: 10, lean: 0.2 } as Route;

  it('weighs spread 40, health 30, fees 20, inventory 10', () => {
    // 40 · 25/50 + 30 · 0.5 + 20 · (1 − 15/40) + 10 · (1 − 0.2)/2
    expect(scoreOf(route, 1, 0.5, settings)).toEqual({ spread: 0.5, health: 0.5, fees: 0.625, inventory: 0.4, total: 51.5 });
  });

  it('weighs as the configuration says', () => {
    const weights = { spread: 1, health: 1, fees: 0, inventory: 0 };
    expect(scoreOf(route, 1, 0.5, settingsOf(withStrategy({ scoreWeights: weights }))).total).toBe(50);
  });

  it('gives nothing for a venue that is down, half for one in trouble, and less the older the book', () => {
    expect(healthOf('DOWN', 0, settings)).toBe(0);
    expect(healthOf('DEGRADED', 0, settings)).toBe(0.5);
    expect(healthOf(undefined, 2500, settings)).toBe(0.5);
    expect(healthOf('HEALTHY', 60_000, settings)).toBe(0);
  });

  it('lies between 0 and 100 whatever the route', () => {
    const any = fc.record({
      edgeBps: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      buyFeeBps: fc.double({ min: -100, max: 1000, noNaN: true }),
      sellFeeBps: fc.double({ min: -100, max: 1000, noNaN: true }),
      lean: fc.double({ min: -1, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(any, fc.double({ min: 0, max: 1, noNaN: true }), (given, health) => {
        const { total } = scoreOf(given as Route, health, 1, settings);
        expect(total).toBeGreaterThanOrEqual(0);
        expect(total).toBeLessThanOrEqual(100);
      }),
    );
  });
});

describe('inventory', () => {
  it('is out of balance from −1 to 1, and exposed from 0 to 1', () => {
    expect([imbalance(10, 0), imbalance(0, 10), imbalance(65, 35), imbalance(0, 0)]).toEqual([1, -1, 0.3, 0]);
    expect([exposure(80, 20), exposure(0, 0), exposure(0, 5)]).toEqual([0.8, 0, 0]);
  });

  it('leans to the venue that buys', () => {
    expect(leanAfter(50, 50, 10)).toBe(0.2);
    expect(leanAfter(30, 50, 10)).toBe(0);
    expect(leanAfter(5, 5, 10)).toBe(1);
  });

  it.each([
    [0.3, 0, 0, 'BUY_B_SELL_A'],
    [-0.3, 0, 0, 'BUY_A_SELL_B'],
    [0.29, 0.79, 0, 'NONE'],
    [0.01, 0.8, 0.5, 'BUY_B_SELL_A'],
    [-0.01, 0.5, 0.8, 'BUY_A_SELL_B'],
    // Nowhere is there money to buy with: sending coins about changes nothing.
    [0.01, 0.8, 0.8, 'NONE'],
    [-0.01, 0.8, 0.5, 'NONE'],
  ])('at an imbalance of %d and exposures of %d and %d asks for %s', (lean, exposureA, exposureB, signal) => {
    expect(signalOf({ imbalance: lean, exposureA, exposureB }, { imbalance: 0.3, exposure: 0.8 })).toBe(signal);
  });
});

describe('premium', () => {
  type Line = DataOf<'l2'>['venues'][number];
  const line = (symbol: string, rate: number): Line => ({ venue: 'x', symbol, state: 'fresh', epoch: 1, ageMs: 0, rate });
  const krw = line('BTC-KRW', 1 / 1400);
  const usdt = line('BTC-USDT', 1);
  const view = newMarketView();
  view.rates.set('KRW-USDT', { position: 1, rate: 1400, bankRate: 1330, stableRate: 1400 });

  it('takes the money apart from the coin: won at 1,400 on the market and 1,330 at the bank', () => {
    const { premiumBps, fxBasisBps, residualBps } = premiumOf(view, usdt, krw, 'USDT', 20);
    expect(fxBasisBps).toBeCloseTo(526.3158, 3);
    expect(residualBps).toBeCloseTo(20, 9);
    expect(premiumBps).toBeCloseTo(547.3684, 3);
  });

  it('turns round with the route, and is nothing between two venues of the same money', () => {
    expect(premiumOf(view, krw, usdt, 'USDT', 0).fxBasisBps).toBeCloseTo(-500, 9);
    expect(premiumOf(view, krw, krw, 'USDT', 10)).toMatchObject({ fxBasisBps: 0 });
  });

  it("counts what the book's rate differs from the market's as the coin's own", () => {
    const { residualBps } = premiumOf(view, usdt, line('BTC-KRW', 1 / 1386), 'USDT', 0);
    expect(residualBps).toBeCloseTo(-100, 9);
  });

  it('does not make up a basis where no bank says a rate', () => {
    const alone = newMarketView();
    alone.rates.set('KRW-USDT', { position: 1, rate: 1400, bankRate: null, stableRate: null });
    expect(premiumOf(alone, usdt, krw, 'USDT', 20)).toMatchObject({ premiumBps: null, fxBasisBps: null });
  });
});
