import type { VenueAdapter } from '../adapter.ts';
import { BinanceFeed } from './feed.ts';
import { binanceKeyRefusal, signBinance } from './key.ts';
import { binanceRest } from './rest.ts';
import { BINANCE_CONNECTION, BINANCE_LIMITS, binanceFees, binanceLimitNews } from './rules.ts';
import { binanceSymbols } from './symbols.ts';

/** Changes of the whole book every 100 ms, numbered without a hole, on top of a snapshot over REST. */
export const binance: VenueAdapter = {
  venue: 'binance',
  connection: BINANCE_CONNECTION,
  limits: BINANCE_LIMITS,
  fees: binanceFees,
  symbols: (instruments, names) => binanceSymbols(instruments, names),
  feed: (options) => new BinanceFeed(options),
  rest: binanceRest,
  limitNews: binanceLimitNews,
  sign: signBinance,
  keyRefusal: binanceKeyRefusal,
};
