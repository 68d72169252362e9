import type { DataOf } from '@arb/shared/contracts';
import type { UnmatchedConfig } from '@arb/shared/core';
import { type CoreBench, input, rateOf, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { add, formatDecimal, parseDecimal, ZERO } from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import {
  allow,
  balances,
  begun,
  binance,
  command,
  configured,
  ENTRY,
  EXIT,
  guardOf,
  healthOf,
  lastPosition,
  leg,
  orders,
  positions,
  upbit,
} from '../testing.ts';

/** 0.5 are bought, 0.4 are sold: binance shows enough to give back, upbit no more to sell. */
const UNEVEN = [leg('binance', 'BTC-USDT', 'buy', '0.5', '101', '100'), leg('upbit', 'BTC-KRW', 'sell', '0.5', '151000', '152000')];

function uneven(policy: UnmatchedConfig['policy'], change: Partial<UnmatchedConfig> = {}): CoreBench {
  const bench = begun('2', { unmatched: { policy, priceLimitBps: 100, timeLimitMs: 3000, pauseMs: 1000, ...change } });
  upbit(bench, [[152_000, 0.4]], [[152_100, 5]]);
  bench.feed(allow('enter', UNEVEN));
  bench.pass(100);
  return bench;
}

/** Passes time with both venues saying the books they last said. */
function live(bench: CoreBench, ms: number, upbitBids: [number, number][] = [[152_000, 0.4]]): void {
  for (let passed = 0; passed < ms; passed += 100) {
    bench.pass(100);
    binance(bench, [[99.5, 5]], [[100, 5]]);
    upbit(bench, upbitBids, [[152_100, 5]]);
  }
}

const sumOf = (parts: DataOf<'position'>['parts']) => formatDecimal(Object.values(parts).map(parseDecimal).reduce(add, ZERO));

/** Closes what is open at upbit 150000 and binance 99.5. */
function close(bench: CoreBench): DataOf<'position'> {
  binance(bench, [[99.5, 5]], [[100, 5]]);
  upbit(bench, [[149_900, 5]], [[150_000, 5]]);
  bench.feed(allow('exit', EXIT));
  bench.pass(100);
  return lastPosition(bench);
}

describe('0.5 bought and 0.4 sold', () => {
  it('open 0.4, and Reverse gives 0.1 back', () => {
    const bench = uneven('reverse');
    live(bench, 200);
    expect(positions(bench)).toEqual(['OPEN 0.4']);
    expect(bench.said('fill').map(({ data }) => [data.purpose, data.venue, data.side, data.quantity, data.price])).toEqual(
      expect.arrayContaining([
        ['leg', 'upbit', 'sell', '0.4', '152000'],
        ['leg', 'binance', 'buy', '0.5', '100'],
        ['unwind', 'binance', 'sell', '0.1', '99.5'],
      ]),
    );
    expect([balances(bench, 'binance')?.BTC, balances(bench, 'upbit')?.BTC]).toEqual(['2.4', '1.6']);
    const end = close(bench);
    expect(end).toMatchObject({ state: 'CLOSED', parts: { unwind: '-0.05' }, log: { unwinds: 1, kept: '0' } });
    expect(sumOf(end.parts)).toBe(end.pnl?.amount);
    // 0.1 × 100 dollars stood alone for as long as it took to see it and to give it back: some milliseconds.
    const alone = (end.log?.unhedged as number) / 10;
    expect(alone).toBeGreaterThan(2);
    expect(alone).toBeLessThan(400);
  });

  it('open 0.4, and Cancel keeps 0.1 in stock at the price it was seen at', () => {
    const bench = uneven('cancel');
    expect(positions(bench)).toEqual(['OPEN 0.4']);
    expect(lastPosition(bench).why).toContain('0.1 BTC kept at binance: kept by policy');
    expect(bench.said('fill').length).toBe(2);
    const end = close(bench);
    expect(end).toMatchObject({ state: 'CLOSED', parts: { unwind: '0' }, log: { kept: '0.1', unwinds: 0 } });
    // Won: 60800 − 30.4 − 60000 − 30 = 739.6, at 1500. Dollars: −50 − 0.05 + 39.8 − 0.0398, and 0.1 coins at 100 kept.
    expect(end.pnl).toEqual({ amount: '0.20326667', currency: 'USDT' });
    expect(sumOf(end.parts)).toBe(end.pnl?.amount);
    expect([balances(bench, 'binance')?.BTC, balances(bench, 'upbit')?.BTC]).toEqual(['2.1', '2']);
  });

  it('say each time what the kept 0.1 cost and is worth, in a child session too', () => {
    const kept = (bench: CoreBench) => bench.said('kpi').at(-1)?.data.kept;
    const bench = uneven('cancel');
    const leg = { trip: 'BTC-1', venue: 'binance', symbol: 'BTC-USDT', quantity: '0.1', cost: '10' };
    live(bench, 10_000);
    expect(kept(bench)).toEqual([{ ...leg, since: expect.any(Number), worth: '9.95' }]);
    close(bench);
    bench.feed(started(configured({}), { parent: { session: 's0', position: 9, reason: 'handover' } }));
    bench.pass(10_000);
    expect(kept(bench)).toMatchObject([{ ...leg, worth: null }]);
    live(bench, 10_000);
    expect(kept(bench)).toMatchObject([{ ...leg, worth: '9.95' }]);
  });

  it('open 0.5 once Proceed has sold the rest', () => {
    const bench = uneven('proceed');
    upbit(bench, [[151_500, 3]], [[152_100, 5]]);
    live(bench, 1200, [[151_500, 3]]);
    expect(positions(bench)).toEqual(['OPEN 0.5']);
    expect(bench.said('fill').at(-1)?.data).toMatchObject({
      purpose: 'proceed',
      venue: 'upbit',
      side: 'sell',
      quantity: '0.1',
      price: '151500',
    });
    const end = close(bench);
    expect(sumOf(end.parts)).toBe(end.pnl?.amount);
    expect(end.log?.legs.find(({ leg: { venue }, phase }) => phase === 'enter' && venue === 'upbit')?.leg).toMatchObject({
      asked: '0.5',
      filled: '0.5',
      orders: 2,
      price: '151900',
    });
  });

  it('open 0.4 where Proceed finds nobody within its price and time, and then gives 0.1 back', () => {
    const bench = uneven('proceed');
    live(bench, 5000, [[150_000, 9]]);
    expect(positions(bench)).toEqual(['OPEN 0.4']);
    const tries = bench.said('fill').map(({ data }) => data.purpose);
    expect(tries.sort()).toEqual(['leg', 'leg', 'unwind']);
    const proceeding = bench.said('order').filter(({ data }) => data.state === 'rejected' && data.venue === 'upbit');
    // 152000 less the price limit of 1 %.
    expect(proceeding.map(({ data }) => data.limit)).toEqual(['150480', '150480', '150480']);
  });

  it('end in failure, the trip being closed, where Reverse finds nobody within its price and time', () => {
    const bench = uneven('reverse');
    for (let i = 0; i < 50; i++) {
      binance(bench, [[98, 5]], [[100, 5]]);
      bench.pass(100);
    }
    expect(positions(bench)).toEqual(['OPEN 0.4']);
    expect(lastPosition(bench).why).toContain('0.1 BTC at binance could not be unwound: not within the time limit');
    const unwinds = bench.said('order').filter(({ data }) => data.state === 'intended' && data.side === 'sell' && data.venue === 'binance');
    expect(unwinds.map(({ data }) => data.limit)).toEqual(['99', '99', '99']);
    const end = close(bench);
    expect(end).toMatchObject({ state: 'FAILED', log: { kept: '0.1' } });
    expect(sumOf(end.parts)).toBe(end.pnl?.amount);
  });

  it('keep as stock what is too small for the venue to take back', () => {
    const bench = begun('2');
    const symbols = [{ symbol: 'BTC-USDT', tick: '0.1', lot: '0.01', minNotional: '20' }];
    bench.feed(input('instruments', ['binance'], { venue: 'binance', fees: { maker: '0.001', taker: '0.001' }, bands: [], symbols }));
    upbit(bench, [[152_000, 0.4]], [[152_100, 5]]);
    bench.feed(allow('enter', UNEVEN));
    bench.pass(100);
    expect(positions(bench)).toEqual(['OPEN 0.4']);
    expect(lastPosition(bench).why).toContain('0.1 BTC kept at binance: too small to trade: below the least notional');
    expect(close(bench).state).toBe('CLOSED');
  });
});

describe('a trip of which a part was closed', () => {
  const enough = (minNotional: string) => {
    const bench = begun('2');
    const symbols = [{ symbol: 'BTC-USDT', tick: '0.1', lot: '0.01', minNotional }];
    bench.feed(allow('enter', ENTRY));
    bench.pass(100);
    bench.feed(input('instruments', ['binance'], { venue: 'binance', fees: { maker: '0.001', taker: '0.001' }, bands: [], symbols }));
    upbit(bench, [[149_900, 5]], [[150_000, 1.9]]);
    binance(bench, [[99.5, 1.9]], [[100, 5]]);
    bench.feed(allow('exit', EXIT));
    bench.pass(100);
    return bench;
  };

  it('stays open where the rest can be closed too', () => {
    expect(positions(enough('5')).at(-1)).toBe('OPEN 0.1');
  });

  it('ends where the rest is too small for a venue to take: coins here for coins there, nothing is left over', () => {
    const end = lastPosition(enough('20'));
    expect(end).toMatchObject({ state: 'CLOSED', quantity: '0', log: { kept: '0', exits: 1 } });
    expect(end.why).toContain('0.1 BTC are too few to trade back');
    expect(sumOf(end.parts)).toBe(end.pnl?.amount);
  });
});

describe('a trip of which the balances cover a part', () => {
  /** Sold for 303,848 won after the fee, and nothing else is held there: what the price rose by is missing. */
  const dear = (price: number): CoreBench => {
    const openingBalances = { upbit: { KRW: '0', BTC: '2' }, binance: { USDT: '1000', BTC: '0' } };
    const bench = begun('2', { openingBalances });
    bench.feed(allow('enter', ENTRY));
    bench.pass(100);
    binance(bench, [[99.5, 9]], [[100, 9]]);
    upbit(bench, [[price - 100, 9]], [[price, 9]]);
    bench.feed(
      allow(
        'exit',
        EXIT.map((one) => (one.side === 'buy' ? { ...one, limit: String(price) } : one)),
      ),
    );
    bench.pass(100);
    return bench;
  };

  it('is closed as far as they go, and says so: waiting for all of it would close nothing', () => {
    const bench = dear(160_000);
    const closed = 303_848 / (160_000 * 1.0005);
    expect(Number(lastPosition(bench).quantity)).toBeCloseTo(2 - closed, 7);
    expect(lastPosition(bench)).toMatchObject({ state: 'OPEN', why: expect.stringMatching(/^the balances cover 1\.898\d+ of 2/) });
    expect(Number(balances(bench, 'upbit')?.KRW)).toBeLessThan(0.01);
  });

  it('is refused for want of balance where they cover nothing that a venue takes', () => {
    const bench = dear(160_000);
    bench.feed(
      allow(
        'exit',
        EXIT.map((one) => (one.side === 'buy' ? { ...one, limit: '160000' } : one)),
      ),
    );
    bench.pass(100);
    expect(lastPosition(bench)).toMatchObject({ state: 'OPEN', why: expect.stringContaining('no balance: upbit has') });
  });
});

describe('Proceed that waited in vain for the other venue', () => {
  it('gives the first leg as long to be taken back as it took itself', () => {
    const bench = uneven('proceed');
    const wait = (seconds: number, frozen: string) => {
      bench.feed(healthOf(frozen, 'FROZEN'));
      for (let i = 0; i < seconds; i++) {
        bench.pass(1000);
        binance(bench, [[99.5, 5 + i]], [[100, 5]]);
      }
    };
    wait(590, 'upbit');
    wait(20, 'binance');
    expect(positions(bench)).toEqual([]);
    bench.feed(healthOf('binance', 'HEALTHY'));
    wait(5, 'upbit');
    expect(positions(bench)).toEqual(['OPEN 0.4']);
    expect(lastPosition(bench).why).not.toContain('could not be unwound');
  });
});

describe('one leg that comes to nothing', () => {
  it('is an event of its leg where the venue does not take the order, and the other is given back', () => {
    const bench = begun('2', { sendErrorRate: 0.5 });
    const small = (legs: typeof ENTRY) => legs.map((one) => ({ ...one, quantity: '0.01' }));
    const settle = () => {
      for (let j = 0; j < 60; j++) {
        bench.pass(100);
        binance(bench, [[100, 50 + j]], [[100, 50 + j]]);
        upbit(bench, [[152_000, 50 + j]], [[152_000, 50 + j]]);
      }
    };
    for (let i = 1; i <= 40; i++) {
      bench.feed(allow('enter', small(ENTRY), { trip: `BTC-${i}` }));
      settle();
      const last = lastPosition(bench);
      expect([last.trip, ['OPEN', 'UNWOUND', 'FAILED'].includes(last.state)]).toEqual([`BTC-${i}`, true]);
      if (last.state !== 'OPEN') continue;
      bench.feed(allow('exit', small(EXIT), { trip: last.trip }));
      settle();
    }
    const failed = bench.said('order').filter(({ data }) => data.reason?.includes('an error on sending') ?? false);
    expect(failed.length).toBeGreaterThan(20);
    expect(new Set(bench.said('position').map(({ data }) => data.state))).toEqual(
      new Set(['OPEN', 'CLOSING', 'UNWOUND', 'FAILED', 'CLOSED']),
    );
  });

  it('takes the other with it where all or nothing was asked and one shows too little', () => {
    const bench = begun('2', { timeInForce: 'FOK' });
    upbit(bench, [[152_000, 1.5]], [[152_100, 5]]);
    bench.feed(allow('enter', ENTRY));
    live(bench, 300);
    expect(positions(bench)).toEqual(['UNWOUND 0']);
    expect(lastPosition(bench).why).toContain('all or nothing: only 1.5 of 2 within the limit');
  });

  it.each([
    ['stale', (bench: CoreBench) => bench.pass(6000), 'the book is stale'],
    ['frozen', (bench: CoreBench) => bench.feed(healthOf('upbit', 'FROZEN')), 'the venue is FROZEN'],
    ['down', (bench: CoreBench) => bench.feed(healthOf('upbit', 'DOWN')), 'the venue is DOWN'],
  ])('fills nothing on a %s book, says so, and waits with giving back until there is a good one', (_, spoil, reason) => {
    const bench = begun();
    spoil(bench);
    binance(bench, [[99.5, 5]], [[100, 5]]);
    bench.feed(allow('enter', ENTRY));
    live(bench, 100, []);
    const refused = bench.said('order').find(({ data }) => data.venue === 'upbit' && data.state === 'rejected');
    expect(refused?.data.reason).toContain(reason);
    live(bench, 200);
    expect(positions(bench)).toEqual(['UNWOUND 0']);
  });
});

describe('a halt', () => {
  const half = () => {
    const bench = begun();
    upbit(bench, [[150_000, 5]], [[150_100, 5]]);
    bench.feed(allow('enter', ENTRY));
    bench.pass(15);
    return bench;
  };

  it.each([
    ['a person', (bench: CoreBench) => command(bench, 'halt'), (bench: CoreBench) => command(bench, 'go-on')],
    ['risk', (bench: CoreBench) => bench.feed(guardOf('HALTED')), (bench: CoreBench) => bench.feed(guardOf('ACTIVE'))],
  ])('by %s cancels an unwind on its way, lets none leave, and the unwind goes on afterwards', (_, halt, goOn) => {
    const bench = half();
    expect(bench.said('order').at(-1)?.data).toMatchObject({ state: 'intended', side: 'sell', venue: 'binance' });
    halt(bench);
    expect(bench.said('order').at(-1)?.data).toMatchObject({ state: 'cancelled', reason: 'halted' });
    const said = bench.said('order').length;
    live(bench, 60_000, [[150_000, 5]]);
    expect(bench.said('order').length).toBe(said);
    expect(positions(bench)).toEqual([]);
    goOn(bench);
    live(bench, 2000, [[150_000, 5]]);
    expect(positions(bench)).toEqual(['UNWOUND 0']);
  });

  it('by risk is not lifted by a person, nor one by a person by risk', () => {
    const bench = begun();
    bench.feed(guardOf('HALTED'));
    command(bench, 'halt');
    command(bench, 'go-on');
    bench.feed(allow('enter', ENTRY));
    bench.feed(guardOf('ACTIVE'));
    command(bench, 'halt');
    bench.feed(guardOf('ACTIVE'));
    bench.feed(allow('enter', ENTRY, { trip: 'BTC-2' }));
    expect(bench.said('position').map(({ data }) => data.why)).toEqual(['halted', 'halted']);
  });

  it('is more than reduce-only, which lets exits and unwinds leave but no entry', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.pass(30);
    command(bench, 'reduce-only');
    bench.feed(allow('enter', ENTRY, { trip: 'BTC-2' }));
    expect(lastPosition(bench)).toMatchObject({ trip: 'BTC-2', state: 'FAILED', why: 'nothing is entered: reduce-only' });
    expect(close(bench)).toMatchObject({ trip: 'BTC-1', state: 'CLOSED' });
  });
});

describe('flatten', () => {
  it.each([undefined, 'BTC', 'binance', 'BTC:binance>upbit', 'BTC-1'])(
    'of %s gives back at once what Proceed still waits to complete',
    (target) => {
      const bench = uneven('proceed', { timeLimitMs: 60_000, pauseMs: 10_000 });
      live(bench, 500, [[150_000, 5]]);
      expect(positions(bench)).toEqual([]);
      command(bench, 'flatten', target);
      live(bench, 100, [[150_000, 5]]);
      expect(positions(bench)).toEqual(['OPEN 0.4']);
    },
  );

  it('of another coin changes nothing', () => {
    const bench = uneven('proceed', { timeLimitMs: 60_000, pauseMs: 10_000 });
    command(bench, 'flatten', 'ETH');
    live(bench, 500, [[150_000, 5]]);
    expect(positions(bench)).toEqual([]);
  });
});

describe('a handover', () => {
  it('carries an unmatched leg on: the policy finishes it on the first good books of the child', () => {
    const bench = uneven('reverse');
    bench.enter('s2');
    const child = configured({ unmatched: { policy: 'reverse', priceLimitBps: 100, timeLimitMs: 3000, pauseMs: 1000 } });
    bench.feed(started(child, { parent: { session: 's1', position: bench.position, reason: 'handover' } }));
    for (let i = 0; i < 100; i++) bench.pass(100);
    expect(positions(bench)).toEqual([]);
    bench.feed(rateOf('KRW-USDT', 1500));
    live(bench, 1300);
    expect(positions(bench)).toEqual(['OPEN 0.4']);
    expect(bench.said('fill').at(-1)?.basis[0]).toMatch(/^s1:\d+$/);
  });

  it('to a child that begins halted cancels what is on its way', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.enter('s2');
    bench.feed(started(TEST_CONFIG, { mode: 'HALTED', parent: { session: 's1', position: bench.position, reason: 'lost' } }));
    expect(positions(bench)).toEqual(['FAILED 0']);
    expect(bench.said('position')[0]?.basis[0]).toMatch(/^s1:\d+$/);
  });
});

describe('late and doubled verdicts', () => {
  it('begin no trip twice, whether it is under way, open, closed or has failed', () => {
    const bench = begun();
    bench.feed(allow('enter', ENTRY));
    bench.feed(allow('enter', ENTRY));
    bench.pass(30);
    bench.feed(allow('enter', ENTRY));
    expect(orders(bench).filter((order) => order.includes('intended')).length).toBe(2);
    close(bench);
    bench.feed(allow('enter', ENTRY));
    bench.feed(allow('exit', EXIT));
    bench.feed(allow('enter', [], { trip: 'BTC-2' }));
    bench.feed(allow('enter', ENTRY, { trip: 'BTC-2' }));
    bench.pass(1000);
    expect(bench.said('position').map(({ data }) => `${data.trip} ${data.state}`)).toEqual([
      'BTC-1 OPEN',
      'BTC-1 CLOSING',
      'BTC-1 CLOSED',
      'BTC-2 FAILED',
    ]);
  });
});

describe('what is set aside', () => {
  it('keeps a second order from being sent on the same balance, and is said beside the balance', () => {
    const bench = begun('4.5');
    for (const trip of ['BTC-1', 'BTC-2', 'BTC-3']) bench.feed(allow('enter', ENTRY, { trip }));
    expect(lastPosition(bench)).toMatchObject({ trip: 'BTC-3', state: 'FAILED' });
    expect(lastPosition(bench).why).toContain('no balance: upbit has 0.5 BTC free, the order needs 2');
    const refused = bench.said('order').filter(({ data }) => data.trip === 'BTC-3');
    expect(refused.map(({ data }) => [data.venue, data.state])).toEqual([
      ['binance', 'cancelled'],
      ['upbit', 'rejected'],
    ]);
    bench.pass(30);
    const said = bench.said('balance').map(({ data }) => data);
    expect(said.find(({ venue, reserved }) => venue === 'upbit' && reserved !== undefined)?.reserved).toEqual({ BTC: '2' });
    expect(said.at(-1)?.reserved).toBeUndefined();
  });
});
