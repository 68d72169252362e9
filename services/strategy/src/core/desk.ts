import type { AnyEvent, DataOf } from '@arb/shared/contracts';
import { type CoinState, type MoveState, newCoinState } from './coin-state.ts';
import { exposure, imbalance } from './inventory.ts';
import { held, inNumeraire, type MarketView, newMarketView } from './market-view.ts';
import type { Facts } from './refusals.ts';
import type { Scene } from './route.ts';
import { type Settings, settingsOf } from './settings.ts';
import { coinTermsOf, lotsOf, type Terms, type TermsTable, termsOf } from './terms.ts';
import type { Trips } from './trip.ts';
import { fillLadders, type Ladders, makeLadders } from './walk.ts';

/** Everything a decision is made from. */
export interface Desk extends Facts {
  readonly config: unknown;
  readonly settings: Settings;
  readonly view: MarketView;
  readonly trips: Trips;
  readonly coins: Map<string, CoinState>;
  /** By currency. */
  readonly moves: Map<string, MoveState>;
  /** Names the round trips of this session; `counted` goes on over all of them, each coin's for itself: what is drawn for one does not depend on another. */
  tag: string;
  readonly counted: Map<string, number>;
  /** Position of the session's beginning or of its last break: what was caused up to there rests on books from before. */
  since: number;

  // What follows from the rest, kept so that it is not worked out for every book.
  readonly quotes: ReadonlyMap<string, string>;
  readonly ladders: Ladders;
  table: TermsTable;
}

export function newDesk(config: unknown): Desk {
  const settings = settingsOf(config);
  const view = newMarketView();
  return {
    config,
    settings,
    view,
    trips: new Map(),
    coins: new Map(),
    moves: new Map(),
    tag: '',
    counted: new Map(),
    since: 0,
    quotes: new Map(settings.venues.map(({ name, quote }) => [name, quote])),
    ladders: makeLadders(),
    table: termsOf(view, settings),
  };
}

/** The same desk under a session's own configuration. */
export function deskUnder(config: unknown, desk: Desk | null): Desk {
  const fresh = newDesk(config);
  if (desk === null) return fresh;
  const { view, trips, coins, moves, counted, tag, since } = desk;
  return { ...fresh, view, trips, coins, moves, counted, tag, since, table: termsOf(view, fresh.settings) };
}

/** To be called after anything a table is made from has changed. */
export function renewTerms(desk: Desk): void {
  desk.table = termsOf(desk.view, desk.settings);
}

/** As many as a universe may name; what comes beyond is not traded. */
const MOST_COINS = 1000;

export function coinStateOf(desk: Desk, coin: string): CoinState | null {
  let state = desk.coins.get(coin);
  if (state === undefined) {
    if (desk.coins.size >= MOST_COINS) return null;
    state = newCoinState();
    desk.coins.set(coin, state);
  }
  return state;
}

export function nextTrip(desk: Desk, coin: string): string {
  const number = (desk.counted.get(coin) ?? 0) + 1;
  desk.counted.set(coin, number);
  return `${coin}-${desk.tag}-${number}`;
}

/** Whether what it says was caused before the session's last break. */
export function isFromBefore(desk: Desk, { cause }: AnyEvent): boolean {
  return typeof cause === 'string' || (typeof cause === 'number' && cause <= desk.since);
}

export function sceneOf(desk: Desk, l2: DataOf<'l2'>): Scene {
  const { table, view } = desk;
  const byVenue = coinTermsOf(table, view, l2.coin);
  const known: (Terms | null)[] = [];
  const terms: (Terms | null)[] = [];
  const holds: number[] = [];
  for (let i = 0; i < l2.venues.length; i++) {
    const { venue, state } = l2.venues[i] as DataOf<'l2'>['venues'][number];
    const found = byVenue.get(venue) ?? null;
    known.push(found);
    terms.push(state === 'fresh' ? found : null);
    holds.push(held(view, venue, l2.coin));
  }
  return { l2, ladders: fillLadders(desk.ladders, l2), terms, held: holds, lots: lotsOf(table, l2.coin, known) };
}

/** Positions of the rates that legs at these venues are weighed with. */
export function ratesBehind(desk: Desk, ...venues: readonly string[]): number[] {
  const positions: number[] = [];
  for (const venue of venues) {
    const rate = desk.view.rates.get(`${desk.quotes.get(venue)}-${desk.settings.numeraire}`);
    if (rate !== undefined && !positions.includes(rate.position)) positions.push(rate.position);
  }
  return positions;
}

/** What all that a venue holds is worth in the numeraire, as far as anything says a price for it. */
function worthOf(desk: Desk, venue: string): number {
  let worth = 0;
  for (const [currency, amount] of desk.view.balances.get(venue) ?? []) {
    const mid = desk.coins.get(currency)?.mid;
    worth += mid !== undefined && mid !== null ? amount * mid : (inNumeraire(desk.view, desk.settings, currency, amount) ?? 0);
  }
  return worth;
}

/** How often a venue's inventory has been traded over. */
export function turnoverOf(desk: Desk, venue: string): number | null {
  const worth = worthOf(desk, venue);
  return worth > 0 ? (desk.view.traded.get(venue) ?? 0) / worth : null;
}

/** Null while nothing says what the coin or the money is worth. */
export function exposureOf(desk: Desk, venue: string, coin: string): number | null {
  const mid = desk.coins.get(coin)?.mid ?? null;
  const quote = desk.quotes.get(venue) ?? desk.settings.numeraire;
  const money = inNumeraire(desk.view, desk.settings, quote, held(desk.view, venue, quote));
  return mid === null || money === null ? null : exposure(held(desk.view, venue, coin) * mid, money);
}

export function imbalanceOf(desk: Desk, first: string, second: string, coin: string): number {
  return imbalance(held(desk.view, first, coin), held(desk.view, second, coin));
}
