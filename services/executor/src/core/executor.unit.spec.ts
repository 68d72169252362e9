import type { DataOf, Leg } from '@arb/shared/contracts';
import {
  bookOf,
  type CoreBench,
  type Input,
  input,
  livedAndRestored,
  randomSequence,
  rateOf,
  started,
  TEST_CONFIG,
} from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { allow, balances, begun, binance, command, ENTRY, EXIT, leg, orders, positions, upbit } from '../testing.ts';
import { make } from './index.ts';

/** Where a script is cut: often enough to meet every state. */
const CUTS = [1, 2, ...Array.from({ length: 60 }, (_, i) => 3 + i * 23)];

describe('executor', () => {
  it('opens its ledgers once, with what the configuration holds', () => {
    const bench = begun();
    expect(balances(bench, 'upbit')).toEqual({ KRW: '1000000', BTC: '2' });
    bench.feed(allow('enter', ENTRY));
    bench.pass(100);
    bench.enter('s2');
    bench.feed(started(TEST_CONFIG, { parent: { session: 's1', position: 6, reason: 'handover' } }));
    expect(balances(bench, 'upbit')?.BTC).toBe('0');
  });

  it('opens the ledger of a venue that is new in a child session, and leaves the others as they are', () => {
    const bench = begun();
    const { market, strategy, executor } = TEST_CONFIG;
    bench.enter('s2');
    bench.feed(
      started(
        {
          ...TEST_CONFIG,
          market: { ...market, venues: [...market.venues, { name: 'okx', quote: 'USDT' }] },
          strategy: { ...strategy, feeBps: { ...strategy.feeBps, okx: 10 } },
          executor: {
            ...executor,
            latencyMs: { ...executor.latencyMs, okx: { min: 1, max: 2 } },
            openingBalances: { ...executor.openingBalances, okx: { USDT: '500' } },
          },
        },
        { parent: { session: 's1', position: 6, reason: 'handover' } },
      ),
    );
    expect(balances(bench, 'okx')).toEqual({ USDT: '500' });
    expect(balances(bench, 'binance')).toEqual({ USDT: '1000', BTC: '2' });
  });

  it('sends both legs, and fills them after their latency on the depth there is then', () => {
    const bench = begun();
    expect(bench.feed(allow('enter', ENTRY)).map(({ type }) => type)).toEqual(['order', 'order']);
    expect(orders(bench)).toEqual(['BTC-1-enter-0-1 intended 0', 'BTC-1-enter-1-1 intended 0']);
    bench.pass(100);
    expect(orders(bench).slice(2).sort()).toEqual(['BTC-1-enter-0-1 filled 2', 'BTC-1-enter-1-1 filled 2']);
    const fills = bench.said('fill').map(({ data }) => data);
    expect(fills.find(({ venue }) => venue === 'binance')).toMatchObject({
      // One at 100, one at 100.5, where 100 was expected.
      price: '100.25',
      quantity: '2',
      value: { amount: '200.5', currency: 'USDT' },
      fee: { amount: '0.2005', currency: 'USDT' },
      slippageBps: 25,
      available: '4',
      fillRatio: 1,
      model: 'depth',
    });
    expect(fills.find(({ venue }) => venue === 'upbit')).toMatchObject({
      price: '152000',
      fee: { amount: '152', currency: 'KRW' },
      slippageBps: 0,
    });
    expect(balances(bench, 'binance')).toEqual({ USDT: '799.2995', BTC: '4' });
    expect(balances(bench, 'upbit')).toEqual({ KRW: '1303848', BTC: '0' });
    expect(positions(bench)).toEqual(['OPEN 2']);
  });

  it('closes a trip and says what it earned, in parts that sum to the whole', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.pass(100);
    upbit(bench, [[149_900, 5]], [[150_000, 5]]);
    bench.feed(allow('exit', EXIT));
    bench.pass(100);
    expect(positions(bench)).toEqual(['OPEN 2', 'CLOSING 2', 'CLOSED 0']);
    const closed = bench.said('position').at(-1)?.data;
    // Won: 304000 − 152 − 300000 − 150 = 3698, at 1500. Dollars: −200.5 − 0.2005 + 199 − 0.199.
    expect(closed?.pnl).toEqual({ amount: '0.56583333', currency: 'USDT' });
    // At the best prices: 304000 won for 200 dollars, then 300000 won for 199 dollars. Half a dollar more for the second coin.
    expect(Object.entries(closed?.parts ?? {}).filter(([, amount]) => amount !== '0')).toEqual([
      ['enterSpread', '2.66666667'],
      ['exitSpread', '-1'],
      ['fees', '-0.60083333'],
      ['rounding', '-0.00000001'],
      ['enterBuyDepth', '-0.5'],
    ]);
    expect(balances(bench, 'upbit')).toEqual({ KRW: '1003698', BTC: '2' });
    expect(balances(bench, 'binance')).toEqual({ USDT: '998.1005', BTC: '2' });
  });

  it('tells the drift of the rate apart from the trade', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.pass(100);
    upbit(bench, [[149_900, 5]], [[150_000, 5]]);
    bench.feed(rateOf('KRW-USDT', 1520));
    bench.feed(allow('exit', EXIT));
    bench.pass(100);
    // The won of the entry, 303848, are worth less by 1/1500 − 1/1520.
    expect(Number(bench.said('position').at(-1)?.data.parts.fx)).toBeCloseTo(303_848 * (1 / 1520 - 1 / 1500), 6);
  });

  it('keeps taken what it took until the level shows another size', () => {
    const bench = begun('50');
    const sell = (trip: string) => {
      bench.feed(
        allow('enter', [leg('binance', 'BTC-USDT', 'buy', '0.5', '90', '90'), leg('upbit', 'BTC-KRW', 'sell', '4', '151000', '152000')], {
          trip,
        }),
      );
      bench.pass(30);
      return bench.said('fill').filter(({ data }) => data.trip === trip && data.venue === 'upbit')[0]?.data;
    };
    // What was sold is bought back on the other side: nothing was bought at 90.
    expect(sell('BTC-1')).toMatchObject({ quantity: '4', available: '5' });
    upbit(
      bench,
      [
        [152_000, 5],
        [151_500, 1],
      ],
      [[152_100, 5]],
    );
    expect(sell('BTC-2')).toMatchObject({ quantity: '2', available: '2', fillRatio: 0.5 });
    upbit(bench, [[152_000, 4.5]], [[152_100, 50]]);
    expect(sell('BTC-3')).toMatchObject({ quantity: '4', available: '4.5' });
  });

  it('unwinds at the market what one leg has more than the other', () => {
    const bench = begun();
    upbit(bench, [[152_000, 0.5]], [[152_100, 5]]);
    bench.feed(allow('enter', ENTRY));
    bench.pass(100);
    bench.pass(100);
    expect(orders(bench)).toEqual(
      expect.arrayContaining([
        'BTC-1-enter-1-1 part-filled 0.5',
        'BTC-1-enter-1-1 cancelled 0.5',
        'BTC-1-enter-0-2 intended 0',
        'BTC-1-enter-0-2 filled 1.5',
      ]),
    );
    expect(positions(bench)).toEqual(['OPEN 0.5']);
    expect(balances(bench, 'binance')?.BTC).toBe('2.5');
    expect(balances(bench, 'upbit')?.BTC).toBe('1.5');
  });

  it('says a price that does not come out even as the worse one', () => {
    const bench = begun('3');
    binance(
      bench,
      [[99.5, 5]],
      [
        [100, 1],
        [100.1, 5],
      ],
    );
    upbit(
      bench,
      [
        [152_000, 1],
        [151_999, 5],
      ],
      [],
    );
    bench.feed(
      allow(
        'enter',
        ENTRY.map((one) => ({ ...one, quantity: '3' })),
      ),
    );
    bench.pass(100);
    const prices = bench.said('fill').map(({ data }) => `${data.side} ${data.price}`);
    expect(prices.sort()).toEqual(['buy 100.0666666666666667', 'sell 151999.3333333333333333']);
  });

  it('says prices of many digits in as many as an event may carry', () => {
    const bench = begun('2');
    binance(bench, [[0.00000812345678901234, 5e6]], [[0.00000812345678901235, 5e6]]);
    upbit(bench, [[0.0121851851835185, 1e6]], [[0.0121851851835186, 1e6]]);
    bench.feed(
      allow('enter', [
        leg('binance', 'BTC-USDT', 'buy', '1.5', '0.00001', '0.000008'),
        leg('upbit', 'BTC-KRW', 'sell', '1.5', '0.0122', '0.012'),
      ]),
    );
    bench.pass(100);
    bench.pass(100);
    expect(bench.said('fill').map(({ data }) => [data.purpose, data.sentAtBest])).toEqual([
      ['leg', '0.000008123456789012'],
      ['unwind', '0.000008123456789012'],
    ]);
  });

  it('ends UNWOUND, at a loss, when one leg did not fill at all', () => {
    const bench = begun();
    upbit(bench, [[150_000, 5]], [[150_100, 5]]);
    bench.feed(allow('enter', ENTRY));
    bench.pass(100);
    bench.pass(100);
    expect(positions(bench)).toEqual(['UNWOUND 0']);
    const { data } = bench.said('position')[0] as { data: DataOf<'position'> };
    expect(data.why).toBe('sell at upbit: limit not reached: the best price is 150000, the limit 151000');
    expect(data.pnl).toEqual({ amount: '-1.8995', currency: 'USDT' });
  });

  it.each<[string, string, (bench: CoreBench) => void, readonly Leg[]]>([
    [
      'limit not reached',
      'neither limit is reached',
      () => {},
      ENTRY.map((one) => ({ ...one, limit: one.side === 'buy' ? '1' : '999999' })),
    ],
    ['no book since the session began', 'their books are from before', (bench) => bench.feed(started(TEST_CONFIG)), ENTRY],
    ['no balance', 'no balance covers the worst case', () => {}, ENTRY.map((one) => ({ ...one, quantity: '10000' }))],
  ])('rejects both legs with the reason "%s" and fails the trip when %s', (reason, _, prepare, legs) => {
    const bench = begun();
    prepare(bench);
    bench.feed(allow('enter', legs));
    bench.pass(100);
    const rejected = bench.said('order').filter(({ data }) => data.state === 'rejected');
    expect(rejected.map(({ data }) => data.reason)).toEqual([expect.stringContaining(reason), expect.stringContaining(reason)]);
    expect(positions(bench)).toEqual(['FAILED 0']);
    expect(bench.said('fill')).toEqual([]);
  });

  it('gives an outcome also to what it cannot begin: too old, unknown trip, one-sided legs', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY, { validUntil: bench.now - 1 }));
    bench.feed(allow('exit', EXIT, { trip: 'BTC-9' }));
    bench.feed(allow('enter', [ENTRY[0] as Leg], { trip: 'BTC-3' }));
    bench.feed(allow('enter', [ENTRY[0] as Leg, { ...(ENTRY[0] as Leg), side: 'sell' }], { trip: 'BTC-4' }));
    expect(bench.said('position').map(({ data }) => [data.trip, data.state, data.why])).toEqual([
      ['BTC-1', 'FAILED', 'the decision is too old'],
      ['BTC-9', 'FAILED', 'no such round trip is open'],
      ['BTC-3', 'FAILED', 'expected one buying and one selling leg'],
      ['BTC-4', 'FAILED', 'expected legs at two venues, found both at binance'],
    ]);
    expect(bench.said('order')).toEqual([]);
  });

  it('lets no order leave after a halt, and leaves an open trip open', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.pass(100);
    command(bench, 'halt');
    bench.feed(allow('exit', EXIT));
    bench.feed(allow('enter', ENTRY, { trip: 'BTC-2' }));
    expect(
      bench
        .said('position')
        .map(({ data }) => `${data.trip} ${data.state} ${data.why}`)
        .slice(1),
    ).toEqual(['BTC-1 OPEN halted', 'BTC-2 FAILED halted']);
    expect(bench.said('order').filter(({ data }) => data.state === 'intended').length).toBe(2);
    command(bench, 'go-on');
    bench.feed(allow('exit', EXIT));
    expect(bench.said('order').filter(({ data }) => data.state === 'intended').length).toBe(4);
  });

  it('cancels what has not reached its venue when a halt comes, and nothing is left of it', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    command(bench, 'halt');
    expect(orders(bench).slice(2)).toEqual(['BTC-1-enter-0-1 cancelled 0', 'BTC-1-enter-1-1 cancelled 0']);
    expect(positions(bench)).toEqual(['FAILED 0']);
    for (let i = 0; i < 20; i++) bench.pass(100);
    expect(bench.said('fill')).toEqual([]);
    command(bench, 'go-on');
    // Nothing stays reserved: all that is held can be used again.
    bench.feed(allow('enter', ENTRY, { trip: 'BTC-2' }));
    bench.pass(30);
    expect(positions(bench)).toEqual(['FAILED 0', 'OPEN 2']);
  });

  it('carries an order under way into a child session, and refers to its verdict by the session it stands in', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.enter('s2');
    bench.feed(started(TEST_CONFIG, { parent: { session: 's1', position: 5, reason: 'handover' } }));
    bench.feed(rateOf('KRW-USDT', 1500));
    binance(bench, [[99.5, 5]], [[100, 5]]);
    upbit(bench, [[152_000, 5]], [[152_100, 5]]);
    bench.pass(100);
    expect(positions(bench)).toEqual(['OPEN 2']);
    expect(bench.said('fill')[0]?.basis[0]).toBe('s1:5');
  });

  it('goes on from a snapshot as if it had never stopped', () => {
    const random = randomSequence('executor');
    const script: Input[] = [started()];
    let at = 1_700_000_000_000_000;
    for (let i = 0; i < 1500; i++) {
      at += Math.floor(random() * 20_000);
      const price = 100 + random();
      const size = () => Number((random() * 2).toPrecision(3)) + 0.01;
      const kind = random();
      if (kind < 0.35)
        script.push(
          bookOf(
            'binance',
            'BTC-USDT',
            [
              [price, size()],
              [price - 0.5, size()],
            ],
            [
              [price + 0.1, size()],
              [price + 0.3, size()],
            ],
            at,
          ),
        );
      else if (kind < 0.7)
        script.push(
          bookOf(
            'upbit',
            'BTC-KRW',
            [[price * 1520, size()]],
            [
              [price * 1521, size()],
              [price * 1525, size()],
            ],
            at,
          ),
        );
      else if (kind < 0.74) script.push({ ...rateOf('KRW-USDT', 1500 + random()), at });
      else if (kind < 0.75)
        script.push(input('command', [random() < 0.4 ? 'halt' : 'go-on'], { id: String(i), by: 'me', why: 'test' }, at));
      else if (kind < 0.85) script.push(input('clock', [], { fill: 0, committed: 0, committedAt: null }, at));
      else {
        const quantity = String(Math.round(random() * 10) / 1000 + 0.001);
        const enters = random() < 0.5;
        const legs = (enters ? ENTRY : EXIT).map((one) => ({
          ...one,
          quantity,
          limit: one.side === 'buy' && !enters ? '154000' : one.limit,
        }));
        script.push({
          ...allow(enters ? 'enter' : 'exit', legs, { trip: `BTC-${Math.floor(i / 60) + (random() < 0.1 ? 1 : 0)}` }),
          at,
        });
      }
    }
    const { lived, restored, emitted } = livedAndRestored(make, 'executor', script, CUTS);
    expect(new Set(emitted.flatMap(({ type, data }) => (type === 'position' ? [(data as DataOf<'position'>).state] : [])))).toEqual(
      new Set(['OPEN', 'CLOSING', 'CLOSED', 'UNWOUND', 'FAILED']),
    );
    expect(restored).toBe(lived);
  });
});
