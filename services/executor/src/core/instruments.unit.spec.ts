import { formatDecimal, parseDecimal } from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import { fitLimit, fitQuantity, instrumentsOf, termsFaultOf, termsOf } from './instruments.ts';

const d = parseDecimal;
const said = instrumentsOf({
  venue: 'upbit',
  fees: { maker: '0.0005', taker: '0.0005' },
  bands: [
    { from: '0', tick: '0.01' },
    { from: '1000', tick: '1' },
    { from: '2000000', tick: '1000' },
  ],
  symbols: [
    { symbol: 'BTC-KRW', tick: null, lot: '0.00000001', minNotional: '5000' },
    { symbol: 'XRP-KRW', tick: '0.5', lot: '0.1', minNotional: '5000' },
  ],
});
const all = new Map([['upbit', said]]);
const btc = termsOf(all, 'upbit', 'BTC-KRW');
const xrp = termsOf(all, 'upbit', 'XRP-KRW');

describe("a venue's terms", () => {
  it.each([
    ['150000999', 'buy', '150000000'],
    ['150000001', 'sell', '150001000'],
    ['1999999', 'buy', '1999999'],
    ['999.996', 'sell', '1000'],
    ['12.345', 'buy', '12.34'],
  ] as const)('put a limit of %s to %s at %s, by the band of its price', (limit, side, expected) => {
    expect(formatDecimal(fitLimit(btc, side, d(limit)))).toBe(expected);
  });

  it('take a quantity down to whole lots', () => {
    expect(formatDecimal(fitQuantity(xrp, d('12.39')))).toBe('12.3');
    expect(formatDecimal(fitQuantity(btc, d('0.123456789')))).toBe('0.12345678');
  });

  it.each([
    ['10', '800.5', null],
    ['10.05', '800', 'not in whole lots: 10.05 is no multiple of 0.1'],
    ['10', '800.25', 'not on a tick: 800.25 is no multiple of 0.5'],
    ['6', '800', 'below the least notional: 4800, the venue takes from 5000'],
    ['0', '800', 'below the lot: the venue takes steps of 0.1'],
  ])('take %s at %s, or say: %s', (quantity, limit, fault) => {
    expect(termsFaultOf(xrp, d(quantity), d(limit))).toBe(fault);
  });

  it('are the finest steps at any price for what a venue has said nothing about', () => {
    expect(termsFaultOf(termsOf(all, 'upbit', 'ETH-KRW'), d('0.00000001'), d('0.000001'))).toBeNull();
  });
});
