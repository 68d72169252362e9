import type { DataOf } from '@arb/shared/contracts';
import type { Json } from '@arb/shared/core';
import { type CoinState, type MoveState, newCoinState } from './coin-state.ts';
import { type Desk, newDesk, renewTerms } from './desk.ts';
import { rulesOf } from './instruments.ts';
import type { HeldHealth, HeldRate, MarketView, Mode } from './market-view.ts';
import type { OpenTrip } from './trip.ts';
import { copyOf, type UsualPremiums } from './usual-premium.ts';

type Entries<T> = readonly [string, T][];

interface Saved {
  readonly config: unknown;
  readonly tag: string;
  readonly counted: Entries<number>;
  readonly since: number;
  readonly trips: readonly OpenTrip[];
  readonly coins: Entries<
    Omit<CoinState, 'said' | 'premiums'> & { readonly said: Entries<number>; readonly premiums?: UsualPremiums | null }
  >;
  readonly moves: Entries<Omit<MoveState, 'said'> & { readonly said: Entries<number> }>;
  readonly view: {
    readonly mode: Mode;
    readonly universe: readonly string[] | null;
    readonly health: Entries<HeldHealth>;
    readonly balances: Entries<Entries<number>>;
    readonly balancesSaid: number;
    readonly paused: readonly string[];
    readonly rates: Entries<HeldRate>;
    readonly instruments: Entries<DataOf<'instruments'>>;
    readonly traded: Entries<number>;
    readonly slippage: Entries<number>;
  };
}

export function saveDesk(desk: Desk | null): Json {
  if (desk === null) return null;
  const { config, tag, counted, since, trips, coins, moves, view } = desk;
  return {
    config,
    tag,
    counted: [...counted],
    since,
    trips: [...trips.values()],
    coins: [...coins].map(([coin, state]) => [coin, { ...state, premiums: copyOf(state.premiums), said: [...state.said] }]),
    moves: [...moves].map(([currency, state]) => [currency, { ...state, said: [...state.said] }]),
    view: {
      mode: view.mode,
      universe: view.universe === null ? null : [...view.universe],
      health: [...view.health],
      balances: [...view.balances].map(([venue, held]) => [venue, [...held]]),
      balancesSaid: view.balancesSaid,
      paused: [...view.paused],
      rates: [...view.rates],
      instruments: [...view.instruments],
      traded: [...view.traded],
      slippage: [...view.slippage],
    },
  } as unknown as Json;
}

export function loadDesk(json: Json, schema: number): Desk | null {
  if (json === null) return null;
  if (schema < 2) return loadOld(json as unknown as SavedOld);
  const saved = json as unknown as Saved;
  const desk = newDesk(saved.config);
  desk.tag = saved.tag;
  desk.since = saved.since;
  for (const [coin, number] of saved.counted) desk.counted.set(coin, number);
  for (const trip of saved.trips) desk.trips.set(trip.id, { ...trip, coins: trip.coins ?? null });
  for (const [coin, state] of saved.coins)
    desk.coins.set(coin, { ...state, premiums: copyOf(state.premiums ?? null), said: new Map(state.said) });
  for (const [currency, state] of saved.moves) desk.moves.set(currency, { ...state, said: new Map(state.said) });
  loadView(desk.view, saved.view);
  renewTerms(desk);
  return desk;
}

function loadView(view: MarketView, saved: Saved['view']): void {
  view.mode = saved.mode;
  view.universe = saved.universe === null ? null : new Set(saved.universe);
  view.balancesSaid = saved.balancesSaid;
  for (const [venue, health] of saved.health) view.health.set(venue, health);
  for (const [venue, held] of saved.balances) view.balances.set(venue, new Map(held));
  for (const target of saved.paused) view.paused.add(target);
  for (const [pair, rate] of saved.rates) view.rates.set(pair, rate);
  for (const [venue, said] of saved.instruments) {
    view.instruments.set(venue, said);
    view.rules.set(venue, rulesOf(said));
  }
  for (const [venue, worth] of saved.traded) view.traded.set(venue, worth);
  for (const [symbol, seen] of saved.slippage) view.slippage.set(symbol, seen);
}

/** The first schema: one trip per coin, and nothing said of what it cost. The session that goes on brings its own configuration. */
interface SavedOld {
  readonly config: unknown;
  readonly trips: number;
  readonly coins: readonly (readonly [coin: string, trip: OldTrip | null, restUntil: number, said: unknown])[];
  readonly view: { readonly balances: Entries<Entries<number>>; readonly paused: readonly string[] };
}
interface OldTrip {
  readonly id: string;
  readonly buy: string;
  readonly sell: string;
  readonly quantity: string;
  readonly phase: OpenTrip['phase'];
  readonly entryEdgeBps: number;
  readonly due: OpenTrip['due'];
  readonly retryAt: number;
}

function loadOld(saved: SavedOld): Desk | null {
  if (saved.config === null) return null;
  const desk = newDesk(withNewSettings(saved.config));
  for (const [coin, trip, restUntil] of saved.coins) {
    // They were counted together then.
    desk.counted.set(coin, saved.trips);
    desk.coins.set(coin, { ...newCoinState(), restUntil });
    if (trip !== null)
      desk.trips.set(trip.id, { ...trip, coin, value: 0, cost: 0, proceeds: 0, cash: [], coins: null, since: 0, failedExits: 0 });
  }
  for (const [venue, held] of saved.view.balances) desk.view.balances.set(venue, new Map(held));
  for (const target of saved.view.paused) desk.view.paused.add(target);
  return desk;
}

/** Nothing is decided under it: it only stands until the next session's own is read. */
function withNewSettings(config: unknown): unknown {
  const { strategy, ...rest } = config as { strategy: object };
  return { ...rest, strategy: { feeSchedules: {}, transfers: {}, ...strategy } };
}
