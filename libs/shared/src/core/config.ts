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
  readonly staleRateMs: number;
  readonly levels: number;
}

export interface FeeTier {
  /** Traded at the venue from which it holds, in the numeraire. */
  readonly from: string;
  readonly makerBps: number;
  readonly takerBps: number;
}

/** What a venue charges an account, where one number for all is not enough. */
export interface FeeSchedule {
  /** Traded there before the session, in the numeraire: decides the tier together with what the session adds. */
  readonly volume: string;
  readonly tiers: readonly FeeTier[];
  /** Part of the fee that is charged where a pair is quoted in this currency: 0.75 with a discount of a quarter. */
  readonly quotes: Readonly<Record<string, number>>;
}

export interface TransferTerms {
  readonly seconds: number;
  /** In the currency that is sent. */
  readonly fee: string;
  readonly minimum: string;
}

export interface ScoreWeights {
  readonly spread: number;
  readonly health: number;
  readonly fees: number;
  readonly inventory: number;
}

export interface StrategyConfig {
  readonly minEdgeBps: number;
  readonly exitEdgeBps: number;
  /** Missing in sessions that began before there was such a setting: the way back is not looked at then. */
  readonly minRoundTripBps?: number;
  readonly minStopRoomBps?: number;
  readonly premiumSeconds?: number;
  readonly premiumWarmUpSeconds?: number;
  readonly takeProfitBps: number;
  readonly stopLossBps: number;
  readonly maxHoldSeconds: number;
  /** In the numeraire. */
  readonly notional: string;
  readonly feeBps: PerVenue<number>;
  readonly feesFrom: 'config' | 'venue';
  readonly feeSchedules: Readonly<Record<string, FeeSchedule>>;
  readonly fxCostBps: number;
  readonly slippageBps: number;
  readonly inventoryCostBps: number;
  readonly scoreWeights: ScoreWeights;
  readonly fullEdgeBps: number;
  readonly minScore: number;
  readonly maxOpenTrips: number;
  readonly maxTripsPerCoin: number;
  readonly cooldownMs: number;
  readonly abnormalEdgeBps: number;
  readonly decisionTtlMs: number;
  readonly refusalMs: number;
  readonly rebalanceImbalance: number;
  readonly rebalanceExposure: number;
  readonly rebalanceSeconds: number;
  readonly transfers: Readonly<Record<string, TransferTerms>>;
}

/**
 * The limits of trading. A limit that is missing is off: a session that was recorded before a limit existed ran without it,
 * and is replayed without it. What is loaded from files has them all.
 */
export interface RiskConfig {
  /** The currency of all amounts here. */
  readonly currency: string;
  readonly maxExposure: string;
  readonly maxPerCoin: string;
  readonly maxJournalLagMs: number;
  readonly staleFxMs: number;
  readonly enterOnStandInFx?: boolean;
  /** Below it nothing is entered; without it nothing is reduced, only refused. */
  readonly leastNotional?: string;
  readonly capital?: string;
  readonly maxPerVenue?: string;
  readonly maxVenueDailyLoss?: string;
  readonly degradedShare?: number;
  readonly maxPerRoute?: string;
  readonly maxEntriesPerRoute?: number;
  readonly routeWindowMs?: number;
  readonly maxRouteLossesInRow?: number;
  readonly routeCooldownMs?: number;
  readonly maxPositionSize?: string;
  readonly highVolatilityBps?: number;
  readonly volatilitySampleMs?: number;
  readonly maxTripsPerCoin?: number;
  readonly maxAllocation?: number;
  readonly maxCoinLossesInRow?: number;
  readonly coinCooldownMs?: number;
  readonly maxCoinDailyLoss?: string;
  readonly breakerMoveBps?: number;
  readonly breakerMs?: number;
  readonly maxDailyLoss?: string;
  readonly dayBoundary?: 'UTC' | 'KST';
  readonly maxDrawdown?: string;
  readonly emergencyStop?: string;
  readonly maxCashImbalance?: number;
  readonly maxPerVenuePair?: string;
  readonly maxDirectionalBias?: number;
  readonly maxInventoryImbalance?: number;
  readonly maxLossesInRow?: number;
  readonly lossBreakerMs?: number;
  readonly maxStreamFill?: number;
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
