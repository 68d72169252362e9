import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LevelList } from './level-list.ts';
import { BookSide } from './side.ts';

const changes = fc.array(fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom(0, 0, 1, 2, 3)), { maxLength: 20 }), {
  minLength: 1,
  maxLength: 40,
});

describe.each(['bids', 'asks'] as const)('the %s of a book', (name) => {
  const sign = name === 'bids' ? -1 : 1;

  it('are what a plain map of prices says, best first, at every depth and after every message', () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 30 }), (messages, depth) => {
        const side = new BookSide(name);
        const model = new Map<number, number>();
        for (const message of messages) {
          const list = new LevelList(name);
          for (const [price, size] of message) {
            list.push(price, size);
            if (size > 0) model.set(price, size);
            else model.delete(price);
          }
          side.apply(list);
          const expected = [...model].sort(([a], [b]) => sign * (a - b));
          expect(side.top(depth)).toEqual(expected.slice(0, depth));
          expect(side.exactTop(100)).toEqual(expected.map(([price, size]) => [String(price), String(size)]));
          expect([side.length, side.best()]).toEqual([expected.length, expected[0]?.[0] ?? 0]);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('hand out the same objects for levels that did not change', () => {
    const side = new BookSide(name);
    const list = new LevelList(name);
    for (let price = 1; price <= 100; price++) list.push(price, price);
    side.apply(list);
    const before = side.top(10);
    list.clear();
    const far = name === 'bids' ? 1 : 100;
    list.push(far, 7);
    side.apply(list);
    expect(side.top(10)).toBe(before);
    list.clear();
    list.push(name === 'bids' ? 100 : 1, 7);
    side.apply(list);
    expect(side.top(10)).not.toBe(before);
    expect(side.top(10)[3]).toBe(before[3]);
  });

  it('forget the farthest levels when there are too many, never the near ones', () => {
    const side = new BookSide(name);
    for (let from = 0; from < 24_000; from += 6_000) {
      const list = new LevelList(name);
      for (let i = from; i < from + 6_000; i++) list.push(100_000 + sign * i, 1);
      side.apply(list);
    }
    expect(side.length).toBeLessThanOrEqual(20_000);
    expect(side.best()).toBe(100_000);
    expect(side.top(30)).toHaveLength(30);
  });

  it('keep what the venue wrote of a size that has too many digits for a number', () => {
    const side = new BookSide(name);
    const list = new LevelList(name);
    expect(list.pushText('5', '14444463.7623092311')).toBe(true);
    side.apply(list);
    expect(side.top(1)).toEqual([[5, 14444463.7623092]]);
    expect(side.exactTop(1)).toEqual([['5', '14444463.7623092311']]);
    list.clear();
    list.pushText('5', '3');
    side.apply(list);
    expect(side.exactTop(1)).toEqual([['5', '3']]);
  });
});
