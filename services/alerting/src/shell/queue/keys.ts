/** Redis keys of the alert queue: `arb:{env}:{session}:{domain}:{symbol}:{field}`. None of them has a time to live: Redis may evict only what has one. */
export interface QueueKeys {
  /** Alerts of this session that wait for their channels; an entry's id is the alert's position. */
  readonly waiting: string;
  /** Of all sessions: what no channel took. */
  readonly dead: string;
  /** Of all sessions: dead letters that somebody wants sent once more. */
  readonly again: string;
}

const WORD = /^[A-Za-z0-9_-]{1,64}$/;

export function queueKeys(environment: string, session: string): QueueKeys {
  for (const word of [environment, session])
    if (!WORD.test(word)) throw new Error(`redis key: expected letters, digits, _ and - in "${word}", found others`);
  return {
    waiting: `arb:${environment}:${session}:alerts:all:waiting`,
    dead: `arb:${environment}:all:alerts:all:dead`,
    again: `arb:${environment}:all:alerts:all:again`,
  };
}
