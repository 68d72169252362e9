import type { DataOf } from '@arb/shared/contracts';
import { type CoreBench, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { allow, begun, binance, configured, ENTRY, EXIT, lastPosition, upbit } from '../testing.ts';
import { roundTripLine } from './index.ts';
import { nextDay, reconcile } from './tally.ts';

function roundTrip(bench: CoreBench, trip: string, upbitAsk: number): void {
  binance(bench, [[99.5, 5]], [[100, 5]]);
  upbit(bench, [[152_000, 5]], [[152_100, 5]]);
  bench.feed(allow('enter', ENTRY, { trip }));
  bench.pass(50);
  binance(bench, [[99.5, 6]], [[100, 6]]);
  upbit(bench, [[149_000, 5]], [[upbitAsk, 5]]);
  bench.feed(allow('exit', EXIT, { trip }));
  bench.pass(50);
}
const kpis = (bench: CoreBench) => bench.said('kpi').map(({ data }) => data);

describe('key figures', () => {
  it('are said every few seconds, from the first of a session on', () => {
    const bench = begun();
    bench.pass(9_900);
    expect(kpis(bench)).toEqual([]);
    bench.pass(100);
    bench.pass(10_000);
    expect(kpis(bench).length).toBe(2);
    expect(kpis(bench)[0]).toMatchObject({
      trips: { open: 0, closed: 0, won: 0 },
      realised: { amount: '0', currency: 'USDT' },
      unrealised: { amount: '0' },
      numbers: { winRate: null, averageR: null, fillRatio: null },
    });
  });

  it('count what was won and lost, the deepest fall, fills, slippage and latency', () => {
    const bench = begun();
    roundTrip(bench, 'BTC-1', 150_000);
    roundTrip(bench, 'BTC-2', 151_990);
    roundTrip(bench, 'BTC-3', 150_000);
    bench.feed(
      allow(
        'enter',
        ENTRY.map((leg) => ({ ...leg, limit: leg.side === 'buy' ? '1' : '999999' })),
        { trip: 'BTC-4' },
      ),
    );
    bench.pass(50);
    bench.pass(9_950);
    const results = bench.said('position').flatMap(({ data }) => (data.pnl === null ? [] : [Number(data.pnl.amount)]));
    expect(results.map(Math.sign)).toEqual([1, -1, 1, 0]);
    const kpi = kpis(bench).at(-1) as DataOf<'kpi'>;
    expect(kpi.trips).toEqual({ open: 0, closed: 3, unwound: 0, failed: 1, won: 2, lost: 1 });
    expect(Number(kpi.realised.amount)).toBeCloseTo(
      results.reduce((sum, one) => sum + one),
      7,
    );
    expect(Number(kpi.drawdown.amount)).toBeCloseTo(-(results[1] as number), 7);
    const latencies = bench.said('fill').map(({ data }) => data.latencyMs as number);
    const slippage = bench.said('fill').map(({ data }) => data.slippageBps);
    const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;
    expect(kpi.numbers).toMatchObject({ orders: 14, notFilled: 2, unwinds: 0 });
    expect(kpi.numbers.winRate).toBeCloseTo(2 / 3, 6);
    expect(kpi.numbers.fillRatio).toBeCloseTo(12 / 14, 6);
    expect(kpi.numbers.slippageBps).toBeCloseTo(mean(slippage), 6);
    expect(kpi.numbers.ackLatencyMaxMs).toBeGreaterThanOrEqual(Math.max(...latencies));
    const hours = (bench.said('kpi').length * 10) / 3600;
    expect(kpi.numbers.tradesPerHour).toBeGreaterThan((3 / hours) * 0.9);
  });

  it('mark what is open at the depth it could be closed at, and say nothing where that cannot be told', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.pass(50);
    bench.pass(9_940);
    binance(
      bench,
      [
        [99.5, 1],
        [99, 5],
      ],
      [[100, 5]],
    );
    upbit(bench, [[152_000, 5]], [[152_100, 5]]);
    bench.pass(10);
    // In: 304000 − 152 won, −200.5 − 0.2005 dollars. To close: 304200 won and its fee of 152.1, 198.5 dollars less 0.1985.
    const won = (303_848 - 304_352.1) / 1500;
    expect(Number(kpis(bench).at(-1)?.unrealised?.amount)).toBeCloseTo(won - 200.7005 + 198.3015, 7);
    bench.pass(9_990);
    binance(bench, [[99.5, 1]], [[100, 5]]);
    upbit(bench, [[152_000, 5]], [[152_100, 5]]);
    bench.pass(10);
    expect(kpis(bench).at(-1)?.unrealised).toBeNull();
  });

  it('name the round trips that hold something, as long as they do', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.pass(50);
    bench.pass(9_950);
    const [entered] = bench.said('position').flatMap(({ data }) => (data.state === 'OPEN' ? [data] : []));
    const { trip, coin, quantity, route } = entered as DataOf<'position'>;
    expect(kpis(bench).at(-1)?.open).toEqual([{ trip, coin, state: 'OPEN', route, quantity, since: expect.any(Number) }]);
    binance(bench, [[99.5, 5]], [[100, 5]]);
    upbit(bench, [[149_000, 5]], [[150_000, 5]]);
    bench.feed(allow('exit', EXIT, { trip }));
    bench.pass(50);
    bench.pass(9_950);
    expect(bench.said('position').at(-1)?.data.state).toBe('CLOSED');
    expect(kpis(bench).at(-1)).not.toHaveProperty('open');
  });

  it('mark two trips one after the other: the same depth closes only one of them', () => {
    const bench = begun('4');
    for (const trip of ['BTC-1', 'BTC-2']) {
      binance(bench, [[99.5, 5]], [[100, 5]]);
      upbit(bench, [[152_000, 5]], [[152_100, 5]]);
      bench.feed(allow('enter', ENTRY, { trip }));
      bench.pass(50);
    }
    const paid = bench.said('position').map(({ data }) => data.state);
    expect(paid).toEqual(['OPEN', 'OPEN']);
    const marked = (bids: [number, number][]) => {
      while (bench.pass(100).every(({ type }) => type !== 'kpi')) {
        binance(bench, bids, [[200, 5]]);
        upbit(bench, [[152_000, 5]], [[152_100, 9]]);
      }
      return kpis(bench).at(-1)?.unrealised;
    };
    const all = Number(marked([[99, 4]])?.amount);
    const half = Number(
      marked([
        [99, 2],
        [98, 2],
      ])?.amount,
    );
    expect(half - all).toBeCloseTo(-2 * 0.999, 6);
    expect(marked([[99, 3.9]])).toBeNull();
  });

  it('mark what an exit or an entry under way holds on one leg alone', () => {
    const slow = { latencyMs: { upbit: { min: 1000, max: 1000 }, binance: { min: 0, max: 0 } } };
    const bench = begun('2', { ...slow, kpiSeconds: 1 });
    const tell = () => {
      binance(bench, [[99.5, 5]], [[100, 5]]);
      upbit(bench, [[152_000, 5]], [[152_100, 5]]);
    };
    const marks = (given: Parameters<CoreBench['feed']>[0]) => {
      bench.feed(given);
      for (let i = 0; i < 9; i++) {
        bench.pass(100);
        tell();
      }
      const [said] = kpis(bench).slice(-1);
      bench.pass(300);
      return said;
    };
    bench.pass(900);
    tell();
    // Two bought at 100, to be sold at 99.5; fees of 0.1 % both ways.
    const bought = -200 * 1.001 + 199 * 0.999;
    expect(Number(marks(allow('enter', ENTRY))?.unrealised?.amount)).toBeCloseTo(bought, 6);
    tell();
    const exit = marks(
      allow(
        'exit',
        EXIT.map((leg) => ({ ...leg, limit: leg.side === 'buy' ? '160000' : '1' })),
      ),
    );
    const sold = (304_000 * 0.9995 - 304_200 * 1.0005) / 1500;
    expect(Number(exit?.unrealised?.amount)).toBeCloseTo(-200 * 1.001 + 199 * 0.999 + sold, 6);
    expect(exit?.trips.open).toBe(1);
  });

  it('measure results in what the stop would have lost, where there is one', () => {
    const bench = begun();
    const config = configured({ openingBalances: { upbit: { KRW: '1000000', BTC: '2' }, binance: { USDT: '1000', BTC: '2' } } });
    bench.feed(started({ ...config, strategy: { ...config.strategy, stopLossBps: 50 } as typeof config.strategy }));
    roundTrip(bench, 'BTC-1', 150_000);
    bench.pass(10_000);
    // One R: 0.5 % of the 200 that the decision was about.
    expect(kpis(bench).at(-1)?.numbers.averageR).toBeCloseTo(Number(lastPosition(bench).pnl?.amount), 6);
  });

  it('score the calibrated model against what the books showed, zone by zone', () => {
    const calibration = { version: 3, edgeBps: [], size: [0.5], volatilityBps: [], ratios: [0.5, 0.1] };
    const bench = begun('2', { fillModel: 'calibrated', calibration });
    bench.feed(allow('enter', ENTRY));
    bench.pass(50);
    bench.pass(9_950);
    expect(bench.said('fill').find(({ data }) => data.venue === 'upbit')?.data).toMatchObject({
      model: 'calibrated',
      modelVersion: 3,
      quantity: '1',
    });
    // Sell 2 of 5 on offer; buy 2 of 4 on offer, which falls into the second zone.
    expect(kpis(bench).at(-1)?.zones).toEqual(
      expect.arrayContaining([
        { zone: 'edge …-…, size …-0.5, volatility …-…', predicted: 0.5, seen: 1, orders: 1 },
        { zone: 'edge …-…, size 0.5-…, volatility …-…', predicted: 0.1, seen: 1, orders: 1 },
      ]),
    );
    expect(kpis(bench).at(-1)?.numbers.modelError).toBeCloseTo((0.5 ** 2 + 0.9 ** 2) / 2, 6);
    // A new calibration has other zones.
    bench.enter('s2');
    const next = configured({ fillModel: 'calibrated', calibration: { ...calibration, version: 4, size: [], ratios: [1] } });
    bench.feed(started(next, { parent: { session: 's1', position: 9, reason: 'handover' } }));
    bench.pass(10_000);
    expect(kpis(bench).at(-1)).toMatchObject({ zones: [], numbers: { modelError: null, orders: 2 } });
  });
});

describe('the reconciliation', () => {
  it('holds each ledger against its fills and transfers at the end of a day, and opens the next with what is there', () => {
    const bench = begun();
    roundTrip(bench, 'BTC-1', 150_000);
    const transfer = { from: 'upbit', to: 'binance', currency: 'BTC', quantity: '0.5', fee: '0.001', arrivesAt: bench.now };
    bench.feed(allow('rebalance', [], { trip: 'BTC-9', transfer }));
    bench.pass(1000);
    while (bench.said('reconciliation').length < 4) bench.pass(3_600_000);
    const [upbitDay, binanceDay, nextUpbit] = bench.said('reconciliation').map(({ data }) => data);
    expect(upbitDay).toMatchObject({ venue: 'upbit', agrees: true, fills: 2 });
    expect(upbitDay?.accounts).toEqual([
      {
        currency: 'KRW',
        opening: '1000000',
        bought: '304000',
        sold: '300000',
        fees: '302',
        transferred: '0',
        closing: '1003698',
        difference: '0',
      },
      { currency: 'BTC', opening: '2', bought: '2', sold: '2', fees: '0', transferred: '-0.5', closing: '1.5', difference: '0' },
    ]);
    expect(binanceDay?.accounts.find(({ currency }) => currency === 'BTC')).toMatchObject({
      transferred: '0.5',
      fees: '0.001',
      closing: '2.499',
    });
    expect(nextUpbit).toMatchObject({ from: upbitDay?.to, fills: 0, agrees: true });
    expect(nextUpbit?.accounts[0]).toMatchObject({ opening: '1003698', bought: '0', closing: '1003698' });
  });

  it('says the account and by how much, where ledger and fills do not agree', () => {
    const line = { opening: '10', bought: '2', sold: '1', fees: '0.5', transferred: '0' };
    const said: DataOf<'reconciliation'>[] = [];
    const context = { now: 5, emit: (_: string, __: unknown, data: unknown) => said.push(data as DataOf<'reconciliation'>) };
    reconcile({ from: 1, venues: [['upbit', 1, [['KRW', line]]]] }, { venues: new Map() }, context as never);
    expect(said[0]).toMatchObject({ agrees: false, accounts: [{ currency: 'KRW', closing: '0', difference: '-10.5' }] });
  });

  it('comes at midnight, UTC or in Seoul', () => {
    const at = (text: string) => Date.parse(text) * 1000;
    expect(nextDay(at('2026-03-01T13:00:00Z'), 0)).toBe(at('2026-03-02T00:00:00Z'));
    expect(nextDay(at('2026-03-02T00:00:00Z'), 0)).toBe(at('2026-03-03T00:00:00Z'));
    expect(nextDay(at('2026-03-01T13:00:00Z'), 15 * 3_600_000_000)).toBe(at('2026-03-01T15:00:00Z'));
    expect(nextDay(at('2026-03-01T16:00:00Z'), 15 * 3_600_000_000)).toBe(at('2026-03-02T15:00:00Z'));
  });
});

describe('the log of round trips', () => {
  it('has one line of the same fields for each trip that ended, from its last position alone', () => {
    const bench = begun();
    roundTrip(bench, 'BTC-1', 150_000);
    bench.feed(
      allow(
        'enter',
        ENTRY.map((leg) => ({ ...leg, limit: leg.side === 'buy' ? '1' : '999999' })),
        { trip: 'BTC-2' },
      ),
    );
    bench.pass(100);
    const lines = bench.said('position').map(({ data }, i) => roundTripLine({ session: 's1', position: i }, data));
    expect(lines.map((line) => line === null)).toEqual([true, true, false, false]);
    const [whole, failed] = lines.filter((line) => line !== null).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(Object.keys(whole ?? {}).length).toBe(83);
    expect(Object.keys(failed ?? {})).toEqual(Object.keys(whole ?? {}));
    expect(whole).toMatchObject({
      trip: 'BTC-1',
      state: 'CLOSED',
      buyVenue: 'binance',
      heldMs: 100,
      notional: '200',
      edgeBps: 20,
      pnl: lastPnl(bench, 'BTC-1'),
      enterBuyVenue: 'binance',
      enterBuyPrice: '100',
      enterSellPrice: '152000',
      exitBuyPrice: '150000',
      exitSellFilled: '2',
      exitSellFee: '0.199',
      partFees: '-0.60033333',
      model: 'depth',
    });
    expect(failed).toMatchObject({ trip: 'BTC-2', state: 'FAILED', enterBuyFilled: '0', enterBuyPrice: null, exitBuyVenue: null });
    expect(lines.every((line) => line === null || (line.endsWith('}\n') && !line.slice(0, -1).includes('\n')))).toBe(true);
  });
});

const lastPnl = (bench: CoreBench, trip: string) => bench.said('position').findLast(({ data }) => data.trip === trip)?.data.pnl?.amount;

describe('the configuration', () => {
  it('with a queue of resting orders is refused in one sentence', () => {
    const bench = begun();
    expect(() => bench.feed(started(configured({ fillModel: 'queue' })))).toThrow(/executor\.fillModel queue is not offered.*choose depth/);
  });

  it('from before there were policies gives the usual ones', () => {
    const { unmatched, timeInForce, sendErrorRate, kpiSeconds, calibration, ...older } = TEST_CONFIG.executor;
    expect([unmatched.policy, timeInForce, sendErrorRate, kpiSeconds, calibration.version]).toEqual(['reverse', 'IOC', 0, 10, 1]);
    const bench = begun();
    bench.feed(started({ ...TEST_CONFIG, executor: older as typeof TEST_CONFIG.executor }));
    roundTrip(bench, 'BTC-1', 150_000);
    expect(lastPosition(bench).state).toBe('CLOSED');
  });
});
