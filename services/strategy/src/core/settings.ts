import type { SessionConfig } from '@arb/shared/core';

/** What the strategy needs of a session's configuration; times in µs, as core time is. */
export interface Settings {
  readonly numeraire: string;
  readonly notional: number;
  readonly notionalText: string;
  readonly minEdgeBps: number;
  readonly exitEdgeBps: number;
  readonly abnormalEdgeBps: number;
  readonly maxHoldMicros: number;
  readonly cooldownMicros: number;
  readonly ttlMicros: number;
  readonly feeBps: ReadonlyMap<string, number>;
  /** The currency each venue quotes in. */
  readonly quotes: ReadonlyMap<string, string>;
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
    abnormalEdgeBps: strategy.abnormalEdgeBps,
    maxHoldMicros: strategy.maxHoldSeconds * 1_000_000,
    cooldownMicros: strategy.cooldownMs * 1000,
    ttlMicros: strategy.decisionTtlMs * 1000,
    feeBps: new Map(Object.entries(strategy.feeBps)),
    quotes: new Map(market.venues.map(({ name, quote }) => [name, quote])),
  };
}
