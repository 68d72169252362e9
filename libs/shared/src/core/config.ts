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

/**
 * How much of an order the calibrated fill model lets fill, by zone. The bounds of each measure part it into zones, one more
 * than there are bounds; `ratios` has one for each combination: edge first, then size, then volatility the fastest.
 */
export interface Calibration {
  readonly version: number;
  readonly edgeBps: readonly number[];
  /** What the order wants, as a part of what the book offers within its limit. */
  readonly size: readonly number[];
  /** Mean move of the mid price from book to book. */
  readonly volatilityBps: readonly number[];
  readonly ratios: readonly number[];
}

/** What becomes of the part of one leg that the other leg did not match. */
export interface UnmatchedConfig {
  readonly policy: 'cancel' | 'reverse' | 'proceed';
  /** How far from the best price at sending the policy's orders may go. */
  readonly priceLimitBps: number;
  readonly timeLimitMs: number;
  /** Between two tries. */
  readonly pauseMs: number;
}

export interface ExecutorConfig {
  readonly fillModel: 'simple' | 'depth' | 'calibrated' | 'queue';
  readonly calibration: Calibration;
  readonly timeInForce: 'IOC' | 'FOK';
  readonly latencyMs: PerVenue<LatencyRange>;
  /** Of all orders, how many a venue does not take: drawn, as latencies are. */
  readonly sendErrorRate: number;
  readonly unmatched: UnmatchedConfig;
  /** What each venue holds at the start, by currency or coin. */
  readonly openingBalances: PerVenue<Readonly<Record<string, string>>>;
  readonly kpiSeconds: number;
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
