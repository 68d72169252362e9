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
  /** What follows is missing in sessions that began before there was such a setting. */
  readonly trades?: boolean;
  readonly universe?: 'SINGLE' | 'FIXED_LIST' | 'TOP_N' | 'FULL_MARKET';
  readonly topN?: number;
  /** Of a day, over all venues, in the numeraire. */
  readonly leastVolume?: number;
  readonly whitelist?: readonly string[] | null;
  readonly blacklist?: readonly string[] | null;
  readonly universeSeconds?: number;
  /** By venue: its ticker → the canonical name of the coin. */
  readonly coinNames?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly statusSeconds?: number;
  readonly bankSeconds?: number;
  readonly staticRates?: Readonly<Record<string, number>>;
  /** By venue: its files, one stream in this order. */
  readonly recordings?: Readonly<Record<string, readonly string[]>>;
  readonly recordingSpeed?: 'recorded' | 'max';
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

export type AlertingConfig = Readonly<Record<never, never>>;

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
