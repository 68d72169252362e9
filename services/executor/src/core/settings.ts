import type { Calibration, ExecutorConfig, LatencyRange, SessionConfig } from '@arb/shared/core';
import { type Decimal, divide, fromNumber, parseDecimal } from '@arb/shared/money';

/** What a paper venue does to an order. */
export interface VenueTerms {
  readonly latency: LatencyRange;
  /** Of the value, as a fraction: 0.0005 for 5 bps. Taken in the quote currency; what the venue itself says goes before it. */
  readonly feeRate: Decimal;
}

export interface Unmatched {
  readonly policy: 'cancel' | 'reverse' | 'proceed';
  /** As a fraction of the price. */
  readonly priceLimit: Decimal;
  readonly timeLimitMicros: number;
  readonly pauseMicros: number;
}

export type FillModel =
  | { readonly name: 'simple' }
  | { readonly name: 'depth' }
  | { readonly name: 'calibrated'; readonly calibration: Calibration };

export interface Settings {
  /** PnL is told in it. */
  readonly numeraire: string;
  readonly venues: ReadonlyMap<string, VenueTerms>;
  readonly opening: readonly (readonly [venue: string, currency: string, amount: Decimal])[];
  readonly model: FillModel;
  readonly allOrNothing: boolean;
  readonly sendErrorRate: number;
  readonly unmatched: Unmatched;
  /** Age from which nothing fills on a book. */
  readonly staleMicros: number;
  readonly kpiMicros: number;
  readonly dayStartsAtMicros: number;
}

const BPS = fromNumber(10_000);

/** Of sessions that were recorded before these could be set. */
const UNSAID = {
  timeInForce: 'IOC',
  sendErrorRate: 0,
  unmatched: { policy: 'reverse', priceLimitBps: 500, timeLimitMs: 5000, pauseMs: 1000 },
  kpiSeconds: 10,
  dayStartsAtMinute: 0,
} as const;

export function settingsOf(config: unknown): Settings {
  const { market, aggregator, strategy, executor: said } = config as SessionConfig;
  const executor: ExecutorConfig = { ...UNSAID, ...said };
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
  const { policy, priceLimitBps, timeLimitMs, pauseMs } = executor.unmatched;
  return {
    numeraire: aggregator.numeraire,
    venues,
    opening,
    model: modelOf(executor),
    allOrNothing: executor.timeInForce === 'FOK',
    sendErrorRate: executor.sendErrorRate,
    unmatched: {
      policy,
      priceLimit: divide(fromNumber(priceLimitBps), BPS, 12),
      timeLimitMicros: timeLimitMs * 1000,
      pauseMicros: pauseMs * 1000,
    },
    staleMicros: aggregator.staleAfterMs * 1000,
    kpiMicros: executor.kpiSeconds * 1_000_000,
    dayStartsAtMicros: executor.dayStartsAtMinute * 60_000_000,
  };
}

function modelOf({ fillModel, calibration }: ExecutorConfig): FillModel {
  if (fillModel === 'queue')
    throw new Error(
      'executor: executor.fillModel queue is not offered, because paper orders never rest; choose depth, simple or calibrated',
    );
  if (fillModel === 'calibrated') return { name: fillModel, calibration };
  return { name: fillModel };
}
