import type { VenueAdapter } from './adapter.ts';
import { binance } from './binance/index.ts';
import { upbit } from './upbit/index.ts';

/** Every venue: a folder, and its line here. */
const ALL: readonly VenueAdapter[] = [upbit, binance];

export const VENUES: ReadonlyMap<string, VenueAdapter> = new Map(ALL.map((adapter) => [adapter.venue, adapter]));
