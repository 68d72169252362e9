import type { DataOf, StreamEvent } from '@arb/shared/contracts';
import type { VenueRules } from './instruments.ts';
import { rulesOf } from './instruments.ts';
import type { Settings } from './settings.ts';

type Health = DataOf<'health'>;
export type Mode = DataOf<'guard'>['mode'];

export interface HeldHealth {
  readonly state: Health['state'];
  readonly suspended: readonly string[];
  readonly warned: readonly { readonly coin: string; readonly what: string }[];
}

export interface HeldRate {
  readonly position: number;
  readonly rate: number;
  readonly bankRate: number | null;
  readonly stableRate: number | null;
}

/** What the strategy knows of the market beside its books. */
export interface MarketView {
  mode: Mode;
  /** Coins that are traded; null until somebody says. */
  universe: ReadonlySet<string> | null;
  readonly health: Map<string, HeldHealth>;
  /** Venue → currency → what is held there, as the executor last said. */
  readonly balances: Map<string, ReadonlyMap<string, number>>;
  /** How often a balance has been said: what was worked out from an older one is to be looked at again. */
  balancesSaid: number;
  /** Coins and venues a person has paused. */
  readonly paused: Set<string>;
  /** The newest rate by pair: decisions name the ones they rest on. */
  readonly rates: Map<string, HeldRate>;
  /** As said, so that it can be saved; `rules` is made from it. */
  readonly instruments: Map<string, DataOf<'instruments'>>;
  readonly rules: Map<string, VenueRules>;
  /** By venue, in the numeraire, since the beginning. */
  readonly traded: Map<string, number>;
  /** By symbol of a venue (`upbit BTC-KRW`), bps: of its latest fills, the newest weighing most. Each coin has a depth of its own. */
  readonly slippage: Map<string, number>;
}

/** More venues, pairs and pauses than are ever configured; what comes beyond is not kept. */
const MOST = 1000;
const MOST_SYMBOLS = 16_000;
/** Weight of a new fill in what is expected of the next one, and what one fill can say at most. */
const NEWEST = 0.1;
const MOST_SLIPPAGE_BPS = 50;

export function newMarketView(): MarketView {
  return {
    mode: 'ACTIVE',
    universe: null,
    health: new Map(),
    balances: new Map(),
    balancesSaid: 0,
    paused: new Set(),
    rates: new Map(),
    instruments: new Map(),
    rules: new Map(),
    traded: new Map(),
    slippage: new Map(),
  };
}

function keep<T>(map: Map<string, T>, key: string, value: T, most = MOST): void {
  if (map.size < most || map.has(key)) map.set(key, value);
}

/** Said anew in every session; pauses, balances and experience go on. */
export function enterSession(view: MarketView, mode: Mode): void {
  view.mode = mode;
  view.universe = null;
  view.health.clear();
  view.rates.clear();
  view.instruments.clear();
  view.rules.clear();
}

export function seeHealth(view: MarketView, { data }: StreamEvent<'health'>): void {
  keep(view.health, data.venue, { state: data.state, suspended: data.suspended, warned: data.warned ?? [] });
}

export function seeBalance(view: MarketView, { data }: StreamEvent<'balance'>): void {
  keep(view.balances, data.venue, new Map(Object.entries(data.balances).map(([currency, amount]) => [currency, Number(amount)])));
  view.balancesSaid++;
}

export function seeRate(view: MarketView, { data, position }: StreamEvent<'fx'>): void {
  const { rate, bankRate, stableRate } = data;
  keep(view.rates, data.pair, { position, rate, bankRate: bankRate ?? null, stableRate: stableRate ?? null });
}

/** Only what is quoted in the currency that is traded there: a venue may list thousands of symbols. */
export function seeInstruments(view: MarketView, { data }: StreamEvent<'instruments'>, { venues }: Settings): void {
  const venue = venues.find(({ name }) => name === data.venue);
  if (venue === undefined) return;
  const kept = { ...data, symbols: data.symbols.filter(({ symbol }) => symbol.endsWith(`-${venue.quote}`)) };
  view.instruments.set(data.venue, kept);
  view.rules.set(data.venue, rulesOf(kept));
}

/** What a fill was worth and how far it missed what was expected. */
export function learn(view: MarketView, { data }: StreamEvent<'fill'>, settings: Settings): void {
  const symbol = placeOf(data.venue, data.symbol);
  const before = view.slippage.get(symbol) ?? settings.slippageBps;
  const missed = Math.min(MOST_SLIPPAGE_BPS, Math.max(-MOST_SLIPPAGE_BPS, data.slippageBps));
  const worth = inNumeraire(view, settings, data.value.currency, Number(data.value.amount));
  keep(view.slippage, symbol, before + NEWEST * (missed - before), MOST_SYMBOLS);
  keep(view.traded, data.venue, (view.traded.get(data.venue) ?? 0) + (worth ?? 0));
}

/** A symbol at a venue. */
export function placeOf(venue: string, symbol: string): string {
  return `${venue} ${symbol}`;
}

/** At the newest rate; null where there is none. */
export function inNumeraire(view: MarketView, { numeraire }: Settings, currency: string, amount: number): number | null {
  if (currency === numeraire) return amount;
  const rate = view.rates.get(`${currency}-${numeraire}`);
  return rate === undefined ? null : amount / rate.rate;
}

export function pause(view: MarketView, target: string): void {
  if (view.paused.size < MOST) view.paused.add(target);
}

export function held(view: MarketView, venue: string, currency: string): number {
  return view.balances.get(venue)?.get(currency) ?? 0;
}

export interface Trouble {
  readonly rule: 'paused' | 'venue' | 'suspended' | 'warned';
  readonly why: string;
}

/** Why nothing may be entered at this venue in this coin, or null. */
export function troubleOf(view: MarketView, venue: string, coin: string): Trouble | null {
  if (view.paused.has(venue)) return { rule: 'paused', why: `${venue} is paused` };
  const health = view.health.get(venue);
  if (health === undefined) return null;
  if (health.state === 'DOWN' || health.state === 'FROZEN') return { rule: 'venue', why: `${venue} is ${health.state}` };
  if (health.suspended.includes(coin)) return { rule: 'suspended', why: `deposits or withdrawals of ${coin} are suspended at ${venue}` };
  const warning = health.warned.find((entry) => entry.coin === coin);
  return warning === undefined ? null : { rule: 'warned', why: `${coin} is under a warning at ${venue}: ${warning.what}` };
}
