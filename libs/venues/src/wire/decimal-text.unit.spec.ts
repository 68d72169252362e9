import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainDecimal, plainNumber, toFifteen } from './decimal-text.ts';
import { toMicros } from './time.ts';

const plain = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.integer({ min: 0, max: 18 })).map(([units, scale]) => {
  const digits = units.toString().padStart(scale + 1, '0');
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
});

/** Of plain text, as a whole number of 10^-40. */
function scaled(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(40, '0'));
}

describe('decimals as text', () => {
  it.each([
    ['1.16539E8', '116539000'],
    ['7.9276E-4', '0.00079276'],
    ['2.1E-7', '0.00000021'],
    ['61737.63000000', '61737.63'],
    ['0.00000000', '0'],
    ['100', '100'],
    ['1.44444637623092311E7', '14444463.7623092311'],
  ])('%s is %s', (text, expected) => {
    expect(plainDecimal(text)).toBe(expected);
  });

  it.each(['', '-1', '1,5', '0x10', '1e999', 'NaN', ' 1', '1'.repeat(200)])('%j is none', (text) => {
    expect(plainDecimal(text)).toBeNull();
    expect(toFifteen(text, 'down')).toBeNull();
  });

  it('become numbers that lie on the side asked for, exactly themselves where they have 15 digits', () => {
    fc.assert(
      fc.property(plain, fc.constantFrom('up' as const, 'down' as const), (text, side) => {
        const rounded = toFifteen(text, side);
        const [back, exact] = [scaled(plainNumber(rounded?.value ?? Number.NaN)), scaled(plainDecimal(text) ?? '')];
        const order = back < exact ? -1 : back > exact ? 1 : 0;
        expect(order).toBe(rounded?.long ? (side === 'up' ? 1 : -1) : 0);
        expect(Number(rounded?.value.toPrecision(15))).toBe(rounded?.value);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('times', () => {
  it.each([
    [1_614_729_599, 1_614_729_599_000_000],
    [1_614_729_599_677, 1_614_729_599_677_000],
    [1_691_530_805_062_000, 1_691_530_805_062_000],
    [1_723_161_253_937_085_700, 1_723_161_253_937_085],
    [0, null],
    [12, null],
    [5e13, null],
    [Number.NaN, null],
  ])('%d is known by its magnitude', (value, expected) => {
    expect(toMicros(value)).toBe(expected);
  });
});
