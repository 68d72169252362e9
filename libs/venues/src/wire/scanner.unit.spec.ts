import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toFifteen } from './decimal-text.ts';
import { literal, Scanner } from './scanner.ts';

function scan(text: string): { readonly taken: string; readonly value: number; readonly long: boolean } | null {
  const scanner = new Scanner();
  scanner.start(Buffer.from(`${text}}`));
  return scanner.decimal() ? { taken: scanner.text(), value: scanner.value, long: scanner.long } : null;
}

const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const number = fc
  .tuple(fc.stringMatching(/^(0|[1-9][0-9]{0,11})$/), fc.option(digits(12)), fc.option(fc.stringMatching(/^[eE][+-]?[0-9]{1,2}$/)))
  .map(([whole, fraction, exponent]) => whole + (fraction === null ? '' : `.${fraction}`) + (exponent ?? ''));

describe('the scanner', () => {
  it('reads a decimal to the very number that JSON reads, unless it says that it is too long', () => {
    fc.assert(
      fc.property(number, (text) => {
        const scanned = scan(text);
        expect(scanned?.taken).toBe(text);
        if (!scanned?.long) expect(scanned?.value).toBe(JSON.parse(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('calls everything of more than 15 significant digits long', () => {
    fc.assert(
      fc.property(number, (text) => {
        if (toFifteen(text, 'down')?.long === true) expect(scan(text)?.long).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['', '-1', '01', '.5', '1.', '1.e5', '1e', '1e+', '+1', 'NaN'])('does not take %j', (text) => {
    expect(scan(text)?.taken ?? null).not.toBe(text === '' ? '' : text);
  });

  it.each([
    ['2.1E-7', 2.1e-7],
    ['1.16539E8', 116539000],
    ['61737.63000000', 61737.63],
    ['0.00000000', 0],
    ['9007199254740991', 9007199254740991],
  ])('reads %s', (text, value) => {
    const scanned = scan(text);
    expect(scanned?.long === true ? JSON.parse(text) : scanned?.value).toBe(value);
  });

  it('compares every byte of a literal, wherever the message lies in memory', () => {
    const text = '","orderbook_units":[';
    for (let shift = 0; shift < 5; shift++)
      for (let wrong = -1; wrong < text.length; wrong++) {
        const bytes = Buffer.from('.'.repeat(shift) + text);
        if (wrong >= 0) bytes[shift + wrong] = 33;
        const scanner = new Scanner();
        scanner.start(bytes.subarray(shift));
        expect(scanner.literal(literal(text))).toBe(wrong < 0);
      }
  });

  it('takes no whole number beyond 2^53', () => {
    const scanner = new Scanner();
    scanner.start(Buffer.from('9007199254740993,'));
    expect(scanner.whole()).toBe(false);
  });
});
