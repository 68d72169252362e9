import type { SessionConfig } from '@arb/shared/core';
import { type Money, money } from '@arb/shared/money';

/** What risk needs of a session's configuration; times in µs, as core time is. */
export interface Settings {
  readonly currency: string;
  readonly maxExposure: Money;
  readonly maxPerCoin: Money;
  readonly maxJournalLagMicros: number;
  readonly staleFxMicros: number;
}

export function settingsOf(config: unknown): Settings {
  const { risk } = config as SessionConfig;
  return {
    currency: risk.currency,
    maxExposure: money(risk.maxExposure, risk.currency),
    maxPerCoin: money(risk.maxPerCoin, risk.currency),
    maxJournalLagMicros: risk.maxJournalLagMs * 1000,
    staleFxMicros: risk.staleFxMs * 1000,
  };
}
