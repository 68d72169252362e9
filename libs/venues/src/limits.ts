/** Units that may be spent within a time. A REST class spends its request's `weight`, a socket one a message. */
export interface RateLimit {
  readonly name: string;
  readonly units: number;
  readonly perMs: number;
  readonly scope: 'ip' | 'account' | 'connection';
}

/** What an answer says about its limit. */
export interface LimitNews {
  /** Of which class; null where the answer does not say. */
  readonly limit: string | null;
  /** Units left of it. */
  readonly left: number | null;
  /** Units spent of it. */
  readonly spent: number | null;
  /** No request before so long, as the answer says itself; of a ban whose length it does not say, the shortest that there is. */
  readonly waitMs: number | null;
  /** Shut out, not merely slowed down. */
  readonly banned: boolean;
}

export const NO_NEWS: LimitNews = { limit: null, left: null, spent: null, waitMs: null, banned: false };

/** Of HTTP's `Retry-After` in seconds; null where it is not one. */
export function retryAfterMs(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,8}$/.test(text.trim())) return null;
  return Number(text) * 1_000;
}

const MOST_MS = 4_000;
/** Where the venue says itself when to come again: it is not made to wait much longer for us. */
const MOST_TOLD_MS = 2_000;

/** 0.5, 1, 2, 4 s and no longer, by how often it has failed in a row; and never less than the venue has said. */
export function backoffMs(failures: number, toldMs: number | null = null): number {
  const ownMs = 500 * 2 ** Math.min(10, Math.max(0, failures - 1)); // exact: a small power of two
  return toldMs === null ? Math.min(MOST_MS, ownMs) : Math.max(toldMs, Math.min(MOST_TOLD_MS, ownMs));
}
