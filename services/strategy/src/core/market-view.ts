import type { DataOf, StreamEvent } from '@arb/shared/contracts';

/** What the strategy knows of the venues beside their books. */
export interface MarketView {
  readonly health: Map<string, { state: DataOf<'health'>['state']; suspended: readonly string[] }>;
  /** Venue → currency → what is held there, as the executor last said. */
  readonly balances: Map<string, ReadonlyMap<string, number>>;
  /** Coins and venues a person has paused. */
  readonly paused: Set<string>;
  /** Position of the newest rate, by pair: decisions name it as what they rest on. */
  readonly rates: Map<string, number>;
}

/** More venues, pairs and pauses than are ever configured; what comes beyond is not kept. */
const MOST = 1000;

export function newMarketView(): MarketView {
  return { health: new Map(), balances: new Map(), paused: new Set(), rates: new Map() };
}

export function seeHealth(view: MarketView, { data }: StreamEvent<'health'>): void {
  if (view.health.size < MOST || view.health.has(data.venue)) view.health.set(data.venue, { state: data.state, suspended: data.suspended });
}

export function seeBalance(view: MarketView, { data }: StreamEvent<'balance'>): void {
  if (view.balances.size >= MOST && !view.balances.has(data.venue)) return;
  view.balances.set(data.venue, new Map(Object.entries(data.balances).map(([currency, amount]) => [currency, Number(amount)])));
}

export function seeRate(view: MarketView, { data, position }: StreamEvent<'fx'>): void {
  if (view.rates.size < MOST || view.rates.has(data.pair)) view.rates.set(data.pair, position);
}

export function pause(view: MarketView, target: string): void {
  if (view.paused.size < MOST) view.paused.add(target);
}

/** Why nothing may be entered at this venue in this coin, or null. A venue that has not said how it is counts as well. */
export function troubleOf(view: MarketView, venue: string, coin: string): string | null {
  if (view.paused.has(venue)) return `${venue} is paused`;
  const health = view.health.get(venue);
  if (health === undefined) return null;
  if (health.state === 'DOWN' || health.state === 'FROZEN') return `${venue} is ${health.state}`;
  return health.suspended.includes(coin) ? `${coin} is suspended at ${venue}` : null;
}

export function held(view: MarketView, venue: string, currency: string): number {
  return view.balances.get(venue)?.get(currency) ?? 0;
}
