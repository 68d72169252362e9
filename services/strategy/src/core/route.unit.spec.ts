import type { DataOf } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FLAT, withStrategy } from '../testing.ts';
import { newMarketView } from './market-view.ts';
import { ranked } from './refusals.ts';
import { type Route, routeOf, type Scene, survey } from './route.ts';
import { settingsOf } from './settings.ts';
import { roundDown } from './steps.ts';
import type { Terms } from './terms.ts';
import { fillLadders, makeLadders, quantityFor, walkedValue, walkOf } from './walk.ts';

type L2 = DataOf<'l2'>;
type Level = L2['asks'][number];

const ladders = makeLadders();

describe('a walk', () => {
  const level = (price: number, size: number, venue: number): Level => [price, size, venue, price * 1500];
  const l2: L2 = { ...FLAT.data, asks: [level(100, 1, 0), level(100.5, 9, 1), level(101, 2, 0), level(103, 4, 0)] };

  it('takes one level after the other of its own venue only', () => {
    const { asks } = fillLadders(ladders, l2);
    expect(walkOf(asks, 0, 2)).toEqual({ value: 201, best: 150_000, average: 150_750, worst: 151_500 });
    expect(walkOf(asks, 0, 7)).toMatchObject({ value: 714, worst: 154_500 });
    expect(walkOf(asks, 0, 7.1)).toBeNull();
    expect(walkOf(asks, 1, 3)).toMatchObject({ value: 301.5 });
  });

  it('finds what a value buys, and nothing where the books show less', () => {
    const { asks } = fillLadders(ladders, l2);
    expect(quantityFor(asks, 0, 100)).toBe(1);
    expect(quantityFor(asks, 0, 201)).toBe(2);
    expect(quantityFor(asks, 0, 714)).toBe(7);
    expect(quantityFor(asks, 0, 715)).toBe(0);
  });

  it('of the same size through a better book is never worse', () => {
    const sizes = fc.array(fc.double({ min: 0.1, max: 5, noNaN: true }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(sizes, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, part) => {
        const asks = all.map((size, i): Level => [100 + i, size, 0, 100 + i]);
        const { asks: ladder } = fillLadders(ladders, { ...FLAT.data, asks });
        const quantity = part * all.reduce((sum, size) => sum + size, 0);
        const value = walkedValue(ladder, 0, quantity);
        // Never better than all of it at the best price, never worse than all of it at the worst.
        expect(value).toBeGreaterThanOrEqual(quantity * 100 * (1 - 1e-12));
        expect(value).toBeLessThanOrEqual(quantity * (100 + all.length - 1) * (1 + 1e-12));
      }),
    );
  });
});

const VENUES = 7;
const side = fc.array(
  fc.record({
    venue: fc.nat(VENUES - 1),
    price: fc.double({ min: 95, max: 105, noNaN: true }),
    size: fc.double({ min: 0.01, max: 8, noNaN: true }),
  }),
  { minLength: 14, maxLength: 20 },
);
const scene = fc
  .record({
    asks: side,
    bids: side,
    fresh: fc.array(fc.boolean(), { minLength: VENUES, maxLength: VENUES }),
    fees: fc.array(fc.integer({ min: 0, max: 25 }), { minLength: VENUES, maxLength: VENUES }),
    lots: fc.array(fc.constantFrom(2, 4, 8), { minLength: VENUES, maxLength: VENUES }),
    held: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: VENUES, maxLength: VENUES }),
    slippage: fc.double({ min: 0, max: 5, noNaN: true }),
  })
  .map(({ asks, bids, fresh, fees, lots, held, slippage }): Scene => {
    const levels = (given: typeof asks, sign: 1 | -1): Level[] =>
      given.map(({ venue, price, size }): Level => [price, size, venue, price * (venue + 1)]).sort((a, b) => sign * (a[0] - b[0]));
    const venues: L2['venues'] = fresh.map((is, i) => ({
      venue: `venue${i}`,
      symbol: 'BTC-USDT',
      state: is ? 'fresh' : 'stale',
      epoch: 1,
      ageMs: i,
      rate: 1,
    }));
    const l2: L2 = { coin: 'BTC', numeraire: 'USDT', venues, asks: levels(asks, 1), bids: levels(bids, -1) };
    const terms = fresh.map((is, i): Terms | null =>
      is
        ? { venue: `venue${i}`, quote: 'USDT', feeBps: fees[i] as number, fxCostBps: i % 2, slippageBps: slippage, rules: undefined }
        : null,
    );
    const steps = lots.map((a) => lots.map((b) => ({ units: 1, places: Math.min(a, b) })));
    return { l2, ladders: fillLadders(makeLadders(), l2), terms, held, lots: steps };
  });
const settings = settingsOf(withStrategy({ minEdgeBps: 15, notional: '100', inventoryCostBps: 7 }));

/** The same as the survey says, by looking at every pair for itself. */
function plainly(given: Scene): Route[] {
  const all: Route[] = [];
  for (let buy = 0; buy < VENUES; buy++)
    for (let sell = 0; sell < VENUES; sell++) {
      if (buy === sell || given.terms[buy] === null) continue;
      const wanted = quantityFor(given.ladders.asks, buy, settings.notional);
      const lot = given.lots[buy]?.[sell];
      const route = lot === undefined ? null : routeOf(given, buy, sell, roundDown(wanted, lot), settings);
      if (route !== null) all.push(route);
    }
  return all;
}

describe('the survey of all routes', () => {
  it('finds what looking at each ordered pair of venues finds: the best edge, and all that are enough', () => {
    let found = 0;
    fc.assert(
      fc.property(scene, (given) => {
        const all = plainly(given).sort((a, b) => b.edgeBps - a.edgeBps);
        const { best, candidates } = survey(given, settings, null);
        expect(best).toEqual(all[0] ?? null);
        expect(candidates).toEqual(all.filter(({ edgeBps }) => edgeBps >= settings.minEdgeBps));
        found += candidates.length;
      }),
      { numRuns: 500 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it('ranks them as ranking all of them would', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const view = newMarketView();
        const enough = ranked(plainly(given), given, view, settings).filter(({ route }) => route.edgeBps >= settings.minEdgeBps);
        const quick = ranked(survey(given, settings, null).candidates, given, view, settings);
        expect(quick.map(({ score }) => score.total)).toEqual(enough.map(({ score }) => score.total));
      }),
    );
  });

  it('never gives an edge above what the best prices give without any cost', () => {
    fc.assert(
      fc.property(scene, (given) => {
        for (const { buy, sell, edgeBps, afterFeesBps, grossBps, bought, sold, quantity } of plainly(given)) {
          const ask = Math.min(...given.l2.asks.filter((level) => level[2] === buy).map((level) => level[0]));
          const bid = Math.max(...given.l2.bids.filter((level) => level[2] === sell).map((level) => level[0]));
          const most = (bid / ask - 1) * 10_000;
          expect(grossBps).toBeLessThanOrEqual(most + 1e-6);
          expect(afterFeesBps).toBeLessThanOrEqual(grossBps + 1e-9);
          expect(edgeBps).toBeLessThanOrEqual(afterFeesBps + 1e-9);
          // What is decided can be had in the books: no order is larger than what they show.
          const offered = (levels: L2['asks'], place: number) =>
            levels.reduce((sum, level) => (level[2] === place ? sum + level[1] : sum), 0);
          expect(quantity).toBeLessThanOrEqual(offered(given.l2.asks, buy) * (1 + 1e-8));
          expect(quantity).toBeLessThanOrEqual(offered(given.l2.bids, sell) * (1 + 1e-8));
          expect(bought.worst).toBeGreaterThanOrEqual(bought.average * (1 - 1e-9));
          expect(sold.worst).toBeLessThanOrEqual(sold.average * (1 + 1e-9));
        }
      }),
    );
  });
});
