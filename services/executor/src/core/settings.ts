import type { Calibration, ExecutorConfig, LatencyRange, SessionConfig } from '@arb/shared/core';
import { type Decimal, divide, fromNumber, parseDecimal } from '@arb/shared/money';
import type { FeeSchedule, VenueFees } from './fees.ts';

/** What a paper venue does to an order. */
export interface VenueTerms {
  readonly latency: LatencyRange;
  /** Taken in the quote currency. */
  readonly fees: VenueFees;
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
  /** What a round trip may lose before it is stopped, as a fraction: one R. Null where nothing stops it. */
  readonly stopLoss: Decimal | null;
}

const BPS = fromNumber(10_000);

/** Of sessions that were recorded before these could be set. */
const UNSAID = {
  timeInForce: 'IOC',
  sendErrorRate: 0,
  unmatched: { policy: 'reverse', priceLimitBps: 500, timeLimitMs: 5000, pauseMs: 1000 },
  kpiSeconds: 10,
} as const;

/** What other sections may say that paper venues go by. */
interface Elsewhere {
  readonly strategy: {
    readonly feesFrom?: 'config' | 'venue';
    readonly feeSchedules?: Readonly<Record<string, FeeSchedule>>;
    readonly stopLossBps?: number;
  };
  readonly risk: { readonly dayBoundary?: 'UTC' | 'KST' };
}

/** Midnight in Seoul, after midnight UTC. */
const KST_MICROS = 15 * 3_600_000_000;

export function settingsOf(config: unknown): Settings {
  const { market, aggregator, strategy, risk, executor: said } = config as SessionConfig & Elsewhere;
  const executor: ExecutorConfig = { ...UNSAID, ...said };
  const venues = new Map<string, VenueTerms>();
  const opening: [string, string, Decimal][] = [];
  for (const { name } of market.venues) {
    const latency = executor.latencyMs[name];
    const feeBps = strategy.feeBps[name];
    if (latency === undefined || feeBps === undefined)
      throw new Error(`executor: expected executor.latencyMs.${name} and strategy.feeBps.${name} in the session's configuration`);
    venues.set(name, {
      latency,
      fees: { bps: feeBps, schedule: strategy.feeSchedules?.[name] ?? null, asSaid: strategy.feesFrom === 'venue' },
    });
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
    dayStartsAtMicros: risk.dayBoundary === 'KST' ? KST_MICROS : 0,
    stopLoss: strategy.stopLossBps === undefined || strategy.stopLossBps <= 0 ? null : divide(fromNumber(strategy.stopLossBps), BPS, 12),
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
