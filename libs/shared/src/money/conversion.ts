import { type Decimal, divide, formatDecimal, fromNumber, multiply, parseDecimal, round } from './decimal.ts';

/** How an amount of one currency becomes one of another: by division where the rate says what one of the other costs. */
export interface Conversion {
  readonly rate: Decimal;
  readonly by: 'division' | 'multiplication';
}

/** As it is saved. */
export interface ConversionText {
  readonly rate: string;
  readonly by: Conversion['by'];
}

/** Digits after the point of a converted amount that is not yet booked: far below any currency's precision. */
export const CONVERTED_PLACES = 18;

/**
 * What a rate of a pair says about the numeraire. `KRW-USDT` at 1,500: one USDT costs 1,500 KRW, so KRW become USDT by
 * division, and USDT become KRW by multiplication. Null where the numeraire is neither.
 */
export function conversionFrom(pair: string, rate: number, numeraire: string): { currency: string; conversion: Conversion } | null {
  const [first, second] = pair.split('-') as [string, string];
  if (second === numeraire) return { currency: first, conversion: { rate: fromNumber(rate), by: 'division' } };
  if (first === numeraire) return { currency: second, conversion: { rate: fromNumber(rate), by: 'multiplication' } };
  return null;
}

/** Not yet booked: at 18 places, half to even. */
export function converted(amount: Decimal, { rate, by }: Conversion): Decimal {
  return by === 'division' ? divide(amount, rate, CONVERTED_PLACES) : round(multiply(amount, rate), CONVERTED_PLACES);
}

export function formatConversion({ rate, by }: Conversion): ConversionText {
  return { rate: formatDecimal(rate), by };
}

export function parseConversion({ rate, by }: ConversionText): Conversion {
  return { rate: parseDecimal(rate), by };
}
