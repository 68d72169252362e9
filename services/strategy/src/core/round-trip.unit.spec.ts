import type { DataOf } from '@arb/shared/contracts';
import { CoreBench } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { begun, DEAR_UPBIT, decided, l2, rules, withStrategy } from '../testing.ts';
import { make } from './index.ts';
import { roundTripOf, roundTripRefusal } from './round-trip.ts';
import { routeOf, survey } from './route.ts';
import { settingsOf } from './settings.ts';
import { newUsualPremiums, seePremiums, usualOf } from './usual-premium.ts';
import { fillLadders, makeLadders } from './walk.ts';

const ROUND = { minRoundTripBps: 10, minStopRoomBps: 20, premiumSeconds: 20, premiumWarmUpSeconds: 5 };
/** Both venues at the same price, two hundredths of a percent apart. */
const EVEN = l2([99.99, 100.01], [99.99, 100.01]);
/** 80 bps dearer at upbit; and with a coarse step of price there: half a percent between bid and ask. */
const FAR = l2([100.8, 100.82], [99.99, 100.01]);
const COARSE = l2([100.8, 101.3], [99.99, 100.01]);

/** For `seconds` the same book, ten times a second. */
function watched(bench: CoreBench, book: typeof EVEN, seconds: number): CoreBench {
  for (let i = 0; i < seconds * 10; i++) {
    bench.feed(book);
    bench.pass(100);
  }
  return bench;
}

describe('a round trip', () => {
  it('is entered where the way there and the way back at the usual premium leave enough', () => {
    const bench = watched(begun(ROUND), EVEN, 10);
    const decision = decided(bench, FAR);
    expect(decision).toMatchObject({ kind: 'enter', route: { buy: 'binance', sell: 'upbit' } });
    // In at 100.8 over 100.01, out at the usual 100.01 over 99.99; four fees of 5 and 10 bps.
    const { roundTripBps, wayBackBps, usualPremiumBps, premiumSeenSeconds } = decision.numbers as Record<string, number>;
    expect(roundTripBps).toBeCloseTo(((100.8 * 0.9995 - 100.01 * 1.001 + 99.99 * 0.999 - 100.01 * 1.0005) / 100.01) * 10_000, 6);
    expect((decision.edgeBps as number) - (wayBackBps as number)).toBeCloseTo(roundTripBps as number, 9);
    expect(usualPremiumBps).toBeCloseTo(0, 9);
    expect(premiumSeenSeconds).toBeCloseTo(10, 0);
  });

  it('is refused where the coin is always that dear there: the premium will not come back', () => {
    const bench = watched(begun(ROUND), FAR, 60);
    const { rule, limit, value, numbers } = bench
      .said('decision')
      .map(({ data }) => data)
      .at(-1) as DataOf<'decision'>;
    expect([rule, limit]).toEqual(['round-trip', 10]);
    expect(value).toBe(numbers.roundTripBps);
    // Nothing converges: all it brings are four fees and two spreads.
    expect(value).toBeCloseTo(-30 - 4, 0);
    expect(rules(bench)).not.toContain('enter min-edge');
  });

  it('is refused until the venues were seen together for long enough, and again after they were not', () => {
    const bench = begun(ROUND);
    expect(decided(bench, FAR)).toMatchObject({ rule: 'usual-premium', limit: 5, value: 0 });
    watched(bench, EVEN, 6);
    bench.pass(25_000);
    expect(decided(bench, FAR)).toMatchObject({ rule: 'usual-premium', value: 0 });
  });

  it('is refused where leaving at once would all but stop the loss: coarse steps of price', () => {
    const bench = watched(begun({ ...ROUND, stopLossBps: 90 }), EVEN, 10);
    const decision = decided(bench, COARSE);
    expect(decision).toMatchObject({ rule: 'stop-room', limit: 20, value: 90 + (decision.numbers.atOnceBps as number) });
    expect(decision.numbers.atOnceBps).toBeCloseTo(-30 - 50 - 2, 0);
  });

  it('is refused where the books show too little for the way back', () => {
    const bench = watched(begun(ROUND), EVEN, 10);
    const thin = {
      ...FAR.data,
      bids: FAR.data.bids.map(([price, size, venue, own]) => [price, venue === 1 ? 0.1 : size, venue, own] as const),
    };
    expect(decided(bench, { ...FAR, data: thin })).toMatchObject({ rule: 'way-back', limit: null, value: null });
  });

  it('is not looked at in a session that was begun without such a limit', () => {
    const { kind, numbers } = decided(begun(), DEAR_UPBIT);
    expect([kind, numbers.roundTripBps]).toEqual(['enter', undefined]);
  });

  it('knows what is usual after a restart as it did before', () => {
    const bench = watched(begun(ROUND), EVEN, 10);
    const restored = CoreBench.restored(make, 'strategy', bench.save());
    expect(decided(restored, FAR)).toEqual(decided(bench, FAR));
  });
});

describe('the survey of all routes', () => {
  it('takes for a candidate what the whole round speaks for, and nothing else', () => {
    const settings = settingsOf(withStrategy({ ...ROUND, minEdgeBps: -100 }));
    const ladders = makeLadders();
    const near = fc.double({ min: 99.5, max: 100.5, noNaN: true });
    let [worth, not] = [0, 0];
    fc.assert(
      fc.property(near, near, near, near, (a, b, usualA, usualB) => {
        const usual = newUsualPremiums(EVEN.data);
        const begin = 1_700_000_000_000_000;
        for (const [i, [x, y]] of [
          [usualA, usualB],
          [usualA, usualB],
          [a, b],
        ].entries() as Iterable<[number, [number, number]]>) {
          const { data } = l2([x, x + 0.02], [y, y + 0.02]);
          seePremiums(usual, data, fillLadders(ladders, data), begin + i * 10_000_000, settings);
        }
        const { data } = l2([a, a + 0.02], [b, b + 0.02]);
        const terms = ['upbit', 'binance'].map((venue) => ({
          ...{ venue, quote: 'USDT', feeBps: 5, fxCostBps: 0, slippageBps: 0.5, rules: undefined },
        }));
        const step = { units: 1, places: 8 };
        const lots = [
          [step, step],
          [step, step],
        ];
        const scene = { l2: data, ladders: fillLadders(ladders, data), terms, held: [50, 50], lots };
        const { candidates } = survey(scene, settings, usual);
        for (const [buy, sell] of [
          [0, 1],
          [1, 0],
        ] as const) {
          const found = candidates.find((one) => one.buy === buy);
          const route = found ?? routeOf(scene, buy, sell, 5, settings);
          if (route === null || route.edgeBps < settings.minEdgeBps) continue;
          const speaks = roundTripRefusal(roundTripOf(scene, route, route.bought.value, usual), settings) === null;
          expect(found !== undefined).toBe(speaks);
          if (speaks) worth++;
          else not++;
        }
      }),
      { numRuns: 500 },
    );
    expect(Math.min(worth, not)).toBeGreaterThan(20);
  });
});

describe('what is usual between two venues', () => {
  const settings = settingsOf(withStrategy(ROUND));
  const ladders = makeLadders();
  const price = fc.double({ min: 90, max: 110, noNaN: true });

  it('lies between the least and the most that was seen, whatever the pace of the books', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(price, price, fc.integer({ min: 1, max: 19_000 })), { minLength: 2, maxLength: 40 }), (seen) => {
        const usual = newUsualPremiums(EVEN.data);
        const ratios: number[] = [];
        let now = 1_700_000_000_000_000;
        for (const [a, b, ms] of seen) {
          const { data } = l2([a, a + 0.1], [b, b + 0.1]);
          seePremiums(usual, data, fillLadders(ladders, data), now, settings);
          ratios.push((a + 0.1) / b);
          now += ms * 1_000;
        }
        // What is seen last says nothing of what was usual before it.
        const before = ratios.slice(0, -1);
        const { mean } = usualOf(usual, 0, 1) as { mean: number };
        expect(mean).toBeGreaterThanOrEqual(Math.min(...before) * (1 - 1e-12));
        expect(mean).toBeLessThanOrEqual(Math.max(...before) * (1 + 1e-12));
      }),
    );
  });

  it('is not known of a venue that is stale', () => {
    const usual = newUsualPremiums(EVEN.data);
    const venues = EVEN.data.venues.map((line, i) => (i === 0 ? { ...line, state: 'stale' as const } : line));
    const data = { ...EVEN.data, venues };
    seePremiums(usual, data, fillLadders(ladders, data), 1_700_000_000_000_000, settings);
    expect([usualOf(usual, 0, 1), usualOf(usual, 1, 0)]).toEqual([null, null]);
  });
});
