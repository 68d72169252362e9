import type { LatencyRange, SessionConfig } from '@arb/shared/core';
import { type Decimal, divide, fromNumber, parseDecimal } from '@arb/shared/money';

/** What a paper venue does to an order. */
export interface VenueTerms {
  readonly latency: LatencyRange;
  /** Of the value, as a fraction: 0.0005 for 5 bps. Taken in the quote currency. */
  readonly feeRate: Decimal;
}

export interface Settings {
  /** PnL is told in it. */
  readonly numeraire: string;
  readonly venues: ReadonlyMap<string, VenueTerms>;
  readonly opening: readonly (readonly [venue: string, currency: string, amount: Decimal])[];
}

const BPS = fromNumber(10_000);

export function settingsOf(config: unknown): Settings {
  const { market, aggregator, strategy, executor } = config as SessionConfig;
  if (executor.fillModel !== 'depth')
    throw new Error(`executor: expected executor.fillModel depth, found ${executor.fillModel}; this version has no other model`);
  const venues = new Map<string, VenueTerms>();
  const opening: [string, string, Decimal][] = [];
  for (const { name } of market.venues) {
    const latency = executor.latencyMs[name];
    const feeBps = strategy.feeBps[name];
    if (latency === undefined || feeBps === undefined)
      throw new Error(`executor: expected executor.latencyMs.${name} and strategy.feeBps.${name} in the session's configuration`);
    venues.set(name, { latency, feeRate: divide(fromNumber(feeBps), BPS, 12) });
    for (const [currency, amount] of Object.entries(executor.openingBalances[name] ?? {}))
      opening.push([name, currency, parseDecimal(amount)]);
  }
  return { numeraire: aggregator.numeraire, venues, opening };
}
