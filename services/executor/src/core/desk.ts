import type { DataOf } from '@arb/shared/contracts';
import type { Conversion } from '@arb/shared/money';
import type { Begun } from './begun.ts';
import type { Instruments } from './instruments.ts';
import type { KeptLeg } from './kept.ts';
import type { Ledger } from './ledger.ts';
import type { Modes } from './mode.ts';
import type { Settings } from './settings.ts';
import type { Stats } from './stats.ts';
import type { Tally } from './tally.ts';
import type { Transfers } from './transfer.ts';
import type { Trip } from './trip.ts';
import type { VenueBooks } from './venue-book.ts';

/** Everything an order is carried out with. */
export interface Desk {
  readonly settings: Settings;
  readonly modes: Modes;
  readonly ledger: Ledger;
  readonly tally: Tally;
  /** Since the ledgers were opened, by venue, in the numeraire: decides the tier of its fees. */
  readonly traded: Map<string, number>;
  readonly books: VenueBooks;
  readonly health: Map<string, DataOf<'health'>['state']>;
  readonly instruments: Instruments;
  /** Into the numeraire, by currency; the numeraire itself is not in it. Positions are of this session only. */
  readonly conversions: Map<string, Conversion>;
  readonly ratePositions: Map<string, number>;
  readonly trips: Map<string, Trip>;
  readonly transfers: Transfers;
  readonly begun: Begun;
  /** Of this session and its parents, the oldest first. */
  readonly kept: KeptLeg[];
  readonly stats: Stats;
}
