import type { DataOf } from '@arb/shared/contracts';
import { add, parseDecimal, ZERO } from '@arb/shared/money';
import { asNumber } from './as-number.ts';
import { volatilityBps } from './coin-watch.ts';
import { heldIn } from './exposure.ts';
import type { Facts } from './facts.ts';
import { rateOf } from './imbalance.ts';
import { journalLagMs, oldestRateMs } from './lag.ts';
import { drawdown } from './losses.ts';
import { directionName, routeName } from './route.ts';
import type { Decision, Entry } from './rules/index.ts';
import type { Settings } from './settings.ts';
import type { Trigger, Weighed } from './weigh.ts';

type Verdict = DataOf<'verdict'>;

/** Null without a route: it cannot be told where it would be exposed. */
export function entryOf(decision: Decision, { currency }: Settings, now: number): Entry | null {
  if (decision.route === null) return null;
  const { coin, notional } = decision;
  const route = { coin, buy: decision.route.buy, sell: decision.route.sell };
  const asked = notional === null || notional.currency !== currency ? null : parseDecimal(notional.amount);
  const { buy, sell } = route;
  return {
    coin,
    buy,
    sell,
    decision,
    asked,
    routeName: routeName(route),
    there: directionName(buy, sell),
    back: directionName(sell, buy),
    now,
  };
}

export function verdictOf(decision: Decision, weighed: Weighed, numbers: Verdict['numbers']): Verdict {
  const { outcome, first, deciding } = weighed;
  return {
    outcome,
    trip: decision.trip,
    coin: decision.coin,
    decision: weighed.decision,
    firstRule: first?.rule ?? null,
    rule: deciding?.rule ?? null,
    tier: deciding?.tier ?? null,
    limit: deciding?.finding.limit ?? null,
    value: deciding?.finding.value ?? null,
    numbers,
  };
}

export function refusal(rule: string, tier: Trigger['tier']): Weighed {
  const trigger: Trigger = { rule, tier, finding: { outcome: 'BLOCK', limit: null, value: null } };
  return { outcome: 'BLOCK', first: trigger, deciding: trigger, decision: null, granted: null };
}

/** What the rules saw, with the entry in it: for `why`, and for whoever wants to know how near the other limits were. */
export function numbersOf(entry: Entry, facts: Facts, { currency }: Settings, { granted }: Weighed): Verdict['numbers'] {
  const { exposures, losses } = facts;
  const asked = entry.asked ?? ZERO;
  const numbers: Record<string, number | null> = {
    asked: asNumber(asked),
    granted: granted === null ? 0 : asNumber(granted),
    exposure: asNumber(add(exposures.total, asked)),
    coinExposure: asNumber(add(heldIn(exposures.coins, entry.coin), asked)),
    trips: exposures.trips.size,
    dailyPnl: asNumber(losses.daily),
    drawdown: asNumber(drawdown(losses)),
    lossesInRow: losses.streak,
    volatilityBps: volatilityBps(facts.coins.get(entry.coin)),
    fill: facts.fill,
    journalLagMs: journalLagMs(facts, entry.now),
    fxAgeMs: oldestRateMs(entry.decision, facts, currency, entry.now),
  };
  for (const { symbol } of entry.decision.legs) {
    const quote = symbol.slice(symbol.indexOf('-') + 1);
    if (quote !== currency) numbers[`rate ${quote}-${currency}`] = rateOf(quote, facts, currency);
  }
  return numbers;
}
