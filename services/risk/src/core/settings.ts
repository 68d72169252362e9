import type { RiskConfig, SessionConfig } from '@arb/shared/core';
import { type Decimal, fromNumber, parseDecimal } from '@arb/shared/money';

/** What risk needs of a session's configuration; times in µs, as core time is. Amounts are in `currency`; null is a limit that is off. */
export interface Settings {
  readonly currency: string;
  /** Place of each venue in the configuration: its bit where a set of venues is one number. */
  readonly places: ReadonlyMap<string, number>;
  /** The currency each venue quotes in. */
  readonly quotes: ReadonlyMap<string, string>;
  readonly capital: Decimal | null;
  /** Null: nothing is reduced, only refused. */
  readonly leastNotional: Decimal | null;
  readonly maxPerVenue: Decimal | null;
  readonly maxVenueDailyLoss: Decimal | null;
  readonly degradedShare: Decimal | null;
  readonly maxPerRoute: Decimal | null;
  readonly maxEntriesPerRoute: number | null;
  readonly routeWindowMicros: number;
  readonly maxRouteLossesInRow: number | null;
  readonly routeCooldownMicros: number;
  readonly maxPositionSize: Decimal | null;
  readonly highVolatilityBps: number | null;
  readonly volatilitySampleMicros: number;
  readonly maxTripsPerCoin: number | null;
  readonly maxPerCoin: Decimal;
  readonly maxAllocation: Decimal | null;
  readonly maxCoinLossesInRow: number | null;
  readonly coinCooldownMicros: number;
  readonly maxCoinDailyLoss: Decimal | null;
  readonly breakerMoveBps: number | null;
  readonly breakerMicros: number;
  readonly maxExposure: Decimal;
  readonly maxDailyLoss: Decimal | null;
  readonly dayBoundary: 'UTC' | 'KST';
  readonly maxDrawdown: Decimal | null;
  readonly emergencyStop: Decimal | null;
  readonly maxCashImbalance: number | null;
  readonly maxPerVenuePair: Decimal | null;
  readonly maxDirectionalBias: Decimal | null;
  readonly maxInventoryImbalance: number | null;
  readonly maxLossesInRow: number | null;
  readonly lossBreakerMicros: number;
  readonly staleFxMicros: number;
  readonly enterOnStandInFx: boolean;
  readonly maxJournalLagMicros: number;
  readonly maxStreamFill: number;
}

/** How long what has no limit of its own would last: it is never asked for then. */
const MINUTE_MS = 60_000;
const MOST_FILL = 0.8;

export function settingsOf(config: unknown): Settings {
  const { market, risk } = config as SessionConfig;
  return {
    currency: risk.currency,
    places: new Map(market.venues.map(({ name }, place) => [name, place])),
    quotes: new Map(market.venues.map(({ name, quote }) => [name, quote])),
    ...limitsOf(risk),
  };
}

function limitsOf(risk: RiskConfig): Omit<Settings, 'currency' | 'places' | 'quotes'> {
  const amount = (text: string | undefined): Decimal | null => (text === undefined ? null : parseDecimal(text));
  const part = (value: number | undefined): Decimal | null => (value === undefined ? null : fromNumber(value));
  const micros = (ms: number | undefined): number => (ms ?? MINUTE_MS) * 1000;
  return {
    capital: amount(risk.capital),
    leastNotional: amount(risk.leastNotional),
    maxPerVenue: amount(risk.maxPerVenue),
    maxVenueDailyLoss: amount(risk.maxVenueDailyLoss),
    degradedShare: part(risk.degradedShare),
    maxPerRoute: amount(risk.maxPerRoute),
    maxEntriesPerRoute: risk.maxEntriesPerRoute ?? null,
    routeWindowMicros: micros(risk.routeWindowMs),
    maxRouteLossesInRow: risk.maxRouteLossesInRow ?? null,
    routeCooldownMicros: micros(risk.routeCooldownMs),
    maxPositionSize: amount(risk.maxPositionSize),
    highVolatilityBps: risk.highVolatilityBps ?? null,
    volatilitySampleMicros: micros(risk.volatilitySampleMs),
    maxTripsPerCoin: risk.maxTripsPerCoin ?? null,
    maxPerCoin: parseDecimal(risk.maxPerCoin),
    maxAllocation: part(risk.maxAllocation),
    maxCoinLossesInRow: risk.maxCoinLossesInRow ?? null,
    coinCooldownMicros: micros(risk.coinCooldownMs),
    maxCoinDailyLoss: amount(risk.maxCoinDailyLoss),
    breakerMoveBps: risk.breakerMoveBps ?? null,
    breakerMicros: micros(risk.breakerMs),
    maxExposure: parseDecimal(risk.maxExposure),
    maxDailyLoss: amount(risk.maxDailyLoss),
    dayBoundary: risk.dayBoundary ?? 'UTC',
    maxDrawdown: amount(risk.maxDrawdown),
    emergencyStop: amount(risk.emergencyStop),
    maxCashImbalance: risk.maxCashImbalance ?? null,
    maxPerVenuePair: amount(risk.maxPerVenuePair),
    maxDirectionalBias: part(risk.maxDirectionalBias),
    maxInventoryImbalance: risk.maxInventoryImbalance ?? null,
    maxLossesInRow: risk.maxLossesInRow ?? null,
    lossBreakerMicros: micros(risk.lossBreakerMs),
    staleFxMicros: risk.staleFxMs * 1000,
    enterOnStandInFx: risk.enterOnStandInFx ?? false,
    maxJournalLagMicros: risk.maxJournalLagMs * 1000,
    maxStreamFill: risk.maxStreamFill ?? MOST_FILL,
  };
}
