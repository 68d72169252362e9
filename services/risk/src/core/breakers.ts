import { compare, type Decimal } from '@arb/shared/money';
import { asNumber } from './as-number.ts';
import { endOfDay } from './day.ts';
import { drawdown, type Losses, lossOfDay } from './losses.ts';
import type { Latch, Mode, ModeState, Tier } from './mode.ts';
import type { Settings } from './settings.ts';

interface Breaker {
  readonly rule: string;
  readonly tier: Tier;
  readonly mode: Mode;
  /** Limit and value once the limit is reached, else null. */
  readonly tripped: (losses: Losses, settings: Settings) => { limit: number; value: number } | null;
  readonly until: (now: number, settings: Settings) => number | null;
}

/** What changes the mode of trading by itself. Looked at when a round trip has ended: nothing else moves a loss. */
export const BREAKERS: readonly Breaker[] = [
  {
    rule: 'emergency-stop',
    tier: 'portfolio',
    mode: 'HALTED',
    tripped: (losses, { emergencyStop }) => reached(emergencyStop, lossOfDay(losses)) ?? reached(emergencyStop, drawdown(losses)),
    until: () => null,
  },
  {
    rule: 'daily-loss',
    tier: 'portfolio',
    mode: 'REDUCE_ONLY',
    tripped: (losses, { maxDailyLoss }) => reached(maxDailyLoss, lossOfDay(losses)),
    until: (now, { dayBoundary }) => endOfDay(now, dayBoundary),
  },
  {
    rule: 'drawdown',
    tier: 'portfolio',
    mode: 'REDUCE_ONLY',
    tripped: (losses, { maxDrawdown }) => reached(maxDrawdown, drawdown(losses)),
    until: () => null,
  },
  {
    rule: 'losses-in-row',
    tier: 'cross',
    mode: 'REDUCE_ONLY',
    tripped: ({ streak }, { maxLossesInRow }) =>
      maxLossesInRow === null || streak < maxLossesInRow ? null : { limit: maxLossesInRow, value: streak },
    until: (now, { lossBreakerMicros }) => now + lossBreakerMicros,
  },
];

/** True where one tripped that was not tripped before. */
export function trip(mode: ModeState, losses: Losses, settings: Settings, now: number): boolean {
  let any = false;
  for (const { rule, tier, mode: chosen, tripped, until } of BREAKERS) {
    if (mode.latches.has(rule)) continue;
    const found = tripped(losses, settings);
    if (found === null) continue;
    const latch: Latch = { rule, tier, mode: chosen, ...found, until: until(now, settings) };
    mode.latches.set(rule, latch);
    // The next losses in a row count from one again, or the first after its end would trip it at once.
    if (rule === 'losses-in-row') losses.streak = 0;
    any = true;
  }
  return any;
}

function reached(limit: Decimal | null, value: Decimal): { limit: number; value: number } | null {
  return limit === null || compare(value, limit) < 0 ? null : { limit: asNumber(limit), value: asNumber(value) };
}
