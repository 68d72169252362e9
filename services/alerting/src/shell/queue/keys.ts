import { ALL, redisKey } from '@arb/shared/redis';

/** Redis keys of the alert queue. None of them has a time to live: Redis may evict only what has one. */
export interface QueueKeys {
  /** Alerts of this session that wait for their channels; an entry's id is the alert's position. */
  readonly waiting: string;
  /** Of all sessions: what no channel took. */
  readonly dead: string;
  /** Of all sessions: dead letters that somebody wants sent once more. */
  readonly again: string;
}

export function queueKeys(environment: string, session: string): QueueKeys {
  const keyOf = (of: string, field: string) => redisKey({ environment, session: of, domain: 'alerts', symbol: ALL, field });
  return { waiting: keyOf(session, 'waiting'), dead: keyOf(ALL, 'dead'), again: keyOf(ALL, 'again') };
}
