import type { VenueProtocol } from '../../server/venue.ts';
import { BinanceSite } from './site.ts';

/** Numbered changes in text frames, on top of a snapshot over REST. */
export const binance: VenueProtocol = {
  name: 'binance',
  binaryFrames: false,
  codeOf: (base, quote) => base + quote,
  open: (floor) => new BinanceSite(floor),
};
