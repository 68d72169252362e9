import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { converted, significant } from './convert.ts';

describe('converted price', () => {
  it.each([
    [133_722_000, 1500, 89_148],
    [1, 3, 0.333333333333],
    [2, 3, 0.666666666667],
    [0.0135, 1500, 0.000009],
    [1e15, 7, 142_857_142_857_000],
    [1, 3e11, 3.33333333333e-12],
  ])('of %d at %d is %d', (price, rate, expected) => {
    expect(converted(price, rate)).toBe(expected);
  });

  it('has at most 12 significant digits and lies within half of the last one', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-14, max: 1e14, noNaN: true }), (value) => {
        const rounded = significant(value);
        expect(String(rounded)).toBe(String(Number(rounded.toPrecision(12))));
        expect(Math.abs(rounded - value)).toBeLessThanOrEqual(value * 5.01e-12);
      }),
    );
  });
});
