import type { AlertingConfig } from './alerting.ts';

/**
 * What a session runs on: it stands in `session.started`, and a core knows no other configuration. Plain data only;
 * money is a decimal string. How it is read, checked and described stands in `config/`.
 */
export interface SessionConfig {
  readonly market: MarketConfig;
  readonly aggregator: AggregatorConfig;
  readonly strategy: StrategyConfig;
  readonly risk: RiskConfig;
  readonly executor: ExecutorConfig;
  readonly alerting: AlertingConfig;
  readonly journal: JournalConfig;
}

/** One value for each venue of `market.venues`, by its name. */
export type PerVenue<T> = Readonly<Record<string, T>>;

export interface MarketVenue {
  readonly name: string;
  /** The currency its coins are quoted in. */
  readonly quote: string;
}

export interface MarketConfig {
  readonly source: 'simulated' | 'live' | 'recording';
  readonly coins: readonly string[];
  readonly venues: readonly MarketVenue[];
  /** Of the simulated source, over all venues and coins. */
  readonly booksPerSecond: number;
  /** Levels a side that a book keeps. */
  readonly depth: number;
  readonly seed: string;
}

export interface AggregatorConfig {
  readonly numeraire: string;
  readonly staleAfterMs: number;
  readonly levels: number;
}

export interface StrategyConfig {
  readonly minEdgeBps: number;
  readonly exitEdgeBps: number;
  readonly maxHoldSeconds: number;
  /** In the numeraire. */
  readonly notional: string;
  readonly feeBps: PerVenue<number>;
  readonly cooldownMs: number;
  readonly abnormalEdgeBps: number;
  readonly decisionTtlMs: number;
}

export interface RiskConfig {
  readonly maxExposure: string;
  readonly maxPerCoin: string;
  /** The currency of both limits. */
  readonly currency: string;
  readonly maxJournalLagMs: number;
  readonly staleFxMs: number;
}

export interface LatencyRange {
  readonly min: number;
  readonly max: number;
}

export interface ExecutorConfig {
  readonly fillModel: 'simple' | 'depth' | 'calibrated' | 'queue';
  readonly latencyMs: PerVenue<LatencyRange>;
  /** What each venue holds at the start, by currency or coin. */
  readonly openingBalances: PerVenue<Readonly<Record<string, string>>>;
}

export interface JournalConfig {
  readonly clockMs: number;
  readonly batchRows: number;
  readonly batchMs: number;
  readonly committedMs: number;
  readonly streamMaxBytes: number;
  readonly trimSeconds: number;
  readonly retentionDays: number;
  readonly minFreeDiskMb: number;
}
