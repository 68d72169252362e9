import type { Cancel, Time } from '@arb/shared/runtime';
import type { Queued, RedisQueue } from './redis-queue.ts';

export interface AlertQueueOptions {
  /** Null where there is to be none: then memory and journal are the queue. */
  readonly redis: RedisQueue | null;
  readonly time: Time;
  /** Alerts of the journal from this position on, in order: what does not fit into memory is read again from there. */
  readonly backlog: (from: number, limit: number) => Promise<readonly Queued[]>;
  /** All up to here is in the journal. */
  readonly committed: () => number;
  readonly mayAct: () => boolean;
  /** Its channels have all taken it or given it up. Throws where it cannot be read. */
  readonly settled: (entry: Queued) => boolean;
  /** Resolves once that is so; rejects where this process may not act any more. */
  readonly deliver: (entry: Queued) => Promise<void>;
  /** Where alerts wait has changed. */
  readonly changed: () => void;
  readonly atOnce?: number;
}

export interface QueueStatus {
  readonly store: 'redis' | 'memory';
  readonly why: string;
  readonly waiting: number;
}

/** Alerts in memory, before they are in Redis or while it is away. More are left in the journal and read from there. */
const MOST_WAITING = 10_000;
/** In Redis and not delivered: beyond this they stay in memory and journal. */
const MOST_QUEUED = 10_000;
const BATCH = 500;
const AT_ONCE = 8;
const BLOCK_MS = 200;
const IDLE_MS = 3_000;
const CLAIM_EVERY_MS = 1_000;
const REOPEN_MS = [100, 2_000] as const;
const TICK_MS = 50;
const MOST_RECENT = 50_000;

/**
 * Alerts between the stream and their channels. In Redis while it is there, so that another process goes on with them;
 * in memory while it is not; and whatever fits into neither stands in the journal, where it came from. Raising one never
 * waits. An alert is delivered at least once, and twice only where a process died between sending and saying so.
 */
export class AlertQueue {
  private readonly options: AlertQueueOptions;
  private readonly waiting: Queued[] = [];
  /** Next of `waiting`: taken from the front without moving all others. */
  private head = 0;
  /** Known and not delivered, by position: in memory, in Redis, or on its way. */
  private readonly open = new Map<number, 'waiting' | 'queued' | 'busy'>();
  private queued = 0;
  /** Neither in Redis nor to be put there: delivered as soon as there is room. */
  private readonly straight: Queued[] = [];
  /** The last position that Redis took. */
  private reached = 0;
  private busy = 0;
  /** From this position on the journal is read; null while all is in memory or Redis. */
  private spilledFrom: number | null = null;
  private spilledTo = 0;
  /** Delivered, and to be taken out of Redis. */
  private finished: number[] = [];
  private readonly recent = new Set<number>();
  /** The same in the order of their delivery, round and round: a set takes longer and longer to find its oldest. */
  private readonly delivered: number[] = [];
  private oldest = 0;
  private store: QueueStatus['store'] = 'memory';
  private why = 'Redis has not been asked yet';
  private stopped = false;
  private pumping = false;
  private again = false;
  private wakeTaker: (() => void) | null = null;
  private cancelTick: Cancel | null = null;
  private reopenAt = 0;
  private reopenMs: number = REOPEN_MS[0];
  private opening = false;
  private claimAt = 0;
  private claiming = false;
  private finishing = false;
  private tenure = 0;

  constructor(options: AlertQueueOptions) {
    this.options = options;
    if (options.redis === null) this.why = 'there is no Redis here';
  }

  start(): void {
    const tick = (): void => {
      if (this.stopped) return;
      this.cancelTick = this.options.time.after(TICK_MS, tick);
      this.tick();
    };
    tick();
  }

  stop(): void {
    this.stopped = true;
    this.cancelTick?.();
    this.wakeTaker?.();
    this.options.redis?.close();
  }

  /** Never waits. In the order of positions; one that is known is not taken twice. */
  raise(entry: Queued): void {
    const { position } = entry;
    if (this.open.has(position) || this.recent.has(position)) return;
    if (this.spilledFrom !== null || this.waiting.length - this.head >= MOST_WAITING) this.spill(position);
    else {
      this.open.set(position, 'waiting');
      this.waiting.push(entry);
    }
    this.wake();
  }

  status(): QueueStatus {
    return { store: this.store, why: this.why, waiting: this.waitingCount };
  }

  /** In memory, in Redis or on the way; what only the journal holds is not counted. */
  get waitingCount(): number {
    return this.open.size;
  }

  /** Everything that was raised has been delivered, and Redis holds nothing of it. */
  get idle(): boolean {
    return this.open.size === 0 && this.spilledFrom === null && this.finished.length === 0 && !this.finishing;
  }

  private spill(position: number): void {
    this.spilledFrom = this.spilledFrom === null ? position : Math.min(this.spilledFrom, position);
    this.spilledTo = Math.max(this.spilledTo, position);
  }

  private wake(): void {
    if (this.pumping) this.again = true;
    else {
      this.pumping = true;
      // Not within the call that raises: that one is on the path of the stream.
      setImmediate(() => void this.pump());
    }
  }

  private tick(): void {
    const now = this.options.time.monotonicMs();
    if (this.store === 'memory') void this.reopen(now);
    else {
      if (now >= this.claimAt && !this.claiming && this.options.mayAct()) {
        this.claimAt = now + CLAIM_EVERY_MS;
        void this.claim();
      }
      void this.finish();
    }
    this.wake();
  }

  // ---- Redis comes and goes -----------------------------------------------------------------------------------------

  private async reopen(now: number): Promise<void> {
    const { redis, time, changed } = this.options;
    if (redis === null || this.opening || now < this.reopenAt) return;
    this.opening = true;
    try {
      await redis.open();
      await redis.emptyUnless(this.reached);
      if (this.stopped) redis.close();
      else {
        this.store = 'redis';
        this.why = 'Redis answers';
        this.reopenMs = REOPEN_MS[0];
        this.tenure++;
        void this.takeAll(this.tenure);
        changed();
      }
    } catch (error) {
      const why = reasonOf(error);
      const news = why !== this.why;
      this.why = why;
      this.reopenAt = time.monotonicMs() + this.reopenMs;
      this.reopenMs = Math.min(REOPEN_MS[1], this.reopenMs * 2);
      if (news) changed();
    } finally {
      this.opening = false;
    }
  }

  /** What was in Redis may be gone with it: it is read from the journal again, and what Redis still has is seen to be done then. */
  private lose(error: unknown): void {
    if (this.stopped || this.store === 'memory') return;
    this.store = 'memory';
    this.why = reasonOf(error);
    this.tenure++;
    this.options.redis?.close();
    this.queued = 0;
    this.waiting.length = 0;
    this.straight.length = 0;
    this.head = 0;
    // In order again, it all comes from the journal.
    for (const [position, state] of this.open) {
      if (state === 'busy') continue;
      this.open.delete(position);
      this.spill(position);
    }
    this.reopenAt = this.options.time.monotonicMs() + this.reopenMs;
    this.options.changed();
    this.wake();
  }

  // ---- from memory and journal onward -------------------------------------------------------------------------------

  private async pump(): Promise<void> {
    try {
      do {
        this.again = false;
        while (!this.stopped && this.options.mayAct() && (await this.step()));
      } while (this.again && !this.stopped);
    } finally {
      this.pumping = false;
    }
  }

  /** True when it may be worth another one. */
  private async step(): Promise<boolean> {
    await this.refill();
    const redis = this.store === 'redis' ? this.options.redis : null;
    if (redis === null) {
      if (this.busy >= this.atOnce) return false;
      const [entry] = this.next(1);
      if (entry === undefined) return false;
      void this.handle(entry, false);
      return true;
    }
    while (this.straight.length > 0 && this.busy < this.atOnce) void this.handle(this.straight.shift() as Queued, false);
    const batch = this.next(Math.min(BATCH, MOST_QUEUED - this.queued));
    if (batch.length === 0) return false;
    const { tenure } = this;
    for (const { position } of batch) this.enqueued(position);
    try {
      const known = await redis.add(batch);
      this.reached = Math.max(this.reached, (batch[batch.length - 1] as Queued).position);
      // Redis has seen something newer, and may have no place for these any more: what it does not hold goes straight on.
      const missing = known.length === 0 ? [] : await redis.missing(known);
      if (tenure === this.tenure) this.straight.push(...missing.filter(({ position }) => this.open.get(position) === 'queued'));
    } catch (error) {
      if (tenure === this.tenure) this.lose(error);
    }
    return true;
  }

  private enqueued(position: number): void {
    this.open.set(position, 'queued');
    this.queued++;
  }

  private async refill(): Promise<void> {
    if (this.spilledFrom === null || this.waiting.length - this.head > MOST_WAITING / 2) return;
    const from = this.spilledFrom;
    let page: readonly Queued[];
    try {
      page = await this.options.backlog(from, BATCH * 2);
    } catch {
      return; // it stays in the journal and is read with the next tick; whoever gave `backlog` tells why it failed
    }
    // While the page was read, what it begins with may have been spilled anew.
    if (this.spilledFrom !== from) return;
    for (const entry of page) {
      if (this.open.has(entry.position) || this.recent.has(entry.position) || this.options.settled(entry)) continue;
      this.open.set(entry.position, 'waiting');
      this.waiting.push(entry);
    }
    const last = page[page.length - 1];
    if (last !== undefined) this.spilledFrom = last.position + 1;
    if ((last?.position ?? from - 1) >= this.spilledTo || (page.length === 0 && this.options.committed() >= this.spilledTo))
      this.spilledFrom = null;
  }

  /** The next ones of memory that the journal has. */
  private next(most: number): readonly Queued[] {
    const committed = this.options.committed();
    const taken: Queued[] = [];
    while (taken.length < most && this.head < this.waiting.length) {
      const entry = this.waiting[this.head] as Queued;
      if (entry.position > committed) break;
      this.head++;
      // Redis may have brought it meanwhile.
      if (this.open.get(entry.position) === 'waiting') taken.push(entry);
    }
    if (this.head > 1_000 && this.head * 2 > this.waiting.length) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
    return taken;
  }

  // ---- out of Redis -------------------------------------------------------------------------------------------------

  private async takeAll(tenure: number): Promise<void> {
    const redis = this.options.redis as RedisQueue;
    try {
      while (!this.stopped && tenure === this.tenure) {
        const free = this.atOnce - this.busy;
        // Some at a time: one round trip for each would be slower than what it brings.
        if (free < Math.max(1, this.atOnce / 4) || !this.options.mayAct()) {
          await this.change();
          continue;
        }
        for (const entry of await redis.take(free, BLOCK_MS)) if (tenure === this.tenure) this.took(entry);
      }
    } catch (error) {
      if (tenure === this.tenure) this.lose(error);
    }
  }

  private async claim(): Promise<void> {
    const { tenure } = this;
    const free = this.atOnce - this.busy;
    if (free <= 0) return;
    this.claiming = true;
    try {
      for (const entry of await (this.options.redis as RedisQueue).claim(IDLE_MS, free)) if (tenure === this.tenure) this.took(entry);
    } catch (error) {
      if (tenure === this.tenure) this.lose(error);
    } finally {
      this.claiming = false;
    }
  }

  private took(entry: Queued): void {
    if (this.open.get(entry.position) === 'busy') return;
    let settled: boolean;
    try {
      settled = this.recent.has(entry.position) || this.options.settled(entry);
    } catch {
      void this.readAnew(entry.position);
      return;
    }
    if (settled) this.settle(entry.position);
    else void this.handle(entry, true);
  }

  /** What another version wrote may not be readable by this one. The journal has the alert too: it goes on from there. */
  private async readAnew(position: number): Promise<void> {
    const { tenure } = this;
    try {
      await (this.options.redis as RedisQueue).done([position]);
    } catch (error) {
      if (tenure === this.tenure) this.lose(error);
      return;
    }
    if (this.stopped || this.open.get(position) === 'busy') return;
    if (this.open.get(position) === 'queued') this.queued--;
    this.open.delete(position);
    this.spill(position);
    this.wake();
  }

  /** Until a delivery ends, or a while has passed. */
  private change(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.time.after(TICK_MS, () => resolve());
      this.wakeTaker = () => {
        cancel();
        resolve();
      };
    });
  }

  // ---- one alert ----------------------------------------------------------------------------------------------------

  private async handle(entry: Queued, fromRedis: boolean): Promise<void> {
    const { position } = entry;
    if (this.open.get(position) === 'queued') this.queued--;
    this.open.set(position, 'busy');
    this.busy++;
    try {
      await this.options.deliver(entry);
      this.settle(position);
    } catch {
      // This process may not act any more, or whoever gave `deliver` tells why it failed. Redis keeps what came from it; what came
      // from memory waits there again.
      this.open.delete(position);
      if (!fromRedis && !this.stopped) this.spill(position);
    } finally {
      this.busy--;
      this.wakeTaker?.();
      this.wake();
    }
  }

  private settle(position: number): void {
    if (this.open.get(position) === 'queued') this.queued--;
    this.open.delete(position);
    this.remember(position);
    if (this.options.redis !== null && this.finished.length < MOST_RECENT) this.finished.push(position);
    if (this.finished.length >= BATCH) void this.finish();
  }

  private remember(position: number): void {
    if (this.recent.has(position)) return;
    this.recent.add(position);
    if (this.delivered.length < MOST_RECENT) {
      this.delivered.push(position);
      return;
    }
    this.recent.delete(this.delivered[this.oldest] as number);
    this.delivered[this.oldest] = position;
    this.oldest = (this.oldest + 1) % MOST_RECENT;
  }

  private async finish(): Promise<void> {
    if (this.finishing || this.finished.length === 0 || this.store === 'memory') return;
    this.finishing = true;
    const { tenure } = this;
    const batch = this.finished.splice(0, BATCH * 2);
    try {
      await (this.options.redis as RedisQueue).done(batch);
    } catch (error) {
      // It comes out of Redis again, and is known to be done then.
      if (tenure === this.tenure) this.lose(error);
    } finally {
      this.finishing = false;
    }
  }

  private get atOnce(): number {
    return this.options.atOnce ?? AT_ONCE;
  }
}

function reasonOf(error: unknown): string {
  const { message = 'no reason' } = error as Error;
  // What ioredis says may hold the server's address with a password.
  return message.replace(/rediss?:\/\/[^\s]*/g, 'redis').slice(0, 200);
}
