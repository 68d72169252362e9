import type { DataOf } from '@arb/shared/contracts';
import { type Decimal, formatDecimal } from '@arb/shared/money';
import { asNumber } from './as-number.ts';
import { equity } from './equity.ts';
import type { Facts } from './facts.ts';
import { journalLagMs } from './lag.ts';
import { drawdown } from './losses.ts';
import { effective } from './mode.ts';
import type { Settings } from './settings.ts';

type Guard = DataOf<'guard'>;

/** As many as the event may hold; `numbers.closed` says how many there are. */
const MOST_SHOWN = 200;
const MOST_COUNTED = 100;

export function guardOf(facts: Facts, settings: Settings, now: number): Guard {
  const { exposures, losses, counters } = facts;
  const { mode, rule, why } = effective(facts.mode);
  const money = (amount: Decimal) => ({ amount: formatDecimal(amount), currency: settings.currency });
  const closed = closedNow(facts);
  return {
    mode,
    rule,
    why,
    closed: closed.slice(0, MOST_SHOWN),
    exposure: money(exposures.total),
    dailyPnl: money(losses.daily),
    equity: money(equity(settings, losses.total)),
    drawdown: money(drawdown(losses)),
    numbers: {
      trips: exposures.trips.size,
      closed: closed.length,
      fill: facts.fill,
      journalLagMs: journalLagMs(facts, now),
      lossesInRow: losses.streak,
      unknownResults: losses.unknown,
      allowed: counters.outcomes.ALLOW,
      reduced: counters.outcomes.REDUCE,
      cooledDown: counters.outcomes.COOLDOWN,
      blocked: counters.outcomes.BLOCK,
      maxExposure: asNumber(settings.maxExposure),
      maxDailyLoss: numberOf(settings.maxDailyLoss),
      maxDrawdown: numberOf(settings.maxDrawdown),
      emergencyStop: numberOf(settings.emergencyStop),
      maxLossesInRow: settings.maxLossesInRow,
    },
    counters: [...counters.rules].slice(0, MOST_COUNTED).map(([name, { first, final }]) => ({ rule: name, first, final })),
  };
}

function numberOf(limit: Decimal | null): number | null {
  return limit === null ? null : asNumber(limit);
}

/** Breakers of the mode, what people paused, and what rests, in this order. */
function closedNow({ mode, paused, closures }: Facts): Guard['closed'] {
  return [
    ...[...mode.latches.values()].map(({ rule, until }) => ({ what: 'all', rule, until })),
    ...[...paused].map((what) => ({ what, rule: 'paused', until: null })),
    ...[...closures.values()].map(({ what, rule, until }) => ({ what, rule, until })),
  ];
}
