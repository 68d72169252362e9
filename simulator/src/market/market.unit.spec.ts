import { describe, expect, it } from '@jest/globals';
import { bookOf, type Level } from './book.ts';
import { type MarketSettings, makeMarket } from './market.ts';

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
const FEES: Readonly<Record<string, number>> = { upbit: 5, binance: 10 };
const NOTIONAL = 500;

/** Average price for `worth` of the quote currency. */
function average(levels: readonly Level[], worth: number): number {
  let left = worth;
  let quantity = 0;
  for (const [price, size] of levels) {
    const taken = Math.min(left, price * size);
    quantity += taken / price;
    left -= taken;
  }
  return left > 0 ? Number.NaN : worth / quantity;
}

interface Quotes {
  readonly bid: number;
  readonly ask: number;
}

function edgeBps(buy: Quotes, sell: Quotes): number {
  return (sell.bid / buy.ask - 1) * 10_000 - (FEES.upbit as number) - (FEES.binance as number);
}

/** The default strategy in a few lines: entry at 15 bps after fees, exit when going back costs 2 at most, or after 20 s. */
function tripsIn(seconds: number, settings: MarketSettings) {
  const market = makeMarket(settings);
  const quotes = new Map<string, Quotes>();
  const open = new Map<string, { buy: string; sell: string; since: number }>();
  const restUntil = new Map<string, number>();
  const edges: number[] = [];
  let entries = 0;
  let exits = 0;
  let held = 0;
  while (market.nextAt() <= seconds * 1e6) {
    const instrument = market.step();
    const now = instrument.at / 1e6;
    const { coin } = instrument;
    const rate = instrument.quote === 'KRW' ? market.rate() : 1;
    const { bids, asks } = bookOf(instrument);
    quotes.set(`${instrument.venue} ${coin}`, { bid: average(bids, NOTIONAL * rate) / rate, ask: average(asks, NOTIONAL * rate) / rate });
    const trip = open.get(coin);
    const at = (venue: string) => quotes.get(`${venue} ${coin}`);
    const [upbit, binance] = [at('upbit'), at('binance')];
    if (upbit === undefined || binance === undefined) continue;
    const forth = edgeBps(upbit, binance);
    const back = edgeBps(binance, upbit);
    if (trip !== undefined) {
      const cost = -(trip.buy === 'upbit' ? back : forth);
      if (cost > 2 && now - trip.since < 20) continue;
      exits++;
      held += now - trip.since;
      open.delete(coin);
      restUntil.set(coin, now + 0.5);
    } else if (Math.max(forth, back) >= 15 && now >= (restUntil.get(coin) ?? 0)) {
      entries++;
      edges.push(Math.max(forth, back));
      open.set(coin, forth > back ? { buy: 'upbit', sell: 'binance', since: now } : { buy: 'binance', sell: 'upbit', since: now });
    }
  }
  return { entries, exits, edges, meanHeld: held / exits };
}

describe('the simulated market', () => {
  it.each([1, 30, 200])('never shows a crossed, unordered or empty book, with %i levels', (depth) => {
    const market = makeMarket({ ...SETTINGS, depth });
    for (let k = 0; k < 20_000; k++) {
      const { bids, asks } = bookOf(market.step());
      const prices = [...bids.map(([price]) => price).reverse(), ...asks.map(([price]) => price)];
      if (bids.length === 0 || asks.length === 0) throw new Error(`book ${k} is empty on a side`);
      for (let i = 0; i < prices.length; i++)
        if (!((prices[i] as number) > (prices[i - 1] ?? 0))) throw new Error(`book ${k}: ${prices[i]} follows ${prices[i - 1]}`);
      if (![...bids, ...asks].every(([, size]) => size > 0)) throw new Error(`book ${k} holds a size of zero`);
    }
    expect(market.instruments).toHaveLength(20);
  });

  it('gives the same books for the same seed, and others for another', () => {
    const books = (seed: string): string => {
      const market = makeMarket({ ...SETTINGS, seed });
      return JSON.stringify(Array.from({ length: 2_000 }, () => bookOf(market.step())));
    };
    expect(books('7')).toBe(books('7'));
    expect(books('7')).not.toBe(books('8'));
  });

  it('keeps the rate near 1,400', () => {
    const market = makeMarket(SETTINGS);
    for (let k = 0; k < 500 * 600; k++) market.step();
    expect(Math.abs(market.rate() - 1_400)).toBeLessThan(40);
  });

  it.each(['1', '2', '3', '4'])('gives the default strategy dozens of round trips in 30 s (seed %s)', (seed) => {
    const { entries, exits, edges, meanHeld } = tripsIn(30, { ...SETTINGS, seed });
    expect(entries).toBeGreaterThanOrEqual(36);
    expect(entries).toBeLessThanOrEqual(200);
    expect(exits).toBeGreaterThanOrEqual(30);
    expect(meanHeld).toBeLessThan(8);
    expect(edges.filter((edge) => edge >= 15 && edge <= 60).length / edges.length).toBeGreaterThan(0.9);
  });

  it('refuses a currency it has no rate for', () => {
    expect(() => makeMarket({ ...SETTINGS, venues: [{ name: 'kraken', quote: 'EUR' }] })).toThrow(/KRW.*EUR at kraken.*market\.venues/);
  });
});
