import type { MarketVenue, SessionConfig } from '@arb/shared/core';

/** What the aggregator needs of a session's configuration. */
export interface Settings {
  readonly numeraire: string;
  readonly staleAfterMicros: number;
  readonly levels: number;
  readonly venues: readonly MarketVenue[];
}

/** What an l2 may hold a side. */
const MOST_LEVELS = 20;

export function settingsOf(config: unknown): Settings {
  const { market, aggregator } = config as SessionConfig;
  return {
    numeraire: aggregator.numeraire,
    staleAfterMicros: aggregator.staleAfterMs * 1000,
    levels: Math.min(aggregator.levels, MOST_LEVELS),
    venues: market.venues.map(({ name, quote }) => ({ name, quote })),
  };
}
