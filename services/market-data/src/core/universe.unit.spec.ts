import { describe, expect, it } from '@jest/globals';
import { chooseCoins, type Listing, type UniverseRules } from './universe.ts';

const rules = (change: Partial<UniverseRules> = {}): UniverseRules => ({
  universe: 'TOP_N',
  coins: ['BTC', 'ETH', 'XRP'],
  topN: 2,
  leastVolume: 0,
  whitelist: null,
  blacklist: null,
  ...change,
});

const listing = (venue: string, coin: string, volume: number | null, spreadBps = 5, depth = 1_000, trading = true): Listing => ({
  venue,
  coin,
  trading,
  volume,
  spreadBps,
  depth,
});

/** At both venues. */
const both = (coin: string, volume: number, spreadBps = 5, depth = 1_000): readonly Listing[] => [
  listing('upbit', coin, volume, spreadBps, depth),
  listing('binance', coin, volume, spreadBps, depth),
];

const coinsOf = (change: Partial<UniverseRules>, listings: readonly Listing[] | null, present: readonly string[] = []) =>
  chooseCoins(rules(change), listings, present)?.coins ?? null;

describe('the universe', () => {
  it('is the first coin in SINGLE and all that are named in FIXED_LIST, but for those on the blacklist', () => {
    expect(coinsOf({ universe: 'SINGLE' }, null)).toEqual(['BTC']);
    expect(coinsOf({ universe: 'FIXED_LIST', blacklist: ['ETH'] }, null)).toEqual(['BTC', 'XRP']);
  });

  it('leaves out named coins that no venue lists, and says which', () => {
    const choice = chooseCoins(rules({ universe: 'FIXED_LIST' }), both('BTC', 1), []);
    expect(choice?.coins).toEqual(['BTC']);
    expect(choice?.why).toContain('no venue lists ETH, XRP');
  });

  it('waits for the venues where it has to choose', () => {
    expect(coinsOf({}, null)).toBeNull();
  });

  it('takes the N best by volume, spread and depth', () => {
    const listings = [...both('A', 100), ...both('B', 300), ...both('C', 200), ...both('D', 50)];
    expect(coinsOf({}, listings)).toEqual(['B', 'C']);
    // Much narrower and deeper outweighs a little more volume.
    const narrow = [...both('A', 100, 50, 10), ...both('B', 99, 1, 1_000), ...both('C', 1, 40, 20)];
    expect(coinsOf({ topN: 1 }, narrow)).toEqual(['B']);
  });

  it('takes only what two venues trade', () => {
    const listings = [...both('A', 1), listing('upbit', 'B', 1e9), listing('upbit', 'C', 1e9), listing('binance', 'C', 1e9, 5, 1, false)];
    expect(coinsOf({ universe: 'FULL_MARKET' }, listings)).toEqual(['A']);
  });

  it('leaves out what is traded too little or blacklisted, and keeps the whitelist in', () => {
    const listings = [...both('A', 100), ...both('B', 300), ...both('C', 1), ...both('D', 200)];
    expect(coinsOf({ universe: 'FULL_MARKET', leastVolume: 150, blacklist: ['B'], whitelist: ['C'] }, listings)).toEqual(['D', 'A', 'C']);
    expect(coinsOf({ topN: 1, whitelist: ['C'] }, listings)).toEqual(['C']);
  });

  it('keeps a coin that is only a little worse than one outside', () => {
    const names = ['A', 'B', 'C', 'D', 'E', 'F'];
    const listings = names.flatMap((coin, i) => both(coin, 600 - 100 * i));
    expect(coinsOf({ topN: 5 }, listings, ['F'])).toEqual(['A', 'B', 'C', 'D', 'F']);
    expect(coinsOf({ topN: 5 }, listings, [])).toEqual(['A', 'B', 'C', 'D', 'E']);
  });

  it('ranks what is unknown last', () => {
    const listings = [listing('upbit', 'A', null), listing('binance', 'A', null), ...both('B', 1)];
    expect(coinsOf({ topN: 1 }, listings)).toEqual(['B']);
  });
});
