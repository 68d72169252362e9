import type { FeeSchedule, MarketVenue, ScoreWeights, SessionConfig, TransferTerms } from '@arb/shared/core';

/** What the strategy needs of a session's configuration; times in µs, as core time is. */
export interface Settings {
  readonly numeraire: string;
  readonly notional: number;
  readonly notionalText: string;
  readonly minEdgeBps: number;
  readonly exitEdgeBps: number;
  /** Null: the way back is not looked at. */
  readonly minRoundTripBps: number | null;
  readonly minStopRoomBps: number;
  readonly premiumMicros: number;
  readonly premiumWarmUpSeconds: number;
  readonly takeProfitBps: number;
  readonly stopLossBps: number;
  readonly abnormalEdgeBps: number;
  readonly maxHoldMicros: number;
  readonly cooldownMicros: number;
  readonly ttlMicros: number;
  readonly refusalMicros: number;
  readonly staleAfterMicros: number;
  readonly feesFrom: 'config' | 'venue';
  readonly feeBps: ReadonlyMap<string, number>;
  readonly feeSchedules: ReadonlyMap<string, FeeSchedule>;
  readonly fxCostBps: number;
  readonly slippageBps: number;
  readonly inventoryCostBps: number;
  readonly weights: ScoreWeights;
  readonly fullEdgeBps: number;
  readonly minScore: number;
  readonly maxOpenTrips: number;
  readonly maxTripsPerCoin: number;
  readonly rebalanceImbalance: number;
  readonly rebalanceExposure: number;
  readonly rebalanceMicros: number;
  readonly transfers: ReadonlyMap<string, TransferTerms>;
  readonly venues: readonly MarketVenue[];
}

export function settingsOf(config: unknown): Settings {
  const { market, aggregator, strategy } = config as SessionConfig;
  for (const { name } of market.venues)
    if (strategy.feeBps[name] === undefined)
      throw new Error(`strategy: expected strategy.feeBps.${name} in the session's configuration, found none`);
  return {
    numeraire: aggregator.numeraire,
    notional: Number(strategy.notional),
    notionalText: strategy.notional,
    minEdgeBps: strategy.minEdgeBps,
    exitEdgeBps: strategy.exitEdgeBps,
    minRoundTripBps: strategy.minRoundTripBps ?? null,
    minStopRoomBps: strategy.minStopRoomBps ?? 0,
    premiumMicros: (strategy.premiumSeconds ?? 0) * 1_000_000,
    premiumWarmUpSeconds: strategy.premiumWarmUpSeconds ?? 0,
    takeProfitBps: strategy.takeProfitBps,
    stopLossBps: strategy.stopLossBps,
    abnormalEdgeBps: strategy.abnormalEdgeBps,
    maxHoldMicros: strategy.maxHoldSeconds * 1_000_000,
    cooldownMicros: strategy.cooldownMs * 1000,
    ttlMicros: strategy.decisionTtlMs * 1000,
    refusalMicros: strategy.refusalMs * 1000,
    staleAfterMicros: aggregator.staleAfterMs * 1000,
    feesFrom: strategy.feesFrom,
    feeBps: new Map(Object.entries(strategy.feeBps)),
    feeSchedules: new Map(Object.entries(strategy.feeSchedules)),
    fxCostBps: strategy.fxCostBps,
    slippageBps: strategy.slippageBps,
    inventoryCostBps: strategy.inventoryCostBps,
    weights: strategy.scoreWeights,
    fullEdgeBps: strategy.fullEdgeBps,
    minScore: strategy.minScore,
    maxOpenTrips: strategy.maxOpenTrips,
    maxTripsPerCoin: strategy.maxTripsPerCoin,
    rebalanceImbalance: strategy.rebalanceImbalance,
    rebalanceExposure: strategy.rebalanceExposure,
    rebalanceMicros: strategy.rebalanceSeconds * 1_000_000,
    transfers: new Map(Object.entries(strategy.transfers)),
    venues: market.venues.map(({ name, quote }) => ({ name, quote })),
  };
}
