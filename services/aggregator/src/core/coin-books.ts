import type { DataOf } from '@arb/shared/contracts';
import { type Side, sideOf, type VenueLevel } from './merge.ts';
import type { Conversion } from './rates.ts';
import type { Settings } from './settings.ts';

/** A venue's newest book of one coin, as deep as it can ever be shown. */
export interface HeldBook {
  readonly position: number;
  readonly epoch: number;
  /** When it was received, less how late it came. */
  readonly asOf: number;
  readonly backup: boolean;
  readonly bids: readonly VenueLevel[];
  readonly asks: readonly VenueLevel[];
}

export type VenueState = DataOf<'l2'>['venues'][number]['state'];

export interface Statistics {
  aggregations: number;
  allActive: number;
  someActive: number;
  noneActive: number;
}

export interface CoinBooks {
  /** By the venue's place in the configuration. */
  readonly books: (HeldBook | null)[];
  /** As the last l2 said, to see when a venue has gone stale since. */
  readonly shown: VenueState[];
  readonly statistics: Statistics;
  statisticsAt: number;
  /** When it is next looked for a venue that has gone stale; 0 for never. */
  checkAt: number;
}

export function newCoinBooks(venues: number): CoinBooks {
  return {
    books: Array.from({ length: venues }, () => null),
    shown: Array.from({ length: venues }, () => 'absent'),
    statistics: { aggregations: 0, allActive: 0, someActive: 0, noneActive: 0 },
    statisticsAt: 0,
    checkAt: 0,
  };
}

/** The last moment at which a venue's book may be traded on, as far as ages go. */
export function freshUntil(book: HeldBook, conversion: Conversion, settings: Settings): number {
  return Math.min(book.asOf + settings.staleAfterMicros, conversion.at + settings.staleRateMicros);
}

/**
 * Without a book or a rate it has no place, and a book without a level is one that was taken back; with an old book, or
 * one that was only asked for, it has no say.
 */
export function stateOf(book: HeldBook | null, conversion: Conversion | null, settings: Settings, now: number): VenueState {
  if (book === null || conversion === null || now > conversion.at + settings.staleRateMicros) return 'absent';
  if (book.bids.length === 0 && book.asks.length === 0) return 'absent';
  return book.backup || now > book.asOf + settings.staleAfterMicros ? 'stale' : 'fresh';
}

/** Both sides of one book at one rate. Follows from the book and the rate alone, so it is no part of the state. */
export interface Prepared {
  readonly rate: number;
  readonly bids: Side;
  readonly asks: Side;
}

/** Room beyond the intended size: books move on, and the other leg may cost a little more. */
const DEPTH_ROOM = 1.25;

export function prepare(place: number, book: HeldBook, rate: number, { notional }: Settings): Prepared {
  const depth = notional * DEPTH_ROOM;
  return { rate, bids: sideOf(place, book.bids, rate, depth), asks: sideOf(place, book.asks, rate, depth) };
}
