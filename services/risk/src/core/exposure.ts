import { add, type Decimal, type Money, subtract, ZERO } from '@arb/shared/money';
import { directionName, type Route, routeName } from './route.ts';

/** What is reserved for a round trip from the verdict that allows it to its end. */
export interface Reservation extends Route {
  readonly amount: Money;
  /** What a person's `flatten` named while it was open: nothing new is entered there before it has ended. Undefined: none did. */
  readonly flatten?: string | null;
}

interface Sum {
  amount: Decimal;
  trips: number;
}

/**
 * What is reserved, with its sums by coin, venue, route and direction. Sums are exact, so adding and taking away again
 * comes out where it began; an entry with no trip left is dropped, so there are never more than the trips make.
 */
export interface Exposures {
  readonly currency: string;
  readonly trips: Map<string, Reservation>;
  total: Decimal;
  /** Trips in another currency than the limits': they cannot be weighed against them. */
  foreign: number;
  flattening: number;
  readonly coins: Map<string, Sum>;
  readonly venues: Map<string, Sum>;
  readonly routes: Map<string, Sum>;
  readonly directions: Map<string, Sum>;
}

/** No more round trips than this at once, whatever their size: the state stays small. */
export const MOST_TRIPS = 1000;

export function newExposures(currency: string, trips: Iterable<readonly [string, Reservation]> = []): Exposures {
  const exposures: Exposures = {
    currency,
    trips: new Map(),
    total: ZERO,
    foreign: 0,
    flattening: 0,
    coins: new Map(),
    venues: new Map(),
    routes: new Map(),
    directions: new Map(),
  };
  for (const [trip, reservation] of trips) reserve(exposures, trip, reservation);
  return exposures;
}

export function reserve(exposures: Exposures, trip: string, reservation: Reservation): void {
  if (exposures.trips.has(trip)) throw new Error(`risk: trip ${trip} was to be reserved twice`);
  exposures.trips.set(trip, reservation);
  count(exposures, reservation, 1);
}

/** What was held, or null where nothing was: news of a trip that has ended already changes nothing. */
export function release(exposures: Exposures, trip: string): Reservation | null {
  const reservation = exposures.trips.get(trip);
  if (reservation === undefined) return null;
  exposures.trips.delete(trip);
  count(exposures, reservation, -1);
  return reservation;
}

/** Marks what is open on the target; each trip keeps its place. */
export function markFlatten(exposures: Exposures, target: string | null, means: (route: Route) => boolean): void {
  for (const [trip, reservation] of exposures.trips) {
    if (!means(reservation)) continue;
    if (reservation.flatten === undefined) exposures.flattening++;
    exposures.trips.set(trip, { ...reservation, flatten: target });
  }
}

export function heldIn(sums: ReadonlyMap<string, Sum>, name: string): Decimal {
  return sums.get(name)?.amount ?? ZERO;
}

export function tripsIn(sums: ReadonlyMap<string, Sum>, name: string): number {
  return sums.get(name)?.trips ?? 0;
}

function count(exposures: Exposures, reservation: Reservation, by: 1 | -1): void {
  const { coin, buy, sell, amount, flatten } = reservation;
  if (flatten !== undefined) exposures.flattening += by;
  if (amount.currency !== exposures.currency) {
    exposures.foreign += by;
    return;
  }
  exposures.total = by === 1 ? add(exposures.total, amount.amount) : subtract(exposures.total, amount.amount);
  change(exposures.coins, coin, amount.amount, by);
  change(exposures.venues, buy, amount.amount, by);
  if (sell !== buy) change(exposures.venues, sell, amount.amount, by);
  change(exposures.routes, routeName(reservation), amount.amount, by);
  change(exposures.directions, directionName(buy, sell), amount.amount, by);
}

function change(sums: Map<string, Sum>, name: string, amount: Decimal, by: 1 | -1): void {
  const sum = sums.get(name);
  if (sum === undefined) sums.set(name, { amount, trips: 1 });
  else if (by === -1 && sum.trips === 1) sums.delete(name);
  else {
    sum.amount = by === 1 ? add(sum.amount, amount) : subtract(sum.amount, amount);
    sum.trips += by;
  }
}
