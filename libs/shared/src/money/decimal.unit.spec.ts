import {
  absolute,
  add,
  compare,
  type Decimal,
  decimal,
  divide,
  formatDecimal,
  fromNumber,
  greatest,
  multiply,
  negate,
  parseDecimal,
  round,
  subtract,
  toNumber,
  toStep,
} from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

const d = parseDecimal;
const anyDecimal: fc.Arbitrary<Decimal> = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 18 }))
  .map(([units, scale]) => decimal(units, scale));

describe('decimal', () => {
  it('calculates exactly where binary numbers do not', () => {
    expect(formatDecimal(add(d('0.1'), d('0.2')))).toBe('0.3');
    expect(formatDecimal(subtract(d('1'), d('0.9')))).toBe('0.1');
    expect(formatDecimal(multiply(d('133722000'), d('0.00000001')))).toBe('1.33722');
    expect(formatDecimal(multiply(d('-1.5'), d('0.4')))).toBe('-0.6');
  });

  it('writes plain text: no exponent, no idle zeros, no minus before zero', () => {
    expect(formatDecimal(d('-0.00'))).toBe('0');
    expect(formatDecimal(d('10.500'))).toBe('10.5');
    expect(formatDecimal(d('100'))).toBe('100');
    expect(formatDecimal(decimal(-5n, 3))).toBe('-0.005');
  });

  it.each(['', '.', '1.', '.5', '1e3', '+1', '0x10', ' 1', '1,000', 'NaN'])('refuses %j as a number', (text) => {
    expect(() => parseDecimal(text)).toThrow(/expected plain decimal text/);
  });

  it('rounds halves to the even neighbour', () => {
    const toWhole = (text: string) => formatDecimal(round(d(text), 0));
    expect(['0.5', '1.5', '2.5', '-0.5', '-1.5', '-2.5', '2.51', '2.49'].map(toWhole)).toEqual(['0', '2', '2', '0', '-2', '-2', '3', '2']);
  });

  it('divides at an explicit scale in each way of rounding', () => {
    expect(formatDecimal(divide(d('1'), d('3'), 4))).toBe('0.3333');
    expect(formatDecimal(divide(d('1'), d('8'), 2))).toBe('0.12');
    expect(formatDecimal(divide(d('3'), d('8'), 2))).toBe('0.38');
    expect(formatDecimal(divide(d('-1'), d('3'), 2, 'up'))).toBe('-0.34');
    expect(formatDecimal(divide(d('2'), d('-3'), 2, 'down'))).toBe('-0.66');
    expect(() => divide(d('1'), d('0.00'), 2)).toThrow(/divided by zero/);
  });

  it('takes a number by its shortest text, also where that has an exponent', () => {
    expect(formatDecimal(fromNumber(1e-7))).toBe('0.0000001');
    expect(formatDecimal(fromNumber(1.5e21))).toBe('1500000000000000000000');
    expect(formatDecimal(fromNumber(-0))).toBe('0');
    expect(() => fromNumber(Number.NaN)).toThrow(/finite/);
  });

  it('gives back any text and number it was made from', () => {
    fc.assert(fc.property(anyDecimal, (a) => compare(parseDecimal(formatDecimal(a)), a) === 0));
    fc.assert(
      fc.property(fc.double({ min: -1e20, max: 1e20, noNaN: true, noDefaultInfinity: true }), (x) => {
        fc.pre(x === 0 || Math.abs(x) > 1e-40);
        expect(toNumber(fromNumber(x))).toBe(x === 0 ? 0 : x);
      }),
    );
  });

  it('adds without regard to order, and subtracts what was added', () => {
    fc.assert(
      fc.property(anyDecimal, anyDecimal, anyDecimal, (a, b, c) => {
        expect(compare(add(add(a, b), c), add(a, add(c, b)))).toBe(0);
        expect(compare(subtract(add(a, b), b), a)).toBe(0);
        expect(compare(add(a, negate(a)), decimal(0n, 3))).toBe(0);
      }),
    );
  });

  it('is never further from the true quotient than half a unit of the last place', () => {
    fc.assert(
      fc.property(anyDecimal, anyDecimal, fc.integer({ min: 0, max: 18 }), (a, b, scale) => {
        fc.pre(b.units !== 0n);
        // |q·b − a| ≤ |b| · 10^−scale / 2
        const rest = subtract(multiply(divide(a, b, scale), b), a);
        const size = (x: Decimal) => (x.units < 0n ? negate(x) : x);
        expect(compare(multiply(size(rest), decimal(2n, 0)), multiply(size(b), decimal(1n, scale)))).not.toBe(1);
      }),
    );
  });

  it('orders decimals as their exact values are ordered', () => {
    fc.assert(
      fc.property(anyDecimal, anyDecimal, (a, b) => {
        const order = a.units * 10n ** BigInt(b.scale) - b.units * 10n ** BigInt(a.scale);
        expect(compare(a, b)).toBe(order < 0n ? -1 : order > 0n ? 1 : 0);
      }),
    );
  });

  it('fits an amount to whole steps, down for what may be too much and up for what may be too little', () => {
    const fit = (text: string, step: string) => ['down', 'up'].map((way) => formatDecimal(toStep(d(text), d(step), way as 'down' | 'up')));
    expect(fit('0.127', '0.05')).toEqual(['0.1', '0.15']);
    expect(fit('152001', '1000')).toEqual(['152000', '153000']);
    expect(fit('0.3', '0.1')).toEqual(['0.3', '0.3']);
    expect(() => toStep(d('1'), d('0'), 'down')).toThrow(/step above 0/);
  });

  it('tells the greater of two, and a size without its sign', () => {
    expect(formatDecimal(greatest(d('-2'), d('-3.5')))).toBe('-2');
    expect(formatDecimal(absolute(d('-3.5')))).toBe('3.5');
  });
});
