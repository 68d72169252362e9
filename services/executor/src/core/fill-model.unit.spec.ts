import {
  add,
  compare,
  type Decimal,
  decimal,
  divide,
  formatDecimal,
  fromNumber,
  multiply,
  parseDecimal,
  sign,
  subtract,
  ZERO,
} from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bestOffer, type Meeting, take, walkDepth } from './fill-model.ts';
import type { FillModel } from './settings.ts';
import { type Levels, seeBook, type Taken, type VenueBooks } from './venue-book.ts';

const d = parseDecimal;
const LOT = decimal(1n, 8);
const DEPTH: FillModel = { name: 'depth' };
const SIMPLE: FillModel = { name: 'simple' };

function buy(levels: Levels, quantity: string, limit: string, alreadyTaken: readonly Taken[] = [], change: Partial<Meeting> = {}): Meeting {
  return { levels, alreadyTaken, side: 'buy', quantity: d(quantity), limit: d(limit), lot: LOT, edgeBps: 0, volatilityBps: 0, ...change };
}
const told = ({ filled, available, value }: { filled: Decimal; available: Decimal; value: Decimal }) =>
  [filled, available, value].map(formatDecimal);

/** Asks of one venue as its books say them, with what own orders took. */
function venue() {
  const books: VenueBooks = new Map();
  const see = (asks: Levels) =>
    seeBook(
      books,
      { venue: 'binance', symbol: 'BTC-USDT', epoch: 1, sequence: 1, exchangeAt: null, receivedAt: 0, bids: [], asks },
      1,
      false,
    );
  const book = () => {
    const found = books.get('binance')?.get('BTC-USDT');
    if (found === undefined) throw new Error('no book was seen');
    return found;
  };
  const order = (quantity: string, limit = '1000') => {
    const taking = take(DEPTH, buy(book().asks, quantity, limit, book().takenAsks));
    book().takenAsks = taking.taken;
    return told(taking).slice(0, 2);
  };
  return { see, order, book };
}

describe('the depth model', () => {
  it('leaves 70 of an ask of 100 after 30, fills 50 of them next, and has 120 when the level changes to that', () => {
    const { see, order, book } = venue();
    see([[10, 100]]);
    expect(order('30')).toEqual(['30', '100']);
    expect(order('50')).toEqual(['50', '70']);
    see([[10, 100]]);
    expect(order('50')).toEqual(['20', '20']);
    see([[10, 120]]);
    expect(book().takenAsks).toEqual([]);
    expect(order('500')).toEqual(['120', '120']);
  });

  it('fills 5 of 10 where 5 are at the price, and does not fill the rest from the same ask again', () => {
    const { see, order } = venue();
    see([[100, 5]]);
    expect(order('10', '100')).toEqual(['5', '5']);
    expect(order('5', '100')).toEqual(['0', '0']);
  });

  it('takes 2 at the best price and 3 at the next where 2 of 10 are left: 10 asked, 8 taken before', () => {
    const asks: Levels = [
      [100, 10],
      [101, 10],
    ];
    const taking = walkDepth(buy(asks, '5', '200', [{ price: 100, size: 10, quantity: '8' }]));
    expect(told(taking)).toEqual(['5', '12', '503']);
    expect(taking.taken).toEqual([
      { price: 100, size: 10, quantity: '10' },
      { price: 101, size: 10, quantity: '3' },
    ]);
  });

  it('sells down to its limit and no further', () => {
    const bids: Levels = [
      [100, 1],
      [99, 1],
      [98, 5],
    ];
    expect(told(walkDepth({ ...buy(bids, '3', '99'), side: 'sell' }))).toEqual(['2', '2', '199']);
  });

  it('names the best price also where the limit is not reached, and none where nothing is left', () => {
    const first = walkDepth(buy([[100, 1]], '1', '99'));
    expect([first.best && formatDecimal(first.best), formatDecimal(first.filled)]).toEqual(['100', '0']);
    expect(bestOffer([[100, 1]], [{ price: 100, size: 1, quantity: '1' }], LOT)).toBeNull();
  });

  it('takes whole lots of each level', () => {
    expect(told(walkDepth(buy([[100, 0.0057]], '1', '100', [], { lot: d('0.001') })))).toEqual(['0.005', '0.005', '0.5']);
  });
});

describe('the simple model', () => {
  const asks: Levels = [
    [100, 4],
    [200, 50],
  ];

  it('fills the least of the order and the best level, at its price and 0.0001 of it for taking all of it', () => {
    expect(told(take(SIMPLE, buy(asks, '10', '300')))).toEqual(['4', '4', '400.04']);
    expect(told(take(SIMPLE, buy(asks, '1', '300')))).toEqual(['1', '4', '100.0025']);
    expect(told(take(SIMPLE, { ...buy(asks, '4', '50'), side: 'sell' }))).toEqual(['4', '4', '399.96']);
  });

  it('never goes beyond the limit', () => {
    expect(told(take(SIMPLE, buy(asks, '4', '100')))).toEqual(['4', '4', '400']);
    expect(told(take(SIMPLE, buy(asks, '4', '99')))[0]).toBe('0');
  });
});

describe('the calibrated model', () => {
  const calibration = { version: 7, edgeBps: [30], size: [0.5], volatilityBps: [], ratios: [1, 0.5, 0.8, 0.25] };
  const model: FillModel = { name: 'calibrated', calibration };
  const asks: Levels = [[100, 10]];

  it('fills the ratio of the zone that edge and size fall into', () => {
    const filled = (quantity: string, edgeBps: number) => formatDecimal(take(model, buy(asks, quantity, '100', [], { edgeBps })).filled);
    expect([filled('4', 0), filled('6', 0), filled('4', 30), filled('6', 30)]).toEqual(['4', '3', '3.2', '1.5']);
  });

  it('says its zone, what that predicts and what the depth would have filled', () => {
    expect(take(model, buy(asks, '20', '100')).zone).toEqual({ index: 1, predicted: 0.5, seen: 0.5 });
    expect(take(model, buy(asks, '6', '100', [], { edgeBps: 40 })).zone).toEqual({ index: 3, predicted: 0.25, seen: 1 });
  });

  it('never fills more than the depth does', () => {
    expect(told(take(model, buy(asks, '40', '100')))[0]).toBe('10');
  });
});

const price = fc.integer({ min: 1, max: 400 });
const size = fc.integer({ min: 1, max: 5000 }).map((lots) => lots / 1000);
const side = fc.constantFrom('buy' as const, 'sell' as const);
const ladder = fc.uniqueArray(fc.tuple(price, size), { selector: ([at]) => at, maxLength: 12 });
const anyModel = fc.constantFrom<FillModel>(DEPTH, SIMPLE, {
  name: 'calibrated',
  calibration: { version: 1, edgeBps: [5], size: [0.5, 1], volatilityBps: [3], ratios: [1, 0.9, 0.7, 0.6, 0.5, 0, 1, 1, 0.3, 0.2, 0.1, 1] },
});

/** Written for its plainness: one thousandth after the other, from the best level on. */
function naive(levels: Levels, taken: ReadonlyMap<number, Decimal>, quantity: Decimal): Decimal {
  let value = ZERO;
  let left = quantity;
  for (const [at, offered] of levels) {
    let there = subtract(fromNumber(offered), taken.get(at) ?? ZERO);
    while (sign(left) > 0 && sign(there) > 0) {
      const bit = decimal(1n, 3);
      value = add(value, multiply(fromNumber(at), bit));
      left = subtract(left, bit);
      there = subtract(there, bit);
    }
  }
  return value;
}

describe('every fill model', () => {
  it('fills no more than the book offers within the limit, over any sequence of orders, and never better than the walk', () => {
    fc.assert(
      fc.property(
        anyModel,
        side,
        ladder,
        fc.array(fc.tuple(size, price, fc.integer({ min: -10, max: 50 })), { minLength: 1, maxLength: 6 }),
        (model, way, unsorted, orders) => {
          const levels = [...unsorted].sort((a, b) => (way === 'buy' ? a[0] - b[0] : b[0] - a[0]));
          const before = new Map<number, Decimal>();
          let taken: readonly Taken[] = [];
          for (const [quantity, limit, edgeBps] of orders) {
            const meeting = {
              levels,
              alreadyTaken: taken,
              side: way,
              quantity: fromNumber(quantity),
              limit: fromNumber(limit),
              lot: d('0.001'),
            };
            const taking = take(model, { ...meeting, edgeBps, volatilityBps: edgeBps / 5 });
            expect(compare(taking.filled, meeting.quantity)).not.toBe(1);
            expect(compare(taking.filled, taking.available)).not.toBe(1);
            const walked = naive(levels, before, taking.filled);
            expect(compare(taking.value, walked)).not.toBe(way === 'buy' ? -1 : 1);
            if (sign(taking.filled) > 0) {
              const vwap = divide(taking.value, taking.filled, 12, way === 'buy' ? 'down' : 'up');
              expect(compare(vwap, meeting.limit)).not.toBe(way === 'buy' ? 1 : -1);
            }
            taken = taking.taken;
            for (const entry of taken) before.set(entry.price, d(entry.quantity));
          }
          for (const [at, offered] of levels) expect(compare(before.get(at) ?? ZERO, fromNumber(offered))).not.toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
