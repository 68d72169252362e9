import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { converted } from './convert.ts';
import { type MergedLevel, merge, type Side, sideOf, sureOf, type VenueLevel } from './merge.ts';

const MOST = 20;
const DEPTH = 1000;

/** Up to seven venues whose books lie apart from each other, in two currencies. */
const books = fc.array(
  fc.record({
    start: fc.integer({ min: 9_000, max: 11_000 }),
    steps: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 30 }),
    sizes: fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 30, maxLength: 30 }),
    rate: fc.constantFrom(1, 1, 1387.5, 0.000011),
  }),
  { maxLength: 7 },
);
type Books = typeof books extends fc.Arbitrary<infer T> ? T : never;

function levelsOf({ start, steps, sizes, rate }: Books[number], direction: 1 | -1): VenueLevel[] {
  let price = start;
  return steps.map((step, i) => {
    price += direction * step;
    return [(price / 100) * rate, (sizes[i] as number) / 100];
  });
}

function sidesOf(given: Books, direction: 1 | -1): Side[] {
  return given.map((book, venue) => sideOf(venue, levelsOf(book, direction), book.rate, DEPTH));
}

/** The same as the merge says, by sorting all there is. */
function plainly(sides: readonly Side[], direction: 1 | -1): MergedLevel[] {
  const all = sides.map(({ venue, levels, rate }) =>
    levels.map(([price, size]): MergedLevel => [converted(price, rate), size, venue, price]),
  );
  const sure = sureOf(sides, MOST);
  const order = (a: MergedLevel, b: MergedLevel) => direction * (a[0] - b[0]) || a[2] - b[2];
  const own = all.flatMap((levels, i) => levels.slice(0, sure[i]));
  const rest = all.flatMap((levels, i) => levels.slice(sure[i])).sort(order);
  return [...own, ...rest.slice(0, MOST - own.length)].sort(order);
}

const BOTH = [
  ['asks', 'lower', 1],
  ['bids', 'higher', -1],
] as const;

describe.each(BOTH)('merged %s', (_, better, direction) => {
  it('are what sorting all levels gives', () => {
    fc.assert(
      fc.property(books, (given) => {
        const sides = sidesOf(given, direction);
        expect(merge(sides, better, MOST)).toEqual(plainly(sides, direction));
      }),
      { numRuns: 500 },
    );
  });

  it('come out the same from sides that have been merged before', () => {
    fc.assert(
      fc.property(books, books, (given, others) => {
        const sides = sidesOf(given, direction);
        const first = merge(sides, better, MOST);
        merge([...sides.slice(0, 3), ...sidesOf(others, direction).map((side, i) => ({ ...side, venue: i + 7 }))], better, MOST);
        expect(merge(sides, better, MOST)).toEqual(first);
      }),
    );
  });

  it('are at most 20, best first, each in the numeraire beside its own price, and the top of each venue without a gap', () => {
    fc.assert(
      fc.property(books, (given) => {
        const sides = sidesOf(given, direction);
        const merged = merge(sides, better, MOST);
        expect(merged.length).toBe(
          Math.min(
            MOST,
            sides.reduce((sum, { levels }) => sum + levels.length, 0),
          ),
        );
        merged.forEach(([price, , venue, original], i) => {
          expect(price).toBe(converted(original, (sides[venue] as Side).rate));
          if (i > 0) expect(direction * (price - (merged[i - 1] as MergedLevel)[0])).toBeGreaterThanOrEqual(0);
        });
        for (const { venue, levels } of sides) {
          const shown = merged.filter((level) => level[2] === venue).map((level) => [level[3], level[1]]);
          expect(shown).toEqual(levels.slice(0, shown.length));
        }
      }),
    );
  });

  it('show of every venue the depth that is meant to be traded, where there is room for it', () => {
    fc.assert(
      fc.property(books, (given) => {
        const sides = sidesOf(given, direction);
        if (sides.reduce((sum, { need }) => sum + need, 0) > MOST) return;
        const merged = merge(sides, better, MOST);
        for (const { venue, levels } of sides) {
          const worth = (all: readonly (readonly [number, number])[]) => all.reduce((sum, [price, size]) => sum + price * size, 0);
          const shown = worth(merged.filter((level) => level[2] === venue).map((level): [number, number] => [level[0], level[1]]));
          const whole = worth(levels) / (sides[venue] as Side).rate;
          expect(shown).toBeGreaterThanOrEqual(Math.min(DEPTH, whole) * (1 - 1e-9));
        }
      }),
    );
  });
});

describe('room for seven venues', () => {
  it('is dealt out in turn until it is gone', () => {
    const need = (count: number): Side =>
      sideOf(
        0,
        Array.from({ length: 30 }, (): VenueLevel => [1, 1]),
        1,
        count,
      );
    expect(sureOf([need(1), need(30), need(30), need(2), need(1), need(1), need(1)], 20)).toEqual([1, 7, 7, 2, 1, 1, 1]);
  });
});
