import { type AnyEvent, type DataOf, subjectOf } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { type Input, input, randomSequence, rateOf, started } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { balances, begun, blocked, DEAR_UPBIT, decided, decisions, fill, health, l2, position, rules, trip } from '../testing.ts';
import { make } from './index.ts';

const FEES = { maker: '0.001', taker: '0.001' };

function instruments(
  venue: string,
  symbol: string,
  change: Partial<DataOf<'instruments'>['symbols'][number]>,
  fees = FEES,
): Input<'instruments'> {
  const plain = { symbol, tick: null, lot: '0.00000001', minNotional: '0' };
  return input('instruments', [venue], { venue, fees, bands: [], symbols: [{ ...plain, ...change }] });
}

const ETH_DEARER = l2([100.95, 101], [100, 100.01], { coin: 'ETH' });

describe('a coin that costs next to nothing', () => {
  it('is decided on in prices that an event can carry', () => {
    const bench = begun();
    const price = 3.12345678901e-8;
    bench.feed(balances('upbit', { KRW: '50000000', SATS: '1000000000000' }));
    bench.feed(balances('binance', { USDT: '40000', SATS: '1000000000000' }));
    const level = (at: number, place: number) => [at, 1e12, place, place === 0 ? at * 1500 : at] as const;
    const dear = l2([price * 1.006, price * 1.0061], [price, price * 1.0001], {
      coin: 'SATS',
      bids: [level(price * 1.006, 0), level(price, 1)],
      asks: [level(price * 1.0001, 1), level(price * 1.0061, 0)],
    });
    const { kind, legs } = decided(bench, dear);
    expect(kind).toBe('enter');
    expect(legs.map(({ expected }) => Number(expected) / price)).toEqual([expect.closeTo(1.0001, 6), expect.closeTo(1.006 * 1500, 3)]);
  });
});

describe('an entry', () => {
  it('is made of whole lots of both venues and of prices on their ticks', () => {
    const bench = begun();
    bench.feed(instruments('upbit', 'BTC-KRW', { lot: '0.0001', tick: '10', minNotional: '5000' }));
    bench.feed(instruments('binance', 'BTC-USDT', { lot: '0.01', tick: '0.01', minNotional: '5' }));
    const { legs, numbers } = decided(bench, DEAR_UPBIT);
    expect(legs.map(({ quantity }) => quantity)).toEqual(['4.99', '4.99']);
    // 100.01 · 1.0005 down to a cent, 150,765 · 0.9995 up to ten won.
    expect(legs.map(({ limit }) => limit)).toEqual(['100.06', '150690']);
    expect(numbers.quantity).toBe(4.99);
  });

  it('is refused where a venue takes no order this small', () => {
    const bench = begun();
    bench.feed(instruments('binance', 'BTC-USDT', { minNotional: '1000' }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'min-notional', limit: 1000 });
  });

  it('pays the fees that the venue says where the configuration asks for those', () => {
    const bench = begun({ feesFrom: 'venue' });
    bench.feed(instruments('upbit', 'BTC-KRW', {}, { maker: '0', taker: '0.0025' }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'min-edge', numbers: { buyFeeBps: 10, sellFeeBps: 25 } });
  });

  it('costs the exchange of money, the slippage of both legs, and the way back of what it piles up', () => {
    const plain = decided(begun(), DEAR_UPBIT).edgeBps as number;
    const { edgeBps, numbers } = decided(begun({ fxCostBps: 1.5, slippageBps: 0.75, inventoryCostBps: 10 }), DEAR_UPBIT);
    // Buying 4.99950004 where 50 lie and selling as many where 50 lie.
    expect(numbers).toMatchObject({ fxCostBps: 1.5, slippageBps: 1.5 });
    expect(numbers.inventoryCostBps).toBeCloseTo((10 * 2 * 4.99950004) / 100, 9);
    expect(edgeBps).toBeCloseTo(plain - 1.5 - 1.5 - (numbers.inventoryCostBps as number), 9);
  });

  it('expects of a venue the slippage that its fills had', () => {
    const bench = begun();
    bench.feed(fill(trip(99), 'binance', 'buy', '500', '0.5', 5));
    expect(decided(bench, DEAR_UPBIT).numbers.slippageBps).toBe(0.5);
  });

  it('expects of another coin at the same venue what its own fills had', () => {
    const bench = begun();
    bench.feed(fill(trip(99, 'ETH'), 'binance', 'buy', '500', '0.5', 5));
    expect(decided(bench, DEAR_UPBIT).numbers.slippageBps).toBe(0);
  });

  it('says every number it was made of, at most 64', () => {
    const bench = begun();
    bench.feed(input('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate: 1500, tier: 'multi', sources: [], bankRate: 1425, stableRate: 1500 }));
    bench.feed(fill(trip(99), 'binance', 'buy', '4500', '4.5'));
    const { numbers, score } = decided(bench, DEAR_UPBIT);
    expect(Object.keys(numbers).length).toBeLessThanOrEqual(64);
    expect(Object.entries(numbers).filter(([, value]) => value === null)).toEqual([]);
    expect(numbers.fxBasisBps).toBeCloseTo(526.3158, 3);
    expect(numbers.residualBps).toBeCloseTo(numbers.grossBps as number, 9);
    expect(numbers).toMatchObject({ rank: 1, candidates: 1, freshVenues: 2, openTrips: 0, imbalance: 0, buyHoldsMoney: 40_000 });
    // 5,000 in coins beside 40,000 in money; 4,500 traded with all of it (the other coins have no price yet).
    expect(numbers.buyExposure).toBeCloseTo(5012.875 / 45_012.875, 3);
    expect(numbers.buyTurnover).toBeCloseTo(4500 / 45_012.875, 3);
    expect(score).toBe(numbers.score);
  });

  it.each([
    ['suspended', health('upbit', { suspended: ['BTC'] })],
    ['warned', health('binance', { warned: [{ coin: 'BTC', what: 'to be delisted' }] })],
    ['venue', health('binance', { state: 'FROZEN' })],
    ['universe', input('universe', [], { coins: ['ETH'], mode: 'FIXED_LIST', why: '' })],
    ['mode', input('command', ['reduce-only'], { id: '1', by: 'me', why: '' })],
    ['paused', input('command', ['pause'], { id: '1', by: 'me', why: '', target: 'upbit' })],
  ] as [string, Input][])('is refused by the rule %s, with the reason', (rule, given) => {
    const bench = begun();
    bench.feed(given);
    const decision = decided(bench, DEAR_UPBIT);
    expect(decision).toMatchObject({ kind: 'skipped', rule, route: { buy: 'binance', sell: 'upbit' } });
    expect(decision.why).not.toBe('');
  });

  it('is refused where the score is too low', () => {
    const bench = begun({ minScore: 70 });
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'enter' });
    const weak = begun({ minScore: 70 });
    weak.feed(health('binance', { state: 'DEGRADED' }));
    const { rule, limit, value, score } = decided(weak, DEAR_UPBIT);
    expect([rule, limit, value]).toEqual(['score', 70, score]);
  });

  it('obeys what risk says of the mode', () => {
    const bench = begun();
    const amount = { amount: '0', currency: 'USDT' };
    const money = { exposure: amount, dailyPnl: amount, equity: amount, drawdown: amount, numbers: {} };
    bench.feed(input('guard', [], { mode: 'HALTED', rule: 'daily-loss', why: '', closed: [], ...money }));
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'mode', why: 'trading is HALTED' });
    bench.feed(input('guard', [], { mode: 'ACTIVE', rule: null, why: '', closed: [], ...money }));
    expect(decided(bench, DEAR_UPBIT).kind).toBe('enter');
  });

  it('does not promise twice what a trip under way needs', () => {
    const bench = begun();
    bench.feed(balances('binance', { USDT: '900', BTC: '50', ETH: '50' }));
    decided(bench, DEAR_UPBIT);
    // 900 less what the first trip may cost at its limit, fee included.
    const { rule, value } = decided(bench, ETH_DEARER);
    expect(rule).toBe('inventory-quote');
    expect(value).toBeCloseTo(900 - 4.99950004 * 100.01 * 1.0005 * 1.001, 6);
  });
});

describe('with room for one trip', () => {
  it('the coin that scores best goes first once there is room again', () => {
    const bench = begun({ maxOpenTrips: 1 });
    decided(bench, DEAR_UPBIT);
    expect(decided(bench, ETH_DEARER)).toMatchObject({ rule: 'open-trips', limit: 1, value: 1 });
    bench.feed(blocked(trip(1)));
    bench.pass(500);
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'skipped', rule: 'rank', limit: 1, value: 2 });
    expect(decided(bench, ETH_DEARER)).toMatchObject({ kind: 'enter', coin: 'ETH' });
  });

  it('nobody waits for a coin that has not been seen again for a second', () => {
    const bench = begun({ maxOpenTrips: 1 });
    decided(bench, DEAR_UPBIT);
    bench.feed(ETH_DEARER);
    bench.feed(blocked(trip(1)));
    bench.pass(1_001);
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'enter', coin: 'BTC' });
  });
});

describe('refusals', () => {
  it('of one route are said once in a while for each rule, and those of another route beside them', () => {
    const bench = begun();
    bench.feed(health('upbit', { suspended: ['BTC'] }));
    for (let i = 0; i < 20; i++) bench.feed(i % 2 === 0 ? DEAR_UPBIT : l2([100, 100.01], [100.51, 100.52]));
    expect(rules(bench)).toEqual(['skipped suspended', 'skipped suspended']);
    expect(new Set(bench.said('decision').map(({ data }) => data.route?.buy))).toEqual(new Set(['upbit', 'binance']));
  });
});

describe('refusals over a long time', () => {
  it('come at most once in five seconds for a route and a rule, and are none but these', () => {
    const random = randomSequence('refusals');
    const bench = begun({ minScore: 55 });
    const last = new Map<string, number>();
    for (let i = 0; i < 3_000; i++) {
      bench.pass(20);
      const gap = (random() - 0.5) * 3;
      const said = decisions(bench.feed(l2([100 + gap, 100.01 + gap], [100, 100.01], random() < 0.5 ? { coin: 'ETH' } : {})));
      if (i % 500 === 0) bench.feed(health('upbit', { suspended: random() < 0.5 ? ['BTC'] : [] }));
      for (const { kind, coin, route, rule } of said) {
        if (kind !== 'skipped') continue;
        const key = `${coin} ${route?.buy} ${rule}`;
        expect(bench.now - (last.get(key) ?? 0)).toBeGreaterThanOrEqual(5_000_000);
        last.set(key, bench.now);
      }
    }
    expect(last.size).toBeGreaterThan(6);
  });
});

describe('more trips in a coin', () => {
  it('are as many as the configuration allows, and none the other way round', () => {
    const bench = begun({ maxTripsPerCoin: 2, cooldownMs: 0, exitEdgeBps: -10_000 });
    decided(bench, DEAR_UPBIT);
    bench.feed(position(trip(1), 'OPEN', '4'));
    expect(decisions(bench.feed(l2([100.2, 100.21], [100.65, 100.66]))).map(({ rule }) => rule)).toEqual(['opposite-open']);
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ kind: 'enter', trip: trip(2) });
    expect(decided(bench, DEAR_UPBIT)).toMatchObject({ rule: 'coin-trips', limit: 2, value: 2 });
  });
});

/** A core given events by hand, to say what caused them. */
function byHand() {
  const core = make();
  const emitted: unknown[] = [];
  let position = 0;
  const context: CoreContext = {
    session: 's1',
    now: 1_700_000_000_000_000,
    get position() {
      return position;
    },
    emit: (_type, _words, data) => emitted.push(data),
    setTimer: () => {},
    clearTimer: () => {},
    draw: () => 0,
  };
  const feed = (given: Input, cause: number | string | null = null): DataOf<'decision'>[] => {
    position++;
    const from = emitted.length;
    core.handle(
      { ...given, cause, position, at: context.now, subject: subjectOf(given.type, ...given.words) } as unknown as AnyEvent,
      context,
    );
    return emitted.slice(from) as DataOf<'decision'>[];
  };
  feed(started());
  feed(balances('upbit', { KRW: '50000000', BTC: '50' }));
  feed(balances('binance', { USDT: '40000', BTC: '50' }));
  feed(rateOf('KRW-USDT', 1500));
  return feed;
}

describe('after a break', () => {
  it('nothing is decided on books from before it, and all on those that came after', () => {
    const feed = byHand();
    feed(input('session.resumed', [], { boot: 'abcdefgh', term: 2 }));
    expect(feed(DEAR_UPBIT, 4)).toEqual([]);
    expect(feed(DEAR_UPBIT, 5)).toEqual([]);
    expect(feed(DEAR_UPBIT, 6)).toMatchObject([{ kind: 'enter' }]);
  });

  it('an open trip is not closed on such a book either, however long it has been held', () => {
    const feed = byHand();
    const id = feed(DEAR_UPBIT, 4)[0]?.trip as string;
    feed(position(id, 'OPEN', '4'));
    feed(input('command', ['flatten'], { id: '1', by: 'me', why: '' }));
    feed(started(undefined, { parent: { session: 's0', position: 9, reason: 'handover' } }));
    expect(feed(DEAR_UPBIT, 's0:9')).toEqual([]);
    expect(feed(DEAR_UPBIT, 8)).toEqual([]);
    expect(feed(DEAR_UPBIT, 9)).toMatchObject([{ kind: 'exit', rule: 'flatten' }]);
  });
});
