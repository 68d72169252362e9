import { addMoney, booked, CurrencyMismatch, compareMoney, formatMoney, money, parseMoney, subtractMoney } from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';

describe('money', () => {
  it('never adds, subtracts or compares won and dollars', () => {
    const won = money('133722000', 'KRW');
    const dollars = money('89304.96', 'USDT');
    for (const meet of [addMoney, subtractMoney, compareMoney]) expect(() => meet(won, dollars)).toThrow(CurrencyMismatch);
    expect(() => compareMoney(won, dollars)).toThrow('133722000 KRW and 89304.96 USDT');
  });

  it('books each currency at its own precision, halves to even', () => {
    expect(formatMoney(booked(money('66861.00005', 'KRW')))).toEqual({ amount: '66861', currency: 'KRW' });
    expect(formatMoney(booked(money('66861.00015', 'KRW')))).toEqual({ amount: '66861.0002', currency: 'KRW' });
    expect(formatMoney(booked(money('0.123456785', 'USDT')))).toEqual({ amount: '0.12345678', currency: 'USDT' });
    expect(formatMoney(booked(money('0.123456785', 'BTC'), 'up'))).toEqual({ amount: '0.12345679', currency: 'BTC' });
  });

  it('keeps amount and currency through its text', () => {
    expect(formatMoney(addMoney(parseMoney({ amount: '0.10', currency: 'USDT' }), money('0.2', 'USDT')))).toEqual({
      amount: '0.3',
      currency: 'USDT',
    });
  });
});
