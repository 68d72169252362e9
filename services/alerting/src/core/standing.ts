import type { DataOf } from '@arb/shared/contracts';

type Position = DataOf<'position'>;
type Guard = DataOf<'guard'>;

/** A round trip that is under way. */
export type OpenTrip = Pick<Position, 'trip' | 'coin' | 'state' | 'route' | 'quantity'> & {
  /** It names what has been kept of a leg so far. Since the fourth schema. */
  readonly why?: string;
};
/** What a round trip that is over has left of its coin on one leg: by policy, or because it could not be unwound. */
export type KeptLeg = Pick<Position, 'trip' | 'coin' | 'state' | 'route' | 'why'> & {
  /** Of the coin; owed where below 0. */
  readonly kept: string;
  /** µs: when the round trip ended. */
  readonly since: number;
};
/** How free trading is, and what it stands at. */
export type Freedom = Pick<Guard, 'mode' | 'why' | 'exposure' | 'dailyPnl' | 'equity'>;

/**
 * How trading stands, for people who ask. It is part of the state, for a process that begins with a snapshot or a child
 * session has not read what was opened before, and must not say that nothing is open.
 */
export interface Standing {
  readonly trips: Map<string, OpenTrip>;
  /** Round trips beyond those that are kept. */
  unlisted: boolean;
  /** The last ones: nobody says when a person has dealt with them. */
  readonly kept: Map<string, KeptLeg>;
  guard: Freedom | null;
}

const MOST_TRIPS = 1_000;
const MOST_KEPT = 50;
const MOST_WHY = 200;

export function newStanding(): Standing {
  return { trips: new Map(), unlisted: false, kept: new Map(), guard: null };
}

export function takePosition(standing: Standing, position: Position): void {
  const { trips } = standing;
  const { trip, coin, state, route, quantity } = position;
  const why = position.why.slice(0, MOST_WHY);
  if (state !== 'OPEN' && state !== 'CLOSING') {
    trips.delete(trip);
    if (trips.size === 0) standing.unlisted = false;
    takeKept(standing.kept, position, why);
    // While it closes it says why it does: what it has kept until then was said before.
  } else if (trips.has(trip) || trips.size < MOST_TRIPS)
    trips.set(trip, { trip, coin, state, route, quantity, why: state === 'CLOSING' ? (trips.get(trip)?.why ?? why) : why });
  else standing.unlisted = true;
}

function takeKept(legs: Map<string, KeptLeg>, { trip, coin, state, route, log }: Position, why: string): void {
  // Executors that write no such field have kept nothing.
  if (log?.kept === undefined || Number(log.kept) === 0) return;
  legs.set(trip, { trip, coin, state, route, why, kept: log.kept, since: log.endedAt });
  if (legs.size > MOST_KEPT) legs.delete(legs.keys().next().value as string);
}

export function takeGuard(standing: Standing, { mode, why, exposure, dailyPnl, equity }: Guard): void {
  standing.guard = { mode, why: why.slice(0, MOST_WHY), exposure, dailyPnl, equity };
}

export interface SavedStanding {
  readonly trips: readonly OpenTrip[];
  readonly unlisted: boolean;
  /** Since the fourth schema. */
  readonly kept?: readonly KeptLeg[];
  readonly guard: Freedom | null;
}

export function saveStanding({ trips, unlisted, kept, guard }: Standing): SavedStanding {
  return { trips: [...trips.values()], unlisted, kept: [...kept.values()], guard };
}

export function loadStanding({ trips, unlisted, kept = [], guard }: SavedStanding): Standing {
  return {
    trips: new Map(trips.map((trip) => [trip.trip, trip])),
    unlisted,
    kept: new Map(kept.map((leg) => [leg.trip, leg])),
    guard,
  };
}
