import { describe, expect, it } from '@jest/globals';
import { decodeFrame } from './frame.ts';

const BOOK = {
  seq: 1,
  venue: 'upbit',
  symbol: 'BTC-KRW',
  epoch: 5,
  sequence: 3,
  exchangeAt: 1_000,
  bids: [
    [100, 1],
    [99, 2],
  ],
  asks: [[101, 1]],
};
const decode = (value: unknown) => decodeFrame(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

describe('decodeFrame', () => {
  it('reads a book', () => {
    expect(decode(BOOK)).toEqual({ kind: 'book', ...BOOK });
  });

  it('reads a book with an empty side and without the venue’s time', () => {
    expect(decode({ ...BOOK, exchangeAt: null, asks: [] })).toMatchObject({ kind: 'book', exchangeAt: null, asks: [] });
  });

  it('reads a rate', () => {
    expect(decode({ fx: 'KRW-USDT', rate: 1_400.5, at: 7 })).toEqual({ kind: 'fx', pair: 'KRW-USDT', rate: 1_400.5, at: 7 });
  });

  it.each([
    ['{"seq":1', /not JSON/],
    ['null', /not an object/],
    ['7', /not an object/],
    ['[]', /neither a venue/],
    [{ ...BOOK, venue: 7 }, /neither a venue/],
    [{ ...BOOK, seq: -1 }, /whole numbers/],
    [{ ...BOOK, sequence: 1.5 }, /whole numbers/],
    [{ ...BOOK, exchangeAt: 'now' }, /time in µs/],
    [{ ...BOOK, bids: [[102, 1]] }, /crossed: bid 102, ask 101/],
    [{ ...BOOK, bids: [[101, 1]] }, /crossed/],
    [{ ...BOOK, bids: [[100, 0]] }, /bids\[0\] holds what is not a number above 0/],
    [{ ...BOOK, asks: [[101, '1']] }, /asks\[0\] holds/],
    [{ ...BOOK, asks: [[101, 1, 1]] }, /asks\[0\] is not \[price, size\]/],
    [{ ...BOOK, asks: 'none' }, /asks are not a list/],
    [JSON.stringify(BOOK).replace('[100,1]', '[1e999,1]'), /bids\[0\]/],
    [
      {
        ...BOOK,
        bids: [
          [99, 1],
          [100, 1],
        ],
      },
      /bids\[1\] is out of order/,
    ],
    [{ ...BOOK, asks: Array.from({ length: 201 }, (_, i) => [101 + i, 1]) }, /201 asks, at most 200/],
    [{ fx: 'JPY-USDT', rate: 1, at: 1 }, /not KRW-USDT/],
    [{ fx: 'KRW-USDT', rate: 0, at: 1 }, /above 0/],
    [{ fx: 'KRW-USDT', rate: 1 }, /time/],
  ])('refuses %j', (value, why) => {
    expect(decode(value)).toEqual({ kind: 'fault', why: expect.stringMatching(why) });
  });
});
