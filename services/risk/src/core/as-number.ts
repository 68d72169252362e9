import { type Decimal, toNumber } from '@arb/shared/money';

const EXACT = BigInt(Number.MAX_SAFE_INTEGER);
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18] as const;

/**
 * The same as `toNumber`, without its text for the amounts there are: both numbers of the quotient are exact, and one
 * division rounds once, as reading the text does.
 */
export function asNumber(value: Decimal): number {
  const { units, scale } = value;
  const power = POWERS[scale];
  return power === undefined || units > EXACT || units < -EXACT ? toNumber(value) : Number(units) / power;
}
