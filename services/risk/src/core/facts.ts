import type { DataOf } from '@arb/shared/contracts';
import type { Closures } from './closures.ts';
import type { CoinWatch } from './coin-watch.ts';
import { type Counters, newCounters } from './counters.ts';
import { type Exposures, newExposures } from './exposure.ts';
import { type Losses, newLosses } from './losses.ts';
import { type ModeState, newModeState } from './mode.ts';
import type { RouteWatches } from './route-watch.ts';

export interface HeldRate {
  /** The quote currency's price of one unit of the limits' currency, or as the pair says. */
  readonly rate: number;
  /** When the market last said so. */
  readonly at: number;
  /** No market says it, but a bank or the configuration. Missing in what was saved without it. */
  readonly standsIn?: boolean;
}

export interface VenueHealth {
  readonly state: DataOf<'health'>['state'];
  readonly suspended: readonly string[];
  readonly warned: readonly string[];
}

/** All that risk knows: what the rules look at, and what is saved. */
export interface Facts {
  readonly mode: ModeState;
  exposures: Exposures;
  losses: Losses;
  readonly closures: Closures;
  /** Coins, venues and routes a person has paused. */
  readonly paused: Set<string>;
  readonly routes: RouteWatches;
  readonly coins: Map<string, CoinWatch>;
  /** By pair. */
  readonly rates: Map<string, HeldRate>;
  readonly health: Map<string, VenueHealth>;
  /** Venue → what it holds, as the executor last said. */
  readonly balances: Map<string, Readonly<Record<string, string>>>;
  /** Null: whatever is decided on may be traded. */
  universe: ReadonlySet<string> | null;
  /** Of the stream, 0 to 1. */
  fill: number;
  /** `at` of the last committed event; null before the first. */
  committedAt: number | null;
  /** When this session began or went on: books from before do not count. */
  since: number;
  readonly counters: Counters;
  /** A change is to be said at the timer's next turn. */
  toSay: boolean;
}

/** More venues, pairs, coins and pauses than are ever configured; what comes beyond is not kept. */
const MOST = 1000;

export function newFacts(): Facts {
  return {
    mode: newModeState(),
    exposures: newExposures(''),
    losses: newLosses('', 0),
    closures: new Map(),
    paused: new Set(),
    routes: new Map(),
    coins: new Map(),
    rates: new Map(),
    health: new Map(),
    balances: new Map(),
    universe: null,
    fill: 0,
    committedAt: null,
    since: 0,
    counters: newCounters(),
    toSay: false,
  };
}

export function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size < MOST || map.has(key)) map.set(key, value);
}

export function pause(facts: Facts, target: string): void {
  if (facts.paused.size < MOST) facts.paused.add(target);
}
