import { describe, expect, it } from '@jest/globals';
import { smallTrips, winShare } from '../testing/small-trader.ts';
import { bookOf } from './book.ts';
import type { Instrument } from './instrument.ts';
import { type MarketSettings, makeMarket } from './market.ts';
import { PROFILES, type Profile, type ProfileName } from './profiles.ts';
import { tradeOf } from './trade.ts';

const SETTINGS: MarketSettings = {
  coins: ['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE', 'TRX', 'LINK', 'DOT', 'AVAX'],
  venues: [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ],
  depth: 30,
  seed: '1',
  booksPerSecond: 500,
};
/** Prices that are the same everywhere but for the time they take to get there. */
const NO_PREMIUM: Profile = { says: '', activity: 'even', tempers: [{ swingBps: 0, swingSeconds: 1, driftBps: 0, driftSeconds: 1 }] };

/** Best bids by `<venue> <coin>` on a grid of time. */
function sampled(settings: MarketSettings, seconds: number, every: number): Map<string, number[]> {
  const market = makeMarket(settings);
  const prices = new Map<string, number[]>(market.instruments.map(({ venue, coin }) => [`${venue} ${coin}`, []]));
  for (let at = every; at <= seconds; at += every) {
    while (market.nextAt() <= at * 1e6) market.step();
    for (const instrument of market.instruments)
      prices.get(`${instrument.venue} ${instrument.coin}`)?.push(bookOf(instrument, 1).bids[0]?.[0] as number);
  }
  return prices;
}

function changesOf(prices: readonly number[]): number[] {
  return prices.slice(1).map((price, i) => price / (prices[i] as number) - 1);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const n = Math.min(a.length, b.length);
  const mean = (values: readonly number[]): number => values.slice(0, n).reduce((sum, value) => sum + value, 0) / n;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [(a[i] as number) - meanA, (b[i] as number) - meanB];
    both += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return both / Math.sqrt(squaresA * squaresB);
}

describe('the simulated market', () => {
  it.each([1, 30, 200])('never shows a crossed, unordered or empty book, with %i levels', (depth) => {
    const market = makeMarket({ ...SETTINGS, depth, withRates: true });
    for (let k = 0; k < 1_000_000 / (depth + 50); k++) {
      const { bids, asks } = bookOf(market.step());
      const prices = [...bids.map(([price]) => price).reverse(), ...asks.map(([price]) => price)];
      if (bids.length === 0 || asks.length !== depth) throw new Error(`book ${k} has ${bids.length} bids and ${asks.length} asks`);
      for (let i = 0; i < prices.length; i++)
        if (!((prices[i] as number) > (prices[i - 1] ?? 0))) throw new Error(`book ${k}: ${prices[i]} follows ${prices[i - 1]}`);
      if (![...bids, ...asks].every(([, size]) => size > 0)) throw new Error(`book ${k} holds a size of zero`);
    }
    expect(market.instruments).toHaveLength(22);
  });

  it('holds a hundred coins at seven venues', () => {
    const names = ['upbit', 'bithumb', 'coinone', 'binance', 'bybit', 'okx', 'bitget'];
    const venues = names.map((name, i) => ({ name, quote: i < 3 ? 'KRW' : 'USDT' }));
    const coins = Array.from({ length: 100 }, (_, i) => SETTINGS.coins[i] ?? `C${i}`);
    const market = makeMarket({ ...SETTINGS, coins, venues, booksPerSecond: 5_000 });
    const seen = new Set<Instrument>();
    for (let k = 0; k < 40_000; k++) {
      const instrument = market.step();
      seen.add(instrument);
      if (instrument.bids.best >= instrument.asks.best) throw new Error(`${instrument.venue} ${instrument.symbol} is crossed`);
    }
    expect(seen.size).toBe(700);
  });

  it('gives the same books for the same seed, and others for another', () => {
    const books = (seed: string): string => {
      const market = makeMarket({ ...SETTINGS, seed });
      return JSON.stringify(Array.from({ length: 2_000 }, () => bookOf(market.step())));
    };
    expect(books('7')).toBe(books('7'));
    expect(books('7')).not.toBe(books('8'));
  });

  it('says with each book exactly what changed from the one before', () => {
    const market = makeMarket({ ...SETTINGS, coins: ['BTC', 'DOGE'], booksPerSecond: 10 });
    const kept = new Map(market.instruments.map((of) => [of, { bids: cellsOf(of, 'bids'), asks: cellsOf(of, 'asks') }]));
    let changes = 0;
    for (let k = 0; k < 1_000; k++) {
      const instrument = market.step();
      for (const name of ['bids', 'asks'] as const) {
        const side = instrument[name];
        const cells = kept.get(instrument)?.[name] as Map<number, number>;
        const seen = new Set<number>();
        for (let i = 0; i < side.changes.count; i++) {
          const [cell, size] = [side.changes.cells[i] as number, side.changes.sizes[i] as number];
          if (seen.has(cell)) throw new Error(`book ${k} says ${cell} twice`);
          seen.add(cell);
          if (size < 0 && !cells.delete(cell)) throw new Error(`book ${k} takes away ${cell}, which was not there`);
          if (size >= 0) cells.set(cell, size);
          changes++;
        }
        expect([...cells].sort(([a], [b]) => a - b)).toEqual([...cellsOf(instrument, name)].sort(([a], [b]) => a - b));
      }
    }
    expect(changes).toBeGreaterThan(5_000);
  });

  it('trades at the best price, and never more than stood there', () => {
    const market = makeMarket(SETTINGS);
    const before = new Map(market.instruments.map((of) => [of, bookOf(of)]));
    let [trades, buys] = [0, 0];
    for (let k = 0; k < 20_000; k++) {
      const instrument = market.step();
      const trade = tradeOf(instrument);
      if (trade !== null) {
        trades++;
        if (trade.side === 'buy') buys++;
        const { bids, asks } = bookOf(instrument, 1);
        expect(trade.price).toBe((trade.side === 'buy' ? asks : bids)[0]?.[0]);
        expect(trade.size).toBeGreaterThan(0);
      }
      before.set(instrument, bookOf(instrument));
    }
    expect(trades / 20_000).toBeGreaterThan(0.15);
    expect(Math.abs(buys / trades - 0.5)).toBeLessThan(0.05);
  });

  it('comes at the pace that was asked for, busier in the first coins and in bursts', () => {
    const market = makeMarket(SETTINGS);
    const counts = new Map<string, number>();
    const perTwoSeconds = new Map<number, number>();
    let books = 0;
    while (market.nextAt() <= 300e6) {
      const { coin, at } = market.step();
      books++;
      counts.set(coin, (counts.get(coin) ?? 0) + 1);
      if (coin === 'ETH') perTwoSeconds.set(Math.floor(at / 2e6), (perTwoSeconds.get(Math.floor(at / 2e6)) ?? 0) + 1);
    }
    expect(Math.abs(books / 300 / SETTINGS.booksPerSecond - 1)).toBeLessThan(0.05);
    const count = (coin: string): number => counts.get(coin) as number;
    expect(count('BTC')).toBeGreaterThan(count('ETH'));
    expect(count('AVAX')).toBeLessThan(count('DOT') / 2);
    const busy = [...perTwoSeconds.values()].sort((a, b) => a - b);
    expect((busy.at(-1) as number) / (busy[busy.length >> 1] as number)).toBeGreaterThan(2.5);
  });

  it('moves a coin alike at all venues over hours, and the coins partly together', () => {
    const prices = sampled({ ...SETTINGS, coins: ['BTC', 'ETH'], booksPerSecond: 2 }, 15_000, 500);
    const changes = (name: string): number[] => changesOf(prices.get(name) as number[]);
    expect(correlation(changes('upbit BTC'), changes('binance BTC'))).toBeGreaterThan(0.4);
    const coins = correlation(changesOf(pathOf('BTC')), changesOf(pathOf('ETH')));
    expect(coins).toBeGreaterThan(0.25);
    expect(coins).toBeLessThan(0.75);
  });

  it('lets the venue with the shorter lag lead', () => {
    const prices = sampled({ ...SETTINGS, coins: ['BTC'], booksPerSecond: 200, profile: NO_PREMIUM }, 600, 0.1);
    const [slow, quick] = [changesOf(prices.get('upbit BTC') as number[]), changesOf(prices.get('binance BTC') as number[])];
    expect(correlation(quick, slow.slice(2))).toBeGreaterThan(correlation(slow, quick.slice(2)) + 0.1);
  });

  it('keeps the rate near 1,400, and the bank a little below it, once a minute', () => {
    const market = makeMarket({ ...SETTINGS, booksPerSecond: 20 });
    const bank = new Set<number>();
    while (market.nextAt() <= 600e6) {
      market.step();
      bank.add(market.bankRate());
      expect(Math.abs(market.rate() - 1_400)).toBeLessThan(40);
      expect(Math.abs(market.rate() / market.bankRate() - 1.004)).toBeLessThan(0.012);
    }
    expect(bank.size).toBeGreaterThan(5);
    expect(bank.size).toBeLessThanOrEqual(11);
  });

  it('trades USDT itself where that is asked for', () => {
    const market = makeMarket({ ...SETTINGS, coins: ['BTC'], withRates: true });
    expect(market.instruments.map(({ venue, symbol }) => `${venue} ${symbol}`)).toEqual([
      'upbit BTC-KRW',
      'binance BTC-USDT',
      'upbit USDT-KRW',
      'binance USDT-USD',
    ]);
    for (let k = 0; k < 3_000; k++) market.step();
    const [won, dollars] = market.instruments.slice(2).map((instrument) => bookOf(instrument, 1).bids[0]?.[0] as number) as [
      number,
      number,
    ];
    expect(Math.abs(won / market.rate() - 1)).toBeLessThan(0.003);
    expect(Math.abs(dollars - 1)).toBeLessThan(0.003);
  });

  it('refuses a currency it has no rate for, and a profile it does not have', () => {
    expect(() => makeMarket({ ...SETTINGS, venues: [{ name: 'kraken', quote: 'EUR' }] })).toThrow(/KRW.*EUR at kraken.*market\.venues/);
    expect(() => makeMarket({ ...SETTINGS, profile: 'C9' as ProfileName })).toThrow(/expected a profile of lively, C1.*found "C9"/);
  });

  /** What BTC and ETH cost where nothing but the coin itself moves the price. */
  function pathOf(coin: string): number[] {
    const settings = { ...SETTINGS, coins: ['BTC', 'ETH'], profile: NO_PREMIUM };
    return sampled({ ...settings, booksPerSecond: 1 }, 15_000, 150).get(`binance ${coin}`) as number[];
  }
});

describe('the everyday market', () => {
  it.each(['1', '2', '3'])('gives the default strategy several round trips a minute, and some that lose (seed %s)', (seed) => {
    const trips = smallTrips({ ...SETTINGS, seed }, 120);
    expect(trips.length / 2).toBeGreaterThan(10);
    expect(trips.length / 2).toBeLessThan(120);
    expect(winShare(trips)).toBeGreaterThan(0.45);
    expect(winShare(trips)).toBeLessThan(0.9);
  });

  it('wins and loses over half an hour of a book a second', () => {
    const trips = smallTrips({ ...SETTINGS, booksPerSecond: 20 }, 1_800);
    expect(winShare(trips)).toBeGreaterThan(0.45);
    expect(winShare(trips)).toBeLessThan(0.9);
  });
});

describe('a campaign', () => {
  const share = (profile: ProfileName, coins: readonly string[], pace: number, seconds: number): number =>
    winShare(smallTrips({ ...SETTINGS, coins, profile, booksPerSecond: coins.length * 2 * pace }, seconds));

  it.each([
    ['C1', 0.4, 0.6],
    ['C2', 0.6, 0.8],
    ['C3', 0.3, 0.5],
  ] as const)('%s ends with a share of winners from %d to %d', (profile, least, most) => {
    for (const won of [share(profile, SETTINGS.coins, 1, 2_500), share(profile, SETTINGS.coins, 10, 250)]) {
      expect(won).toBeGreaterThanOrEqual(least);
      expect(won).toBeLessThanOrEqual(most);
    }
  });

  it('of two coins leaves each as it would be alone', () => {
    const books = (coins: readonly string[], profile: Profile): string[] => {
      const market = makeMarket({ ...SETTINGS, coins, profile, booksPerSecond: 20 * coins.length });
      const said: string[] = [];
      while (market.nextAt() <= 30e6) {
        const instrument = market.step();
        if (instrument.coin === 'ETH') said.push(JSON.stringify([instrument.venue, instrument.at, bookOf(instrument)]));
      }
      return said;
    };
    const [favourable, adverse] = PROFILES.M2.tempers as readonly [Profile['tempers'][number], Profile['tempers'][number]];
    const alone = books(['ETH'], { ...PROFILES.M2, tempers: [adverse] });
    expect(books(['BTC', 'ETH'], { ...PROFILES.M2, tempers: [favourable, adverse] })).toEqual(alone);
    expect(books(['SOL', 'ETH'], { ...PROFILES.M2, tempers: [adverse, adverse] })).toEqual(alone);
    expect(alone.length).toBeGreaterThan(500);
  });

  it('of opposite coins has a better and a worse one', () => {
    const trips = smallTrips({ ...SETTINGS, coins: ['BTC', 'ETH'], profile: 'M2', booksPerSecond: 4 }, 8_000);
    const of = (coin: string): number => winShare(trips.filter((trip) => trip.coin === coin));
    expect(of('BTC')).toBeGreaterThan(of('ETH') + 0.1);
  });
});

function cellsOf(instrument: Instrument, name: 'bids' | 'asks'): Map<number, number> {
  const { best, direction, indexes } = instrument[name];
  const cells = new Map<number, number>();
  for (let i = 0; i < instrument.kept; i++) {
    const cell = best + i * direction;
    if (cell > 0) cells.set(cell, indexes[cell & instrument.mask] as number);
  }
  return cells;
}
