import type { Ledger } from './ledger.ts';
import type { Settings } from './settings.ts';
import type { Trip } from './trip.ts';
import type { VenueBooks } from './venue-book.ts';

/** Everything an order is carried out with. */
export interface Desk {
  readonly settings: Settings;
  readonly ledger: Ledger;
  readonly books: VenueBooks;
  readonly rates: Map<string, { rate: string; position: number | null }>;
  readonly trips: Map<string, Trip>;
  /** No order leaves. */
  halted: boolean;
}
