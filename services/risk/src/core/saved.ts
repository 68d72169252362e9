import type { Json } from '@arb/shared/core';
import { type Decimal, formatDecimal, formatMoney, type MoneyText, parseDecimal, parseMoney } from '@arb/shared/money';
import type { Closure } from './closures.ts';
import type { CoinWatch } from './coin-watch.ts';
import type { Counters } from './counters.ts';
import { newExposures, type Reservation } from './exposure.ts';
import { type Facts, type HeldRate, newFacts, type VenueHealth } from './facts.ts';
import type { Losses } from './losses.ts';
import type { Latch, Mode, ModeState } from './mode.ts';
import type { RouteWatch } from './route-watch.ts';

/** State as snapshots hold it. Sums of the exposure are not in it: they follow from the reservations. */
export interface Saved {
  readonly config: unknown;
  readonly mode: { readonly commanded: Mode; readonly by: ModeState['by']; readonly why: string; readonly latches: readonly Latch[] };
  readonly reservations: readonly (readonly [trip: string, Omit<Reservation, 'amount'> & { readonly amount: MoneyText }])[];
  readonly losses: SavedLosses;
  readonly closures: readonly Closure[];
  readonly paused: readonly string[];
  readonly routes: readonly (readonly [string, RouteWatch])[];
  readonly coins: readonly (readonly [string, CoinWatch])[];
  readonly rates: readonly (readonly [string, HeldRate])[];
  readonly health: readonly (readonly [string, VenueHealth])[];
  readonly balances: readonly (readonly [string, Readonly<Record<string, string>>])[];
  readonly universe: readonly string[] | null;
  readonly fill: number;
  readonly committedAt: number | null;
  readonly since: number;
  readonly counters: { readonly outcomes: Counters['outcomes']; readonly rules: readonly (readonly [string, number, number])[] };
  readonly toSay: boolean;
}

interface SavedLosses {
  readonly currency: string;
  readonly day: number;
  readonly daily: string;
  readonly forgiven: string;
  readonly total: string;
  readonly peak: string;
  readonly streak: number;
  readonly unknown: number;
  readonly coins: readonly (readonly [coin: string, daily: string, streak: number])[];
  readonly venues: readonly (readonly [venue: string, daily: string])[];
}

export function savedOf(facts: Facts, config: unknown): Json {
  const { mode, exposures, losses, counters } = facts;
  const saved: Saved = {
    config,
    mode: { commanded: mode.commanded, by: mode.by, why: mode.why, latches: [...mode.latches.values()] },
    reservations: [...exposures.trips].map(([trip, held]) => [trip, { ...held, amount: formatMoney(held.amount) }]),
    losses: savedLosses(losses),
    closures: [...facts.closures.values()],
    paused: [...facts.paused],
    // What changes in place is copied: what was saved must not change.
    routes: [...facts.routes].map(([route, watch]) => [route, { ...watch }]),
    coins: [...facts.coins].map(([coin, watch]) => [coin, { ...watch }]),
    rates: [...facts.rates],
    health: [...facts.health],
    balances: [...facts.balances],
    universe: facts.universe === null ? null : [...facts.universe],
    fill: facts.fill,
    committedAt: facts.committedAt,
    since: facts.since,
    counters: { outcomes: { ...counters.outcomes }, rules: [...counters.rules].map(([rule, { first, final }]) => [rule, first, final]) },
    toSay: facts.toSay,
  };
  return saved as unknown as Json;
}

export function factsOf(saved: Saved, currency: string): Facts {
  const trips = saved.reservations.map(([trip, held]) => [trip, { ...held, amount: parseMoney(held.amount) }] as const);
  return {
    ...newFacts(),
    mode: { ...saved.mode, latches: new Map(saved.mode.latches.map((latch) => [latch.rule, latch])) },
    exposures: newExposures(currency, trips),
    losses: lossesOf(saved.losses),
    closures: new Map(saved.closures.map((closure) => [closure.what, closure])),
    paused: new Set(saved.paused),
    routes: new Map(saved.routes.map(([route, watch]) => [route, { ...watch }])),
    coins: new Map(saved.coins.map(([coin, watch]) => [coin, { ...watch }])),
    rates: new Map(saved.rates),
    health: new Map(saved.health),
    balances: new Map(saved.balances),
    universe: saved.universe === null ? null : new Set(saved.universe),
    fill: saved.fill,
    committedAt: saved.committedAt,
    since: saved.since,
    counters: {
      outcomes: { ...saved.counters.outcomes },
      rules: new Map(saved.counters.rules.map(([rule, first, final]) => [rule, { first, final }])),
    },
    toSay: saved.toSay,
  };
}

function savedLosses({ coins, venues, ...losses }: Losses): SavedLosses {
  const { currency, day, daily, forgiven, total, peak, streak, unknown } = losses;
  const text: (amount: Decimal) => string = formatDecimal;
  return {
    currency,
    day,
    daily: text(daily),
    forgiven: text(forgiven),
    total: text(total),
    peak: text(peak),
    streak,
    unknown,
    coins: [...coins].map(([coin, ofCoin]) => [coin, text(ofCoin.daily), ofCoin.streak]),
    venues: [...venues].map(([venue, ofVenue]) => [venue, text(ofVenue)]),
  };
}

function lossesOf(saved: SavedLosses): Losses {
  return {
    ...saved,
    daily: parseDecimal(saved.daily),
    forgiven: parseDecimal(saved.forgiven),
    total: parseDecimal(saved.total),
    peak: parseDecimal(saved.peak),
    coins: new Map(saved.coins.map(([coin, daily, streak]) => [coin, { daily: parseDecimal(daily), streak }])),
    venues: new Map(saved.venues.map(([venue, daily]) => [venue, parseDecimal(daily)])),
  };
}
