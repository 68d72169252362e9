import { decimal, toNumber } from '@arb/shared/money';
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { asNumber } from './as-number.ts';

describe('an amount as a number', () => {
  it('is the number that its text says, to the last bit', () => {
    const units = fc.oneof(fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }), fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }));
    fc.assert(
      fc.property(units, fc.integer({ min: 0, max: 30 }), (given, scale) => {
        const value = decimal(given, scale);
        return Object.is(asNumber(value), toNumber(value)) || (asNumber(value) === 0 && toNumber(value) === 0);
      }),
      { numRuns: 2000 },
    );
  });
});
