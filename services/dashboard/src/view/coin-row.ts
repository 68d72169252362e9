import type { StreamEvent } from '@arb/shared/contracts';

export interface VenueQuote {
  readonly venue: string;
  readonly state: 'fresh' | 'stale' | 'absent';
  /** Of the venue's book when the merged book was made. */
  readonly ageMs: number | null;
  /** Best prices in the numeraire; null where the venue has no level in the merged book. */
  readonly bid: number | null;
  readonly ask: number | null;
}

/** One line of the table of coins. */
export interface CoinRow {
  readonly coin: string;
  readonly numeraire: string;
  readonly position: number;
  readonly at: number;
  readonly venues: readonly VenueQuote[];
  /** The best bid of all venues under the best ask of all: below zero, one venue pays more than another asks. */
  readonly spreadBps: number | null;
}

type Level = StreamEvent<'l2'>['data']['bids'][number];

export function coinRow({ data, position, at }: StreamEvent<'l2'>): CoinRow {
  const best = (levels: readonly Level[], venue: number): number | null => levels.find((level) => level[2] === venue)?.[0] ?? null;
  const bid = data.bids[0]?.[0];
  const ask = data.asks[0]?.[0];
  return {
    coin: data.coin,
    numeraire: data.numeraire,
    position,
    at,
    // Levels are best first, so a venue's first level is its best.
    venues: data.venues.map(({ venue, state, ageMs }, i) => ({ venue, state, ageMs, bid: best(data.bids, i), ask: best(data.asks, i) })),
    spreadBps: bid === undefined || ask === undefined ? null : Math.round((ask - bid) * (200_000_000 / (ask + bid))) / 10_000,
  };
}
