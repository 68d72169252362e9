import {
  booked,
  conversionFrom,
  converted,
  formatConversion,
  formatDecimal,
  formatMoney,
  money,
  parseConversion,
  parseDecimal,
} from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';

const into = (numeraire: string, pair: string, rate: number, amount: string) => {
  const found = conversionFrom(pair, rate, numeraire);
  if (found === null) return null;
  return `${formatDecimal(converted(parseDecimal(amount), found.conversion))} ${numeraire} from ${found.currency}`;
};

describe('conversion', () => {
  it('divides won by the price of a dollar, and multiplies dollars by it', () => {
    expect(into('USDT', 'KRW-USDT', 1500, '133722000')).toBe('89148 USDT from KRW');
    expect(into('KRW', 'KRW-USDT', 1500, '89148')).toBe('133722000 KRW from USDT');
    expect(into('USDT', 'KRW-USDT', 1497.5, '1')).toBe('0.000667779632721202 USDT from KRW');
  });

  it('knows no way where the numeraire is on neither side', () => {
    expect(into('USDT', 'KRW-USD', 1480, '1')).toBeNull();
  });

  it('books what it converted at the precision of the currency, halves to even', () => {
    const half = conversionFrom('KRW-USDT', 2, 'USDT');
    const worth = converted(parseDecimal('0.00000005'), (half as NonNullable<typeof half>).conversion);
    expect(formatMoney(booked(money(worth, 'USDT')))).toEqual({ amount: '0.00000002', currency: 'USDT' });
  });

  it('comes back from its text', () => {
    const given = { rate: '1497.25', by: 'division' as const };
    expect(formatConversion(parseConversion(given))).toEqual(given);
  });
});
