import type { Time } from '../runtime/ports.ts';
import type { Happening } from './queue.ts';
import type { World } from './world.ts';

/** Called by the code under test at the places where a crash is interesting. */
export type Probe = (point: string) => void;

/** Thrown by a probe: the process that called it is dead, and what it does on the way out has no effect. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** What a process holds and what must know that it died: links, database connections. */
export interface Held {
  processDied(): void;
}

/** A promise of a process: it settles only while the process lives and is awake. */
export interface Settling<T> {
  readonly promise: Promise<T>;
  readonly settled: boolean;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** 2^31 − 1: above it Node.js fires at once. */
const MOST_TIMER_MS = 2_147_483_647;

/**
 * One run of one operating system process, from its start to its death; a restart is a new one of the same name.
 * All that happens inside it comes through `input` and `time.after`, so that it can be put to sleep and killed.
 */
export class Process {
  alive = true;
  /** Why it died, for people. */
  end: string | null = null;
  /** µs that its wall clock is ahead of true time. */
  clockSkewMicros = 0;
  readonly time: Time;
  readonly probe: Probe;
  private readonly held = new Set<Held>();
  private readonly deathWatchers: ((why: string) => void)[] = [];
  private asleepUntil = 0;
  private waiting: Happening[] = [];
  private lateOnes = 0;

  constructor(
    readonly world: World,
    readonly name: string,
    readonly boot: number,
  ) {
    const random = world.random.fork(`process/${name}/${boot}`);
    // Two processes never agree on a monotonic clock, nor on the phase of their millisecond.
    const origin = random.below(1_000_000_000);
    const phase = random.below(1000);
    const bornAt = world.now;
    let lastNow = world.now;
    const now = () => {
      if (this.alive) lastNow = world.now;
      return lastNow;
    };
    this.time = {
      monotonicMs: () => (now() - bornAt + origin) / 1000,
      wallMicros: () => world.trueMicros(now()) + this.clockSkewMicros,
      after: (ms, call) => {
        if (!(ms <= MOST_TIMER_MS)) throw new Error(`${name}: after: expected at most ${MOST_TIMER_MS} ms, found ${ms}`);
        if (!this.alive) return () => {};
        const due = world.now + Math.max(1, Math.ceil(ms * 1000));
        const timer = world.schedule(Math.ceil((due - phase) / 1000) * 1000 + phase, this, 'timer', call);
        return () => {
          timer.cancelled = true;
        };
      },
    };
    this.probe = (point) => {
      if (!this.alive) throw new Killed(`${name} is dead`);
      if (!world.reached(this, point)) return;
      this.kill(`killed at ${point}`);
      throw new Killed(`${name} was killed at ${point}`);
    };
  }

  get asleep(): boolean {
    return this.asleepUntil > this.world.now;
  }

  /** Something from outside reaches the process: a message, an answer, the end of a connection. */
  input(delayMicros: number, run: () => void): Happening {
    return this.world.schedule(this.world.now + delayMicros, this, 'input', run);
  }

  settling<T>(): Settling<T> {
    let resolveIt: (value: T) => void = () => {};
    let rejectIt: (error: Error) => void = () => {};
    const promise = new Promise<T>((resolve, reject) => {
      resolveIt = resolve;
      rejectIt = reject;
    });
    const process = this;
    const state = {
      promise,
      settled: false,
      resolve(value: T): void {
        if (state.settled || !process.alive) return;
        state.settled = true;
        resolveIt(value);
      },
      reject(error: Error): void {
        if (state.settled || !process.alive) return;
        state.settled = true;
        rejectIt(error);
      },
    };
    return state;
  }

  hold(what: Held): void {
    if (this.alive) this.held.add(what);
  }

  letGo(what: Held): void {
    this.held.delete(what);
  }

  /** Called once, in the world (not in the process), when it dies in whatever way. */
  onDeath(call: (why: string) => void): void {
    this.deathWatchers.push(call);
  }

  /** Nothing of it ever runs again. Of what it sent, a prefix on each link may still arrive. */
  kill(why = 'killed'): void {
    if (!this.alive) return;
    // The clock of the dead stands still.
    this.time.monotonicMs();
    this.alive = false;
    this.end = why;
    this.waiting = [];
    this.world.trace(this.name, 'dies', why);
    for (const what of this.held) what.processDied();
    this.held.clear();
    for (const call of this.deathWatchers) call(why);
  }

  /** For the code under test: the process ends itself, as `process.exit` would, with what is unsent left unsent. */
  exit(why: string): void {
    this.kill(`exit: ${why}`);
  }

  /** Stops for a while, as in a long pause of the machine: all that is due waits, then comes late; its clocks have gone on. */
  sleep(ms: number): void {
    if (!this.alive) return;
    const until = this.world.now + Math.round(ms * 1000);
    if (until <= this.asleepUntil) return;
    this.asleepUntil = until;
    this.world.trace(this.name, 'sleeps', ms);
    this.world.schedule(until, null, 'input', () => this.wake());
  }

  /** Asked by the world before each happening of this process: true when it was put aside. */
  putsAside(item: Happening): boolean {
    const wasLate = item.late;
    if (wasLate) {
      item.late = false;
      this.lateOnes--;
    }
    if (this.asleepUntil > item.at || (this.lateOnes > 0 && !wasLate)) {
      if (!item.cancelled) this.waiting.push(item);
      return true;
    }
    if (this.lateOnes === 0 && this.waiting.length > 0) this.wake();
    return false;
  }

  private wake(): void {
    if (!this.alive || this.asleep || this.lateOnes > 0) return;
    const late = this.waiting;
    this.waiting = [];
    // After a pause an event loop may see its timers or its sockets first; each kind keeps its own order.
    const firstKind = this.world.random.pick(['any', 'any', 'any', 'timer', 'input']);
    const rank = (item: Happening) => (item.kind === firstKind ? 0 : 1);
    late.sort((a, b) => (firstKind === 'any' ? 0 : rank(a) - rank(b)) || a.due - b.due || a.first - b.first);
    this.lateOnes = late.length;
    if (late.length > 0) this.world.trace(this.name, 'wakes with late happenings', late.length);
    for (const item of late) {
      item.late = true;
      this.world.again(item);
    }
  }
}
