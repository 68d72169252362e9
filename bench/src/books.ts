import type { DataOf } from '@arb/shared/contracts';
import { bookOf, makeMarket, type Profile } from '@arb/simulator';

export const COINS = ['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE', 'TRX', 'LINK', 'DOT', 'AVAX'] as const;
export const VENUES = [
  { name: 'upbit', quote: 'KRW' },
  { name: 'binance', quote: 'USDT' },
] as const;

export interface MadeBooks {
  /** The next book; number and time are the caller's. */
  next(sequence: number, receivedAt: number): DataOf<'book'>;
  rate(): number;
}

/** Books of the simulated market, made anew one after another. */
export function marketBooks(levels: number, booksPerSecond: number, seed = '1', profile?: Profile): MadeBooks {
  const market = makeMarket({
    coins: COINS,
    venues: VENUES,
    depth: levels,
    seed,
    booksPerSecond,
    ...(profile === undefined ? {} : { profile }),
  });
  return {
    next(sequence, receivedAt) {
      const instrument = market.step();
      return {
        venue: instrument.venue,
        symbol: instrument.symbol,
        epoch: 1,
        sequence,
        exchangeAt: receivedAt,
        receivedAt,
        ...bookOf(instrument),
      };
    },
    rate: market.rate,
  };
}

const POOL = 2_000;

/** The same, made before the run: saying one costs nothing but saying it. */
export function pooledBooks(levels: number): MadeBooks {
  const market = marketBooks(levels, 1_000);
  const pool = Array.from({ length: POOL }, () => market.next(0, 0));
  let at = 0;
  return {
    next(sequence, receivedAt) {
      const book = pool[at] as DataOf<'book'>;
      at = at + 1 === POOL ? 0 : at + 1;
      return { ...book, sequence, exchangeAt: receivedAt, receivedAt };
    },
    rate: market.rate,
  };
}
