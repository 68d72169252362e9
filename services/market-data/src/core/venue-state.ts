import type { DataOf } from '@arb/shared/contracts';

type State = DataOf<'health'>['state'];

/** What is known of a venue at a moment. Times are monotonic ms. */
export interface VenueSigns {
  readonly now: number;
  /** When the connection opened; null while there is none. */
  readonly openedAt: number | null;
  /** Why there is none; null while the first try is under way. */
  readonly lossWhy: string | null;
  /** The newest book of the stream, and of the REST back-up. */
  readonly bookAt: number | null;
  readonly backupAt: number | null;
  readonly faultAt: number;
  readonly faultWhy: string;
  readonly faults: number;
  readonly latencyMs: number | null;
  /** Ms for which the venue takes no requests from this address. */
  readonly barredMs: number;
  readonly books: number;
  readonly stale: number;
}

const FROZEN_MS = 5_000;
const BACKUP_MS = 10_000;
/** A bad message is remembered for so long. */
const FAULT_MS = 10_000;
const SLOW_MS = 1_000;
/** Quiet coins are stale often; a whole venue is not. */
const STALE_SHARE = 0.5;

/** Null where it is too early to say anything. */
export function stateOf(signs: VenueSigns): readonly [state: State, why: string] | null {
  const { now, openedAt, lossWhy, bookAt, backupAt, faultAt, faultWhy, faults, latencyMs, barredMs, books, stale } = signs;
  if (openedAt === null) {
    if (lossWhy === null) return null;
    if (backupAt !== null && now - backupAt < BACKUP_MS) return ['DEGRADED', `books over REST only, the stream is away: ${lossWhy}`];
    return ['DOWN', lossWhy];
  }
  if (now - Math.max(bookAt ?? 0, openedAt) > FROZEN_MS) return ['FROZEN', `connected, and no book for ${FROZEN_MS / 1_000} s`];
  if (bookAt === null || bookAt < openedAt) return null;
  if (now - faultAt < FAULT_MS) return ['DEGRADED', `${faults} bad messages, the last one: ${faultWhy}`];
  if (barredMs > 0) return ['DEGRADED', `it takes no requests from this address for ${Math.ceil(barredMs / 1_000)} s`];
  if (latencyMs !== null && latencyMs > SLOW_MS) return ['DEGRADED', `books arrive ${Math.round(latencyMs)} ms late`];
  if (books > 1 && stale > books * STALE_SHARE) return ['DEGRADED', `${stale} of ${books} books are stale`];
  return ['HEALTHY', faults === 0 ? 'books arrive' : `books arrive; ${faults} bad messages earlier`];
}
