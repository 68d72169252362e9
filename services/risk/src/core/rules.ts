import type { DataOf } from '@arb/shared/contracts';
import { addMoney, compareMoney, type Money, money, parseMoney, toNumber, ZERO } from '@arb/shared/money';
import { exposure, holdsOtherCurrency, MOST_TRIPS, type Reservations } from './exposure.ts';
import type { Mode } from './mode.ts';
import type { Settings } from './settings.ts';

export type Decision = DataOf<'decision'>;
type Tier = NonNullable<DataOf<'verdict'>['tier']>;

export interface Trigger {
  readonly tier: Tier;
  readonly rule: string;
  readonly limit: number | null;
  readonly value: number | null;
}

/** The facts that the rules look at. */
export interface Facts {
  readonly mode: Mode;
  /** Of the stream, 0 to 1. */
  readonly fill: number;
  /** `at` of the last committed event; null before the first. */
  readonly committedAt: number | null;
  /** When each pair's rate was last said. */
  readonly rates: ReadonlyMap<string, number>;
  readonly health: ReadonlyMap<string, DataOf<'health'>['state']>;
  readonly reservations: Reservations;
}

/** From here on the stream takes no entries, so that exits and unwinds still have room. */
const MOST_FILL = 0.8;

export interface Weighed {
  readonly trigger: Trigger | null;
  readonly numbers: DataOf<'verdict'>['numbers'];
  readonly amount: Money;
}

/** The first rule that speaks against the entry, and the numbers all rules saw. */
export function weighEntry(decision: Decision, facts: Facts, settings: Settings, now: number): Weighed {
  const notional = decision.notional === null ? null : parseMoney(decision.notional);
  const usable = notional !== null && notional.currency === settings.currency;
  const amount = usable ? notional : money(ZERO, settings.currency);
  const total = addMoney(exposure(facts.reservations, settings.currency), amount);
  const ofCoin = addMoney(exposure(facts.reservations, settings.currency, decision.coin), amount);
  const lag = facts.committedAt === null ? null : Math.max(0, now - facts.committedAt);
  const fxAge = oldestRate(decision, facts, settings, now);
  const numbers = {
    exposure: toNumber(total.amount),
    coinExposure: toNumber(ofCoin.amount),
    trips: facts.reservations.size,
    fill: facts.fill,
    journalLagMs: lag === null ? null : lag / 1000,
    fxAgeMs: typeof fxAge === 'number' ? fxAge / 1000 : null,
  };
  return { trigger: first(), numbers, amount };

  function first(): Trigger | null {
    if (facts.mode !== 'ACTIVE') return { tier: 'portfolio', rule: `mode-${facts.mode}`, limit: null, value: null };
    if (!usable) return { tier: 'portfolio', rule: 'notional-currency', limit: null, value: null };
    if (holdsOtherCurrency(facts.reservations, settings.currency))
      return { tier: 'portfolio', rule: 'exposure-currency', limit: null, value: null };
    if (now > (decision.validUntil ?? now)) return { tier: 'route', rule: 'too-old', limit: decision.validUntil, value: now };
    for (const { venue } of decision.legs) {
      const state = facts.health.get(venue);
      if (state === 'DOWN' || state === 'FROZEN') return { tier: 'exchange', rule: `venue-${state}`, limit: null, value: null };
    }
    if (compareMoney(ofCoin, settings.maxPerCoin) > 0)
      return { tier: 'symbol', rule: 'coin-exposure', limit: toNumber(settings.maxPerCoin.amount), value: numbers.coinExposure };
    if (compareMoney(total, settings.maxExposure) > 0)
      return { tier: 'portfolio', rule: 'total-exposure', limit: toNumber(settings.maxExposure.amount), value: numbers.exposure };
    if (facts.reservations.size >= MOST_TRIPS) return { tier: 'portfolio', rule: 'open-trips', limit: MOST_TRIPS, value: numbers.trips };
    if (facts.fill >= MOST_FILL) return { tier: 'cross', rule: 'stream-full', limit: MOST_FILL, value: facts.fill };
    if (lag === null || lag > settings.maxJournalLagMicros)
      return { tier: 'cross', rule: 'journal-lag', limit: settings.maxJournalLagMicros / 1000, value: numbers.journalLagMs };
    if (fxAge === 'unknown' || fxAge > settings.staleFxMicros)
      return { tier: 'cross', rule: 'stale-fx', limit: settings.staleFxMicros / 1000, value: numbers.fxAgeMs };
    return null;
  }
}

/** Age of the oldest rate that the legs need; 0 where they need none, `unknown` where one was never said. */
function oldestRate(decision: Decision, facts: Facts, settings: Settings, now: number): number | 'unknown' {
  let oldest = 0;
  for (const { symbol } of decision.legs) {
    const quote = symbol.slice(symbol.indexOf('-') + 1);
    if (quote === settings.currency) continue;
    const at = facts.rates.get(`${quote}-${settings.currency}`);
    if (at === undefined) return 'unknown';
    oldest = Math.max(oldest, now - at);
  }
  return oldest;
}
