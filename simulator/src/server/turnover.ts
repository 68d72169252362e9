import { openingPrice } from '../market/opening-price.ts';
import type { Listing } from './listing.ts';

/** What was traded of a coin in the last day, in USDT: the longer the list, the less of the later ones. */
export function turnoverOf(listings: readonly Listing[], listing: Listing): number {
  const rank = listings.indexOf(listing);
  return Math.round((listing.base === 'USDT' ? 40e6 : 900e6) / (1 + Math.max(0, rank)));
}

/** The day before began at the opening price: a change of the day comes out of it. */
export function dayOpening(listing: Listing, rate: number): number {
  return openingPrice(listing.base) * rate;
}
