import { formatDecimal, parseDecimal } from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import { takerRate } from './fees.ts';

const schedule = {
  volume: '900000',
  tiers: [
    { from: '0', takerBps: 10 },
    { from: '1000000', takerBps: 9 },
    { from: '5000000', takerBps: 8 },
  ],
  quotes: { USDT: 0.75 },
};
const rate = (fees: Parameters<typeof takerRate>[0], quote: string, traded: number, said?: string) =>
  formatDecimal(takerRate(fees, quote, traded, said === undefined ? undefined : parseDecimal(said)));

describe('fees', () => {
  it.each([
    [0, 'BUSD', '0.001'],
    [99_999.99, 'BUSD', '0.001'],
    [100_000, 'BUSD', '0.0009'],
    [4_100_000, 'BUSD', '0.0008'],
    [4_100_000, 'USDT', '0.0006'],
  ])('after %d more than the volume before, in %s, are %s', (traded, quote, expected) => {
    expect(rate({ bps: 50, schedule, asSaid: true }, quote, traded, '0.01')).toBe(expected);
  });

  it('are those of the tier that begins lowest where none is reached', () => {
    expect(
      rate({ bps: 50, schedule: { ...schedule, volume: '0', tiers: schedule.tiers.slice(1).reverse() }, asSaid: false }, 'KRW', 0),
    ).toBe('0.0009');
  });

  it('are the plain ones without a schedule, or what the venue says where that is asked for', () => {
    expect(rate({ bps: 5, schedule: null, asSaid: false }, 'KRW', 0, '0.00139')).toBe('0.0005');
    expect(rate({ bps: 5, schedule: null, asSaid: true }, 'KRW', 0, '0.00139')).toBe('0.00139');
    expect(rate({ bps: 5, schedule: null, asSaid: true }, 'KRW', 0)).toBe('0.0005');
  });
});
