import type { VenueAdapter } from '../adapter.ts';
import { UpbitFeed } from './feed.ts';
import { signUpbit, upbitKeyRefusal } from './key.ts';
import { upbitRest } from './rest.ts';
import { UPBIT_CONNECTION, UPBIT_LIMITS, upbitFees, upbitLimitNews } from './rules.ts';
import { upbitSymbols } from './symbols.ts';

/** Whole books in every frame, no sequence, no checksum: a lost frame is healed by the next one. */
export const upbit: VenueAdapter = {
  venue: 'upbit',
  connection: UPBIT_CONNECTION,
  limits: UPBIT_LIMITS,
  fees: upbitFees,
  symbols: (_instruments, names) => upbitSymbols(names),
  feed: (options) => new UpbitFeed(options),
  rest: upbitRest,
  limitNews: upbitLimitNews,
  sign: signUpbit,
  keyRefusal: upbitKeyRefusal,
};
