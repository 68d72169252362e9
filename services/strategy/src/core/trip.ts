import type { DataOf } from '@arb/shared/contracts';

/** Coins bought (+) and sold (−) at a venue, and the price of the last of them. */
export interface VenueCoins {
  readonly venue: string;
  readonly currency: string;
  readonly amount: number;
  readonly price: number;
}

/** A round trip as the strategy knows it. */
export interface OpenTrip {
  readonly id: string;
  readonly coin: string;
  readonly buy: string;
  readonly sell: string;
  /** What is open, as the executor says it; before that, what was asked for. */
  readonly quantity: string;
  /** entering, exiting: decided, outcome not yet known. */
  readonly phase: 'entering' | 'open' | 'exiting';
  readonly entryEdgeBps: number;
  /** What the buying leg was to cost, in the numeraire, for the quantity that came to be. */
  readonly value: number;
  /** What the buying leg takes at most, fee included, and what the sale was to bring: each in its venue's own currency. */
  readonly cost: number;
  readonly proceeds: number;
  /** Paid (−) and received (+) so far, fees included, by currency. */
  readonly cash: readonly (readonly [currency: string, amount: number])[];
  /** What its fills have left at each venue; null in trips that were saved without it. */
  readonly coins: readonly VenueCoins[] | null;
  /** When it was decided; once it is open, since when it is. */
  readonly since: number;
  /** The time limit has passed, or a person wants it closed. */
  readonly due: 'time' | 'flatten' | null;
  /** No exit is tried again before: after a refused or an incomplete one. */
  readonly retryAt: number;
  /** Exits that were refused or left something open. */
  readonly failedExits: number;
}

export type Trips = Map<string, OpenTrip>;

export function tripsOf(trips: Trips, coin: string): OpenTrip[] {
  const found: OpenTrip[] = [];
  for (const trip of trips.values()) if (trip.coin === coin) found.push(trip);
  return found;
}

/**
 * What open trips need of a currency at a venue: for one that is being entered the legs themselves, for one that is
 * open what going back takes. It is not there for anything else.
 */
export function reservedOf(trips: Trips, venue: string, currency: string, quotes: ReadonlyMap<string, string>): number {
  let sum = 0;
  for (const trip of trips.values()) {
    const entering = trip.phase === 'entering';
    const coinsAt = entering ? trip.sell : trip.buy;
    const moneyAt = entering ? trip.buy : trip.sell;
    if (currency === trip.coin && coinsAt === venue) sum += Number(trip.quantity);
    if (moneyAt === venue && currency === quotes.get(venue)) sum += entering ? trip.cost : trip.proceeds;
  }
  return sum;
}

/**
 * What closing the open trips brings a venue of a coin, or takes from it (−): it is where it was after them, so what they
 * only lend from one venue to the other is no imbalance. Sent after them it would have to be sent back.
 */
export function comingBackOf(trips: Trips, venue: string, coin: string): number {
  let sum = 0;
  for (const trip of tripsOf(trips, coin)) {
    if (trip.sell === venue) sum += Number(trip.quantity);
    if (trip.buy === venue) sum -= Number(trip.quantity);
  }
  return sum;
}

const MOST_CURRENCIES = 8;

export function withCash(trip: OpenTrip, currency: string, amount: number): OpenTrip {
  const at = trip.cash.findIndex(([known]) => known === currency);
  if (at < 0) return trip.cash.length >= MOST_CURRENCIES ? trip : { ...trip, cash: [...trip.cash, [currency, amount]] };
  return { ...trip, cash: trip.cash.map((entry, i) => (i === at ? [currency, entry[1] + amount] : entry)) };
}

/** What a fill paid or brought, its fee, and the coins. */
export function withFill(trip: OpenTrip, { venue, side, price, quantity, value, fee }: DataOf<'fill'>): OpenTrip {
  const inward = side === 'sell' ? 1 : -1;
  const paid = withCash(trip, value.currency, inward * Number(value.amount));
  const booked = withCash(paid, fee.currency, -Number(fee.amount));
  if (trip.coins === null) return booked;
  const before = trip.coins.find((entry) => entry.venue === venue)?.amount ?? 0;
  const now = { venue, currency: value.currency, amount: before - inward * Number(quantity), price: Number(price) };
  return { ...booked, coins: [...trip.coins.filter((entry) => entry.venue !== venue), now] };
}

/**
 * The trip is open with this quantity: bought at the one venue, sold at the other. Coins beyond that are kept as stock;
 * they stay worth what was paid for them, or keeping them would look like a loss that has to be stopped.
 */
export function withOpen(trip: OpenTrip, quantity: string): OpenTrip {
  let open: OpenTrip = { ...trip, quantity };
  if (trip.coins === null) return open;
  const coins: VenueCoins[] = [];
  for (const entry of trip.coins) {
    const amount = entry.venue === trip.buy ? Number(quantity) : entry.venue === trip.sell ? -Number(quantity) : 0;
    const kept = roundToCoin(entry.amount - amount);
    if (kept !== 0) open = withCash(open, entry.currency, kept * entry.price);
    coins.push({ ...entry, amount });
  }
  return { ...open, coins };
}

/** Coins are booked to eight places: what a sum of numbers shows beyond them is not there. */
function roundToCoin(amount: number): number {
  return Math.round(amount * 1e8) / 1e8;
}

/** Whether a command's target, a trip, a coin, a venue or a route (`BTC:binance>upbit`), means this trip. Nothing named means all. */
export function isMeant({ id, coin, buy, sell }: OpenTrip, target: string | undefined): boolean {
  return target === undefined || [id, coin, buy, sell, `${coin}:${buy}>${sell}`].includes(target);
}

const PLACES = 7;

/**
 * Names round trips of this session and no other: a client order id made of it is never used twice, not even by a
 * session that begins from nothing. FNV-1a over what names the session, as seven letters and digits.
 */
export function tagOf(session: string, boot: string): string {
  let hash = 0x811c9dc5;
  const name = `${session}/${boot}`;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36).padStart(PLACES, '0');
}
