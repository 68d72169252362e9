import type { MarketVenue, SessionConfig } from '@arb/shared/core';

/** What the aggregator needs of a session's configuration; times in µs, as core time is. */
export interface Settings {
  readonly numeraire: string;
  readonly staleAfterMicros: number;
  readonly staleRateMicros: number;
  readonly levels: number;
  /** Size that is meant to be traded, in the numeraire: of each venue at least this depth is shown where there is room. */
  readonly notional: number;
  readonly venues: readonly MarketVenue[];
}

/** What an l2 may hold a side. */
const MOST_LEVELS = 20;

export function settingsOf(config: unknown): Settings {
  const { market, aggregator, strategy } = config as SessionConfig;
  return {
    numeraire: aggregator.numeraire,
    staleAfterMicros: aggregator.staleAfterMs * 1000,
    staleRateMicros: aggregator.staleRateMs * 1000,
    levels: Math.min(aggregator.levels, MOST_LEVELS),
    notional: Number(strategy.notional),
    venues: market.venues.map(({ name, quote }) => ({ name, quote })),
  };
}
