import type { AnyEvent } from '@arb/shared/contracts';
import { ALL, DOMAINS, type Domain, redisKey } from '@arb/shared/redis';
import type { Log } from '@arb/shared/runtime';
import { Redis } from 'ioredis';
import { type Entry, entryOf } from './entries.ts';

export interface LiveViewOptions {
  readonly redisUrl: string;
  readonly environment: string;
  readonly log: Log;
  readonly flushMs?: number;
  /** A part of the time to live of each value: so long before its end it is said again at the latest. */
  readonly renewShare?: number;
  readonly most?: number;
}

/**
 * The newest state of the running session, in Redis for whoever likes to look there. Nothing rests on it: it is written from what was
 * heard, in batches, one at a time, and where Redis is away or was emptied the next renewal brings it back.
 */
export interface LiveView {
  begin(): void;
  hear(event: AnyEvent): void;
  end(): void;
  close(): Promise<void>;
  numbers(): LiveViewNumbers;
}

export interface LiveViewNumbers {
  readonly keys: number;
  readonly written: number;
  /** Values that found no room. */
  readonly dropped: number;
  readonly failures: number;
}

const FLUSH_MS = 250;
const MOST_KEYS = 5_000;
const BATCH = 500;
const COMMAND_TIMEOUT_MS = 1_000;
const MOST_BACKOFF_MS = 2_000;

interface Held {
  readonly domain: Domain;
  readonly key: string;
  value: object | null;
  /** Null: it has to be written. Monotonic ms. */
  writtenAt: number | null;
}

export function openLiveView(options: LiveViewOptions): LiveView {
  const { redisUrl, environment, log, flushMs = FLUSH_MS, renewShare = 1 / 3, most = MOST_KEYS } = options;
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    // What cannot be written now is written newer later: nothing waits for Redis to come back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (tries) => Math.min(MOST_BACKOFF_MS, 50 * 2 ** Math.min(tries, 10)),
  });
  const held = new Map<string, Held>();
  let facts: Facts | null = null;
  let writing: Promise<void> | null = null;
  let away = false;
  const counted = { written: 0, dropped: 0, failures: 0 };

  // Said once where it begins and once where it ends, not at each try between.
  redis.on('error', (error: Error) => isAway(error.message));
  redis.on('ready', () => {
    isBack();
    for (const one of held.values()) one.writtenAt = null;
  });
  redis.connect().catch((error: Error) => isAway(error.message));

  function isAway(why: string): void {
    if (!away) log('warn', `live view: Redis does not answer, nobody but its readers misses it: ${why}`);
    away = true;
  }

  function isBack(): void {
    if (away) log('info', 'live view: Redis is there again');
    away = false;
  }

  function put(session: string, { domain, symbol, field, value }: Entry): void {
    const name = `${domain} ${symbol} ${field}`;
    const before = held.get(name);
    if (before !== undefined) {
      before.value = value;
      before.writtenAt = null;
    } else if (value !== null) {
      if (held.size >= most) counted.dropped++;
      else held.set(name, { domain, key: redisKey({ environment, session, domain, symbol, field }), value, writtenAt: null });
    }
  }

  function putFacts(): void {
    if (facts !== null) put(facts.id, { domain: 'session', symbol: ALL, field: 'facts', value: { ...facts } });
  }

  /** What has changed, and what would end soon. */
  function due(now: number): Held[] {
    const found: Held[] = [];
    for (const one of held.values()) {
      const { domain, writtenAt } = one;
      if (writtenAt === null || now - writtenAt >= (DOMAINS[domain].ttlSeconds ?? 0) * 1_000 * renewShare) found.push(one);
      if (found.length >= BATCH) break;
    }
    return found;
  }

  async function flush(): Promise<void> {
    putFacts();
    const now = performance.now();
    const batch = due(now);
    if (batch.length === 0) return;
    const pipeline = redis.pipeline();
    const gone: string[] = [];
    for (const one of batch) {
      one.writtenAt = now;
      if (one.value === null) pipeline.del(one.key);
      else pipeline.set(one.key, JSON.stringify(one.value), 'EX', DOMAINS[one.domain].ttlSeconds as number);
    }
    const results = await pipeline.exec();
    const failed = results?.find(([error]) => error !== null)?.[0];
    if (results === null || failed) {
      for (const one of batch) one.writtenAt = null;
      throw failed ?? new Error('the batch was not carried out');
    }
    for (const [name, one] of held) if (one.value === null && one.writtenAt === now) gone.push(name);
    for (const name of gone) held.delete(name);
    counted.written += batch.length;
    // One that was only slow has kept its connection, which says nothing of it.
    isBack();
  }

  const timer = setInterval(() => {
    if (writing !== null || redis.status !== 'ready') return;
    writing = flush()
      .catch((error: Error) => {
        counted.failures++;
        isAway(error.message);
      })
      .finally(() => {
        writing = null;
      });
  }, flushMs);

  return {
    begin() {
      // What stands in Redis of the session before ends by itself.
      held.clear();
      facts = null;
    },
    hear(event) {
      facts = factsAfter(facts, event);
      const entry = entryOf(event);
      if (entry !== null) put(event.session, entry);
    },
    end() {
      if (facts !== null) facts = { ...facts, stage: 'ended' };
    },
    async close() {
      clearInterval(timer);
      await writing;
      redis.disconnect();
    },
    numbers: () => ({ keys: held.size, ...counted }),
  };
}

interface Facts {
  readonly id: string;
  readonly stage: 'live' | 'ended';
  readonly mode: string | null;
  readonly startedAt: number | null;
  readonly configHash: string | null;
  readonly parent: { readonly session: string; readonly position: number } | null;
  readonly position: number;
  readonly clock: number | null;
  readonly committed: number | null;
}

function factsAfter(before: Facts | null, event: AnyEvent): Facts {
  const facts: Facts =
    before?.id === event.session
      ? { ...before, position: event.position }
      : {
          id: event.session,
          stage: 'live',
          mode: null,
          startedAt: null,
          configHash: null,
          parent: null,
          position: event.position,
          clock: null,
          committed: null,
        };
  if (event.type === 'clock') return { ...facts, clock: event.at, committed: event.data.committed };
  if (event.type === 'guard') return { ...facts, mode: event.data.mode };
  if (event.type === 'session.stopped') return { ...facts, stage: 'ended' };
  if (event.type !== 'session.started') return facts;
  const { mode, configHash, parent } = event.data;
  return {
    ...facts,
    mode,
    startedAt: event.at,
    configHash,
    parent: parent === null ? null : { session: parent.session, position: parent.position },
  };
}
