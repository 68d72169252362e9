import { describe, expect, it } from '@jest/globals';
import { type Mid, quotesOf } from './fx-quotes.ts';
import { median, type Quote, type RateInputs, rateOf } from './fx-rate.ts';

const quote = (source: string, rate: number, ageMs = 10, kind: Quote['kind'] = 'direct'): Quote => ({ source, rate, ageMs, kind });
const inputs = (change: Partial<RateInputs>): RateInputs => ({
  pair: 'KRW-USDT',
  quotes: [],
  bank: null,
  fixed: null,
  last: null,
  ...change,
});
const dropped = (change: Partial<RateInputs>) =>
  rateOf(inputs(change))
    ?.sources.filter(({ used }) => !used)
    .map(({ source, dropped }) => `${source}: ${dropped}`);

describe('the rate of a pair', () => {
  it.each<[string, Partial<RateInputs>, { rate: number; tier: string } | null]>([
    ['the only stream there is', { quotes: [quote('upbit', 1_400)] }, { rate: 1_400, tier: 'single' }],
    ['the middle of two', { quotes: [quote('upbit', 1_400), quote('bithumb', 1_402)] }, { rate: 1_401, tier: 'multi' }],
    ['the median of three', { quotes: [quote('a', 1_400), quote('b', 1_390), quote('c', 1_403)] }, { rate: 1_400, tier: 'multi' }],
    ['without the outlier', { quotes: [quote('a', 1_400), quote('b', 1_402), quote('c', 1_480)] }, { rate: 1_401, tier: 'multi' }],
    [
      'what lies just at five per cent stays',
      { quotes: [quote('a', 1_400), quote('b', 1_400), quote('c', 1_470)] },
      { rate: 1_400, tier: 'multi' },
    ],
    [
      'a direct market and not the crosses',
      { quotes: [quote('a', 1_400), quote('x', 1_420, 10, 'cross'), quote('y', 1_430, 10, 'cross')] },
      { rate: 1_400, tier: 'single' },
    ],
    [
      'the crosses where the direct market is wild',
      { quotes: [quote('a', 2_800), quote('x', 1_420, 10, 'cross'), quote('y', 1_430, 10, 'cross')] },
      { rate: 1_425, tier: 'multi' },
    ],
    [
      'of two that disagree, the one near the last rate',
      { quotes: [quote('a', 1_400), quote('b', 2_000)], last: 1_390 },
      { rate: 1_400, tier: 'single' },
    ],
    ['of two that disagree, nobody where nothing else is known', { quotes: [quote('a', 1_400), quote('b', 2_000)] }, null],
    ['what is fresh after a minute', { quotes: [quote('a', 1_400, 60_000), quote('b', 1_300, 60_001)] }, { rate: 1_400, tier: 'single' }],
    [
      'the bank where every stream is stale',
      { quotes: [quote('a', 1_400, 60_001)], bank: { source: 'bank', rate: 1_353.68, ageMs: 9e7, fresh: true } },
      { rate: 1_353.68, tier: 'http' },
    ],
    [
      'the configured rate after the bank',
      { bank: { source: 'bank', rate: 1_353.68, ageMs: 1, fresh: false }, fixed: 1_380 },
      { rate: 1_380, tier: 'static' },
    ],
    ['none where nothing is left', { quotes: [quote('a', 1_400, 60_001)] }, null],
  ])('is %s', (_what, change, expected) => {
    const rate = rateOf(inputs(change));
    expect(rate === null ? null : { rate: rate.rate, tier: rate.tier }).toEqual(expected);
  });

  it('names what it did not use, and why', () => {
    const bank = { source: 'bank', rate: 1_353, ageMs: 1, fresh: true };
    expect(
      dropped({
        quotes: [quote('a', 1_400), quote('b', 1_401), quote('wild', 1_600), quote('old', 1_400, 1e6), quote('x', 1_405, 1, 'cross')],
        bank,
      }),
    ).toEqual(['wild: outlier', 'old: stale', 'x: only where no direct market is', 'bank: only where no stream is']);
  });

  it('holds no digits that only a division left', () => {
    expect(rateOf(inputs({ quotes: [quote('a', 1 / 3)] }))?.rate).toBe(0.333333333333);
  });
});

describe('median', () => {
  it.each([[[1], 1], [[1, 3], 2], [[3, 1, 2], 2], [[4, 1, 3, 2], 2.5]])('of %j is %d', (values, expected) => expect(median(values)).toBe(expected)); // biome-ignore format: a table
});

describe('what books say of a pair', () => {
  const mids: readonly Mid[] = [
    { venue: 'upbit', symbol: 'USDT-KRW', price: 1_400, at: 100 },
    { venue: 'bithumb', symbol: 'USDT-KRW', price: 1_402, at: 90 },
    { venue: 'upbit', symbol: 'BTC-KRW', price: 141_000_000, at: 95 },
    { venue: 'binance', symbol: 'BTC-USDT', price: 100_000, at: 100 },
    { venue: 'upbit', symbol: 'ETH-BTC', price: 0.04, at: 100 },
  ];

  it('is what each direct market says, and each cross through a coin, with the older age of the two', () => {
    expect(quotesOf('KRW-USDT', mids, 100)).toEqual([
      { source: 'upbit USDT-KRW', rate: 1_400, ageMs: 0, kind: 'direct' },
      { source: 'bithumb USDT-KRW', rate: 1_402, ageMs: 10, kind: 'direct' },
      { source: 'BTC upbit/binance', rate: 1_410, ageMs: 5, kind: 'cross' },
    ]);
  });

  it('is the inverse of a market the other way round: pairs quoted in BTC and ETH convert the same way', () => {
    expect(quotesOf('BTC-USDT', mids, 100)).toEqual([{ source: 'binance BTC-USDT', rate: 0.00001, ageMs: 0, kind: 'direct' }]);
    expect(quotesOf('ETH-BTC', mids, 100)).toEqual([{ source: 'upbit ETH-BTC', rate: 25, ageMs: 0, kind: 'direct' }]);
  });
});
