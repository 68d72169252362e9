import type { VenueProtocol } from '../../server/venue.ts';
import { UpbitSite } from './site.ts';

/** Whole books in binary frames; a second subscription replaces the first. */
export const upbit: VenueProtocol = {
  name: 'upbit',
  binaryFrames: true,
  codeOf: (base, quote) => `${quote}-${base}`,
  open: (floor) => new UpbitSite(floor),
};
