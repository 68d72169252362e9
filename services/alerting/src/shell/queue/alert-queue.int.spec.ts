import { realTime } from '@arb/shared/hosting';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../testing/index.ts';
import { AlertQueue, type AlertQueueOptions } from './alert-queue.ts';
import { queueKeys } from './keys.ts';
import { type Queued, RedisQueue } from './redis-queue.ts';

let server: RedisServer;
let admin: Redis;
let sessions = 0;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  admin = new Redis(server.url, { retryStrategy: () => 50 });
  admin.on('error', () => {});
  await admin.ping();
});

/** A journal of alerts in memory, and one queue over it with a channel that remembers. */
class Bench {
  readonly keys = queueKeys('test', `s${++sessions}`);
  readonly journal: Queued[] = [];
  readonly delivered: number[] = [];
  readonly settled = new Set<number>();
  mayAct = true;
  hold: Promise<void> | null = null;
  private readonly queues: AlertQueue[] = [];
  private readonly waiting: { readonly count: number; readonly done: () => void }[] = [];

  queue(consumer = 'c1', change: Partial<AlertQueueOptions> = {}): AlertQueue {
    const queue = new AlertQueue({
      redis: new RedisQueue(server.url, this.keys, consumer),
      time: realTime,
      backlog: async (from, limit) => this.journal.filter(({ position }) => position >= from).slice(0, limit),
      committed: () => this.journal.length * 10,
      mayAct: () => this.mayAct,
      settled: ({ position }) => this.settled.has(position),
      deliver: (entry) => this.deliver(entry),
      changed: () => {},
      ...change,
    });
    this.queues.push(queue);
    queue.start();
    return queue;
  }

  private async deliver({ position }: Queued): Promise<void> {
    await this.hold;
    if (!this.mayAct) throw new Error('not mine');
    this.delivered.push(position);
    this.settled.add(position);
    for (const { count, done } of this.waiting) if (this.settled.size >= count) done();
  }

  /** Alerts as the stream brings them: journaled, then raised. */
  raise(queue: AlertQueue, count: number): void {
    for (let i = 0; i < count; i++) {
      const entry = { position: (this.journal.length + 1) * 10, body: `alert ${this.journal.length + 1}` };
      this.journal.push(entry);
      queue.raise(entry);
    }
  }

  untilDelivered(count: number): Promise<void> {
    if (this.settled.size >= count) return Promise.resolve();
    return new Promise((done) => this.waiting.push({ count, done }));
  }

  stop(): void {
    for (const queue of this.queues) queue.stop();
  }
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 10));
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => {
  bench.stop();
  admin.disconnect();
});

describe('the alert queue', () => {
  it('delivers each alert once, in order, and leaves nothing in Redis', async () => {
    const queue = bench.queue('c1', { atOnce: 1 });
    bench.raise(queue, 200);
    await bench.untilDelivered(200);
    expect(bench.delivered).toEqual(bench.journal.map(({ position }) => position));
    await until(() => queue.idle);
    expect(await admin.xlen(bench.keys.waiting)).toBe(0);
    expect(queue.status().store).toBe('redis');
  });

  it('reads from the journal what another version wrote into Redis and this one cannot read, and stays with Redis', async () => {
    await admin.xadd(bench.keys.waiting, '10-0', 'a', 'of a version to come');
    await admin.xadd(bench.keys.waiting, '20-0', 'b', 'x');
    bench.journal.push({ position: 10, body: 'alert 1' }, { position: 20, body: 'alert 2' });
    const stores: string[] = [];
    const bodies = new Map<number, string>();
    const queue: AlertQueue = bench.queue('c1', {
      settled: ({ position, body }) => {
        if (!body.startsWith('alert ')) throw new Error('this is no alert');
        bodies.set(position, body);
        return bench.settled.has(position);
      },
      changed: () => stores.push(queue.status().store),
    });
    bench.raise(queue, 3);
    await bench.untilDelivered(5);
    expect([...bench.delivered].sort((a, b) => a - b)).toEqual([10, 20, 30, 40, 50]);
    expect([bodies.get(10), bodies.get(20)]).toEqual(['alert 1', 'alert 2']);
    await until(() => queue.idle);
    expect(await admin.xlen(bench.keys.waiting)).toBe(0);
    expect(stores).toEqual(['redis']);
  });

  it('takes the same alert once, however often it is raised', async () => {
    const queue = bench.queue();
    bench.raise(queue, 3);
    for (const entry of bench.journal) queue.raise(entry);
    await bench.untilDelivered(3);
    for (const entry of bench.journal) queue.raise(entry);
    bench.raise(queue, 1);
    await bench.untilDelivered(4);
    expect(bench.delivered).toHaveLength(4);
  });

  it('touches nothing that is not in the journal yet', async () => {
    let committed = 0;
    const queue = bench.queue('c1', { committed: () => committed });
    bench.raise(queue, 2);
    await until(() => queue.status().store === 'redis');
    await admin.ping();
    expect(bench.delivered).toEqual([]);
    committed = 10;
    await bench.untilDelivered(1);
    expect(bench.delivered).toEqual([10]);
    committed = 20;
    await bench.untilDelivered(2);
  });

  it('goes on from memory while Redis is away, and with Redis again when it is back', async () => {
    const queue = bench.queue();
    bench.raise(queue, 10);
    await bench.untilDelivered(10);
    await server.kill();
    bench.raise(queue, 10);
    await bench.untilDelivered(20);
    expect(queue.status()).toMatchObject({ store: 'memory' });
    await server.restart();
    await until(() => queue.status().store === 'redis');
    bench.raise(queue, 10);
    await bench.untilDelivered(30);
    await until(() => queue.idle);
    expect(new Set(bench.delivered).size).toBe(30);
  });

  it('delivers what Redis held when it is emptied, and what it held when it was lost', async () => {
    let release = (): void => {};
    bench.hold = new Promise((resolve) => {
      release = resolve;
    });
    const queue = bench.queue('c1', { atOnce: 2 });
    await until(() => queue.status().store === 'redis');
    bench.raise(queue, 300);
    await until(async () => (await admin.xlen(bench.keys.waiting)) === 300);
    await admin.flushall();
    bench.raise(queue, 100);
    release();
    bench.hold = null;
    await bench.untilDelivered(400);
    await until(() => queue.idle);
    expect([...new Set(bench.delivered)].sort((a, b) => a - b)).toEqual(bench.journal.map(({ position }) => position));
  });

  it('leaves in the journal what does not fit into memory, and comes back for it', async () => {
    bench.mayAct = false;
    const queue = bench.queue('c1', { atOnce: 100 });
    bench.raise(queue, 25_000);
    expect(queue.waitingCount).toBe(10_000);
    bench.mayAct = true;
    await bench.untilDelivered(25_000);
    expect(new Set(bench.delivered).size).toBe(25_000);
  });

  it('goes on with what another process took and did not finish', async () => {
    bench.hold = new Promise(() => {});
    const dying = bench.queue('dying', { atOnce: 5 });
    await until(() => dying.status().store === 'redis');
    bench.raise(dying, 5);
    await until(async () => ((await admin.xpending(bench.keys.waiting, 'delivery').catch(() => [0])) as [number])[0] === 5);
    dying.stop();
    bench.hold = null;
    const next = bench.queue('next');
    await until(() => next.status().store === 'redis');
    // What the next process knows as undelivered is raised there too, and Redis knows it already.
    for (const entry of bench.journal) next.raise(entry);
    await bench.untilDelivered(5);
    await until(() => next.idle);
    expect(bench.delivered).toHaveLength(5);
  });

  it('delivers what the next process knows and Redis does not', async () => {
    const first = bench.queue('first');
    bench.raise(first, 3);
    await bench.untilDelivered(3);
    await until(() => first.idle);
    first.stop();
    bench.settled.delete(20);
    const next = bench.queue('next');
    next.raise(bench.journal[1] as Queued);
    await bench.untilDelivered(3);
    expect(bench.delivered).toEqual([10, 20, 30, 20]);
  });

  it('does nothing without the lease, and all of it once it is there', async () => {
    bench.mayAct = false;
    const queue = bench.queue();
    bench.raise(queue, 5);
    await until(() => queue.status().store === 'redis');
    expect(await admin.xlen(bench.keys.waiting)).toBe(0);
    bench.mayAct = true;
    await bench.untilDelivered(5);
    expect(bench.delivered).toHaveLength(5);
  });

  it('works where there is no Redis at all', async () => {
    const queue = bench.queue('c1', { redis: null });
    bench.raise(queue, 50);
    await bench.untilDelivered(50);
    expect(queue.status().store).toBe('memory');
    expect(new Set(bench.delivered).size).toBe(50);
  });
});
