import type { DataOf } from '@arb/shared/contracts';
import { type ConversionText, formatConversion, formatDecimal, parseConversion } from '@arb/shared/money';
import type { Desk } from './desk.ts';
import { instrumentsOf } from './instruments.ts';
import type { KeptLeg } from './kept.ts';
import { balanceOf, loadLedger, type SavedLedger, saveLedger } from './ledger.ts';
import type { Modes } from './mode.ts';
import { fromFirstSchema, type SavedFirst } from './saved-first.ts';
import type { Settings } from './settings.ts';
import { newStats, type Stats } from './stats.ts';
import { newTally, type Tally, tallyOpening } from './tally.ts';
import type { Trip } from './trip.ts';
import type { VenueBook } from './venue-book.ts';

export const SCHEMA = 4;

export interface SavedDesk {
  readonly modes: Modes;
  readonly ledger: SavedLedger;
  /** Null in what an older schema gives: it begins with the ledgers as they are. */
  readonly tally: Tally | null;
  readonly traded: readonly (readonly [venue: string, worth: number])[];
  readonly books: readonly (readonly [venue: string, books: readonly (readonly [symbol: string, book: VenueBook])[]])[];
  readonly health: readonly (readonly [string, DataOf<'health'>['state']])[];
  readonly instruments: readonly DataOf<'instruments'>[];
  readonly rates: readonly (readonly [currency: string, conversion: ConversionText])[];
  readonly ratePositions: readonly (readonly [currency: string, position: number])[];
  readonly trips: readonly Trip[];
  readonly transfers: readonly [string, { moved: DataOf<'transfer'>; verdict: number | string | null }][];
  readonly begun: { readonly recent: readonly string[]; readonly floors: readonly [string, number][] };
  /** Since the fourth schema. */
  readonly kept?: readonly KeptLeg[];
  readonly stats: Stats;
}

/** What changes in place (books' fields, trips, tally, stats) is copied; what is only ever replaced is not. */
export function saveDesk(desk: Desk): SavedDesk {
  return {
    modes: { ...desk.modes },
    ledger: saveLedger(desk.ledger),
    tally: copied(desk.tally),
    traded: [...desk.traded],
    books: [...desk.books].map(([venue, books]) => [venue, [...books].map(([symbol, book]) => [symbol, { ...book }])]),
    health: [...desk.health],
    instruments: [...desk.instruments.values()].map(({ said }) => said),
    rates: [...desk.conversions].map(([currency, conversion]) => [currency, formatConversion(conversion)]),
    ratePositions: [...desk.ratePositions],
    trips: copied([...desk.trips.values()]),
    transfers: [...desk.transfers].map(([id, { moved, verdict }]) => [id, { moved, verdict }]),
    begun: { recent: [...desk.begun.recent], floors: [...desk.begun.floors] },
    kept: [...desk.kept],
    stats: copied(desk.stats),
  };
}

function copied<T>(plain: T): T {
  return JSON.parse(JSON.stringify(plain)) as T;
}

export function loadDesk(json: SavedDesk, schema: number, settings: Settings): Desk {
  const saved = schema === 1 ? fromFirstSchema(json as unknown as SavedFirst) : json;
  const ledger = loadLedger(saved.ledger);
  return {
    settings,
    modes: { ...saved.modes },
    ledger,
    tally: saved.tally === null ? tallyFrom(ledger) : copied(saved.tally),
    traded: new Map(saved.traded),
    books: new Map(saved.books.map(([venue, books]) => [venue, new Map(books.map(([symbol, book]) => [symbol, bookFrom(book)]))])),
    health: new Map(saved.health),
    instruments: new Map(saved.instruments.map((said) => [said.venue, instrumentsOf(said)])),
    conversions: new Map(saved.rates.map(([currency, conversion]) => [currency, parseConversion(conversion)])),
    ratePositions: new Map(saved.ratePositions),
    trips: new Map(copied(saved.trips).map((trip) => [trip.id, trip])),
    transfers: new Map(saved.transfers.map(([id, under]) => [id, { ...under }])),
    begun: { recent: new Set(saved.begun.recent), floors: new Map(saved.begun.floors) },
    kept: [...(saved.kept ?? [])],
    // Older ones counted less.
    stats: { ...newStats(0), ...copied(saved.stats) },
  };
}

/** The second schema said when a book was received, and not how late it came. */
function bookFrom(book: VenueBook & { readonly receivedAt?: number }): VenueBook {
  const { receivedAt, ...rest } = book;
  return receivedAt === undefined ? rest : { ...rest, asOf: receivedAt };
}

function tallyFrom(ledger: Desk['ledger']): Tally {
  const tally = newTally(0);
  for (const [venue, accounts] of ledger.venues)
    for (const currency of accounts.keys()) tallyOpening(tally, venue, currency, formatDecimal(balanceOf(ledger, venue, currency)));
  return tally;
}
