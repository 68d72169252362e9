import { type Instrument, VENUES, type VenueAdapter } from '@arb/venues';
import { describe, expect, it } from '@jest/globals';
import { instrumentsOf } from './instruments-of.ts';

const upbit = VENUES.get('upbit') as VenueAdapter;
const binance = VENUES.get('binance') as VenueAdapter;
const answered = (tick: string): Instrument => {
  const body = Buffer.from(JSON.stringify([{ market: 'KRW-BTC', tick_size: tick }]));
  return upbit.rest.decodeInstruments(body)[0] as Instrument;
};
const tickOf = (tick: string, price: number | null) =>
  instrumentsOf(upbit, 'KRW', [{ symbol: 'BTC-KRW', instrument: answered(tick), price }]).symbols[0]?.tick;

describe('the instruments of a venue', () => {
  it('leave the tick to the bands where these say the same, so that it moves with the price', () => {
    expect(tickOf('1000', 140_000_000)).toBeNull();
  });

  it('give the venue’s own tick where the published bands are out of date, or no price is known', () => {
    expect(tickOf('500', 140_000_000)).toBe('500');
    expect(tickOf('1000', null)).toBe('1000');
  });

  it('say fees by quote currency, and 0 where there is no least notional', () => {
    const instrument: Instrument = {
      code: 'BTCUSDT',
      base: 'BTC',
      quote: 'USDT',
      ticks: [{ from: '0', tick: '0.01' }],
      ticksFromVenue: true,
      lot: '0.00001',
      minQuantity: null,
      maxQuantity: null,
      minNotional: null,
      maxNotional: null,
    };
    expect(instrumentsOf(binance, 'USDT', [{ symbol: 'BTC-USDT', instrument, price: 1 }])).toEqual({
      venue: 'binance',
      fees: { maker: '0.001', taker: '0.001' },
      bands: [],
      symbols: [{ symbol: 'BTC-USDT', tick: '0.01', lot: '0.00001', minNotional: '0' }],
    });
  });
});
