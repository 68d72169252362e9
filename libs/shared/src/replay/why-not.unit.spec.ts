import { describe, expect, it } from '@jest/globals';
import { NotAnEvent } from './event-ref.ts';
import { parseRoute } from './why-not.ts';

describe('what was not traded', () => {
  it.each([
    ['btc', { coin: 'BTC', buy: null, sell: null }],
    ['1INCH', { coin: '1INCH', buy: null, sell: null }],
    ['BTC:binance-upbit', { coin: 'BTC', buy: 'binance', sell: 'upbit' }],
    ['BTC:binance>upbit', { coin: 'BTC', buy: 'binance', sell: 'upbit' }],
    ['upbit-binance', { coin: null, buy: 'upbit', sell: 'binance' }],
  ])('%s is a coin or a route', (text, meant) => expect(parseRoute(text)).toEqual(meant));

  it.each(['', 'BTC:', 'BTC:upbit', 'BTC:upbit-', ':upbit-binance', 'a b', 'BTC:upbit-binance-okx-x y'])('"%s" is neither', (text) =>
    expect(() => parseRoute(text)).toThrow(NotAnEvent),
  );
});
