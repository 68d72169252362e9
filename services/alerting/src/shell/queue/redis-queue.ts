import { Redis } from 'ioredis';
import type { QueueKeys } from './keys.ts';

/** One alert as it waits: where it stands in the session, and its letter as JSON. */
export interface Queued {
  readonly position: number;
  readonly body: string;
}

const COMMAND_MS = 2_000;
const GROUP = 'delivery';
/** Dead letters are for people to look at: the oldest of more than this go. */
const MOST_DEAD = 10_000;

/**
 * The queue in Redis: a stream whose entry ids are the alerts' positions, read by a consumer group. Redis refuses an id
 * that is not above the last, so an alert that is added twice (after a lost answer, or by the next process) is in it once.
 */
export class RedisQueue {
  private readonly url: string;
  private readonly keys: QueueKeys;
  private readonly consumer: string;
  private commands: Redis | null = null;
  private blocking: Redis | null = null;

  constructor(url: string, keys: QueueKeys, consumer: string) {
    this.url = url;
    this.keys = keys;
    this.consumer = consumer;
  }

  /** Connects and makes the consumer group; rejects while Redis is away. */
  async open(): Promise<void> {
    this.close();
    const commands = client(this.url, { commandTimeout: COMMAND_MS });
    const blocking = client(this.url, {});
    this.commands = commands;
    this.blocking = blocking;
    try {
      await Promise.all([commands.connect(), blocking.connect()]);
      await this.makeGroup();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.commands?.disconnect();
    this.blocking?.disconnect();
    this.commands = null;
    this.blocking = null;
  }

  private async makeGroup(): Promise<void> {
    try {
      await this.redis.xgroup('CREATE', this.keys.waiting, GROUP, '0', 'MKSTREAM');
    } catch (error) {
      if (!(error as Error).message.startsWith('BUSYGROUP')) throw error;
    }
  }

  /** In the order of their positions. Gives those that Redis knew already, or knows something newer than. */
  async add(entries: readonly Queued[]): Promise<readonly Queued[]> {
    const pipeline = this.redis.pipeline();
    for (const { position, body } of entries) pipeline.xadd(this.keys.waiting, `${position}-0`, 'a', body);
    const results = (await pipeline.exec()) ?? [];
    if (results.length !== entries.length) throw new Error('redis answered to fewer additions than were sent');
    return entries.filter((_, i) => {
      const error = results[i]?.[0] ?? null;
      if (error === null) return false;
      if (error.message.includes('equal or smaller')) return true;
      throw error;
    });
  }

  /** Those that Redis does not hold at this moment. */
  async missing(entries: readonly Queued[]): Promise<readonly Queued[]> {
    const pipeline = this.redis.pipeline();
    for (const { position } of entries) pipeline.xrange(this.keys.waiting, `${position}-0`, `${position}-0`);
    const results = (await pipeline.exec()) ?? [];
    return entries.filter((_, i) => {
      const [error = null, found] = results[i] ?? [];
      if (error !== null) throw error;
      return (found as readonly unknown[]).length === 0;
    });
  }

  /** Begins anew, with nothing in it, where Redis has lost what it held: it would refuse to take that in again. */
  async emptyUnless(reached: number): Promise<void> {
    const info = (await this.redis.xinfo('STREAM', this.keys.waiting)) as readonly unknown[] | Readonly<Record<string, unknown>>;
    const last = String(isList(info) ? info[info.indexOf('last-generated-id') + 1] : info['last-generated-id']);
    if (Number(last.split('-')[0]) >= reached) return;
    await this.redis.del(this.keys.waiting);
    await this.makeGroup();
  }

  /** New entries, waiting for some for at most `blockMs`. */
  async take(count: number, blockMs: number): Promise<readonly Queued[]> {
    const { blocking } = this;
    if (blocking === null) throw new Error('redis is not connected');
    let cancel: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = setTimeout(() => reject(new Error('redis did not answer in time')), blockMs + COMMAND_MS);
    });
    const read = blocking.xreadgroup('GROUP', GROUP, this.consumer, 'COUNT', count, 'BLOCK', blockMs, 'STREAMS', this.keys.waiting, '>');
    read.catch(() => {}); // looked at below, unless the wait is over first
    try {
      const found = (await Promise.race([read, late])) as [string, RawEntry[]][] | null;
      return entriesOf(found?.[0]?.[1] ?? []);
    } finally {
      clearTimeout(cancel);
    }
  }

  /** Entries that somebody took and did not finish for so long: now they are this consumer's. */
  async claim(idleMs: number, count: number): Promise<readonly Queued[]> {
    const found = (await this.redis.xautoclaim(this.keys.waiting, GROUP, this.consumer, idleMs, '0', 'COUNT', count)) as [
      string,
      RawEntry[],
    ];
    return entriesOf(found[1]);
  }

  /** Done with: they leave the group and the stream. */
  async done(positions: readonly number[]): Promise<void> {
    const ids = positions.map((position) => `${position}-0`);
    const pipeline = this.redis.pipeline();
    pipeline.xack(this.keys.waiting, GROUP, ...ids);
    pipeline.xdel(this.keys.waiting, ...ids);
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }

  async length(): Promise<number> {
    return this.redis.xlen(this.keys.waiting);
  }

  // ---- dead letters -------------------------------------------------------------------------------------------------

  async bury(body: string): Promise<void> {
    await this.redis.xadd(this.keys.dead, 'MAXLEN', '~', MOST_DEAD, '*', 'a', body);
  }

  async dead(): Promise<number> {
    return this.redis.xlen(this.keys.dead);
  }

  /** What people want sent once more. */
  async again(count: number): Promise<readonly { readonly id: string; readonly body: string }[]> {
    const found = (await this.redis.xrange(this.keys.again, '-', '+', 'COUNT', count)) as RawEntry[];
    return found.map(([id, fields]) => ({ id, body: fields?.[1] ?? '' }));
  }

  async sentAgain(id: string): Promise<void> {
    await this.redis.xdel(this.keys.again, id);
  }

  private get redis(): Redis {
    if (this.commands === null) throw new Error('redis is not connected');
    return this.commands;
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

type RawEntry = [id: string, fields: string[] | null];

/** Entries that were deleted while they were pending come without fields. */
function entriesOf(raw: readonly RawEntry[]): readonly Queued[] {
  return raw.flatMap(([id, fields]) => (fields === null ? [] : [{ position: Number(id.split('-')[0]), body: fields[1] ?? '' }]));
}

/** It never reconnects by itself: a queue that was away may have lost what it held, so it is opened anew. */
function client(url: string, options: { readonly commandTimeout?: number }): Redis {
  const redis = new Redis(url, {
    ...options,
    lazyConnect: true,
    connectTimeout: COMMAND_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  });
  redis.on('error', () => {}); // the command under way rejects as well, and that one is looked at
  return redis;
}
