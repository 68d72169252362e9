import nodeProcess from 'node:process';
import { Killed, Process } from './process.ts';
import { type Happening, Queue } from './queue.ts';
import { Random, type Range } from './random.ts';
import { Trace } from './trace.ts';

export interface WorldOptions {
  /** One line that runs this seed again, shown with a failure. */
  readonly rerun?: (seed: string) => string;
  /** A run that takes more is going in circles. */
  readonly mostEvents?: number;
  /** True time at the start, µs since the epoch. */
  readonly startMicros?: number;
  readonly traceLines?: number;
}

/** Something that must never happen did. Its message holds all that is needed to see it again. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
}

/** Turns of the event loop that are asked for at once: Node.js empties the microtasks between two of them. */
const TURNS = 64;

/**
 * The clock, the order of events and the dice of a simulated world. One seed, one history: nothing here or in the
 * simulated bus and database reads a real clock or a real random number.
 */
export class World {
  readonly seed: string;
  readonly random: Random;
  /** µs since the start. */
  now = 0;
  events = 0;
  failure: SimulationFailure | null = null;
  /** How often each point was passed, by `<process> <point>`: where a later run may kill. */
  readonly points = new Map<string, number>();
  /** Probability that a process dies at a probe it passes. */
  killChanceAtPoints = 0;
  private readonly queue = new Queue();
  private readonly record: Trace;
  private readonly boots = new Map<string, number>();
  private readonly kills: { process: Process | string; point: string; left: number }[] = [];
  private readonly startMicros: number;
  private readonly mostEvents: number;
  private readonly rerun: (seed: string) => string;

  constructor(seed: string | number, options: WorldOptions = {}) {
    this.seed = String(seed);
    this.random = new Random(this.seed);
    this.record = new Trace(options.traceLines);
    this.startMicros = options.startMicros ?? 1_767_225_600_000_000;
    this.mostEvents = options.mostEvents ?? 1_000_000;
    this.rerun = options.rerun ?? ((own) => `SEED=${own} NODE_OPTIONS=--experimental-vm-modules npx jest libs/shared/src/simulation`);
  }

  /** µs since the epoch by the clock that nobody in the world can read. */
  trueMicros(now = this.now): number {
    return this.startMicros + now;
  }

  get traceHash(): string {
    return this.record.hash();
  }

  trace(who: string, what: string, ...words: (string | number)[]): void {
    this.record.add(this.now, who, what, words);
  }

  // ---- processes ----------------------------------------------------------------------------------------------------

  process(name: string): Process {
    const boot = (this.boots.get(name) ?? 0) + 1;
    this.boots.set(name, boot);
    this.trace(name, 'boots', boot);
    return new Process(this, name, boot);
  }

  /** Starts a process and starts it again, after a while, each time it has died. `start` runs inside the new process. */
  supervise(name: string, start: (process: Process) => void | Promise<void>, restartMs: Range = { least: 20, most: 3000 }): Supervised {
    const supervised: Supervised = {
      process: null,
      running: true,
      stop: () => {
        supervised.running = false;
        supervised.process?.kill('stopped by its supervisor');
      },
      start: () => {
        supervised.running = true;
        if (supervised.process === null) begin();
      },
    };
    const begin = () => {
      if (!supervised.running || supervised.process !== null) return;
      const process = this.process(name);
      supervised.process = process;
      process.onDeath(() => {
        supervised.process = null;
        this.at(this.now + this.random.delay(restartMs) * 1000, begin);
      });
      process.input(0, () => {
        const started = start(process);
        if (started !== undefined) started.catch((error: unknown) => this.leaked(process, error));
      });
    };
    begin();
    return supervised;
  }

  /** Kills the process (or every one of that name, counted over its boots) when it passes the point for the nth time from now. */
  killAt(process: Process | string, point: string, occurrence = 1): void {
    this.kills.push({ process, point, left: occurrence });
  }

  /** No process dies at a probe any more, whatever was asked for. */
  forgetKills(): void {
    this.kills.length = 0;
    this.killChanceAtPoints = 0;
  }

  /** Asked by a probe: true when the process is to die here. */
  reached(process: Process, point: string): boolean {
    const key = `${process.name} ${point}`;
    this.points.set(key, (this.points.get(key) ?? 0) + 1);
    this.record.mix(key.length);
    let dies = this.random.chance(this.killChanceAtPoints);
    for (const kill of this.kills)
      if (kill.point === point && (kill.process === process || kill.process === process.name) && --kill.left === 0) dies = true;
    return dies;
  }

  // ---- time ---------------------------------------------------------------------------------------------------------

  schedule(at: number, owner: Process | null, kind: Happening['kind'], run: () => void): Happening {
    if (!(at >= this.now)) throw new Error(`schedule: expected a time from ${this.now} µs on, found ${at}`);
    const item = this.queue.make(Math.ceil(at), owner, kind, run);
    this.queue.push(item);
    return item;
  }

  again(item: Happening): void {
    this.queue.again(item, this.now);
  }

  /** Something happens outside all processes, at a time in µs. */
  at(micros: number, run: () => void): Happening {
    return this.schedule(Math.max(micros, this.now), null, 'input', run);
  }

  /** The same, in ms from now: for scenarios. */
  after(ms: number, run: () => void): Happening {
    return this.at(this.now + Math.round(ms * 1000), run);
  }

  /** Runs all that happens up to `untilMs` after the start; the world's time is then exactly that. */
  async run(untilMs: number): Promise<void> {
    const until = Math.round(untilMs * 1000);
    await this.turn(until, () => false);
    if (this.now < until) this.now = until;
  }

  /** Runs for so many ms. */
  runFor(ms: number): Promise<void> {
    return this.run(this.now / 1000 + ms);
  }

  /** Runs until the condition holds, seen after an event; fails when it does not within `limitMs`. */
  async until(condition: () => boolean, limitMs: number, what = 'the condition awaited'): Promise<void> {
    const limit = this.now + Math.round(limitMs * 1000);
    if (condition()) return;
    let held = false;
    await this.turn(limit, () => {
      held = condition();
      return held;
    });
    if (!held) this.fail(`${what} did not come about within ${limitMs} ms`);
  }

  /** Runs one event; false when there is none. */
  async step(): Promise<boolean> {
    const before = this.events;
    await this.turn(Number.MAX_SAFE_INTEGER, () => this.events > before);
    return this.events > before;
  }

  /**
   * One event a turn of the event loop, so that every promise that an event settles has run all its consequences
   * before the next one. Real I/O is not waited for: code that is simulated has none.
   */
  private turn(until: number, enough: () => boolean): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      let armed: NodeJS.Immediate[] = [];
      let over = false;
      const rejected = (error: unknown) => this.leaked(null, error);
      nodeProcess.on('unhandledRejection', rejected);
      const finish = (settle: () => void) => {
        over = true;
        for (const immediate of armed) clearImmediate(immediate);
        nodeProcess.off('unhandledRejection', rejected);
        settle();
      };
      let left = 0;
      const one = () => {
        if (over) return;
        try {
          if (this.failure !== null) throw this.failure;
          if (enough() || !this.happen(until)) return finish(resolve);
        } catch (error) {
          return finish(() => reject(error as Error));
        }
        if (--left === 0) arm();
      };
      const arm = () => {
        left = TURNS;
        armed = [];
        for (let i = 0; i < TURNS; i++) armed.push(setImmediate(one));
      };
      arm();
    });
  }

  private happen(until: number): boolean {
    for (;;) {
      const next = this.queue.peek();
      if (next === undefined || next.at > until) return false;
      this.queue.pop();
      const owner = next.owner;
      if (owner !== null && (!owner.alive || owner.putsAside(next))) continue;
      if (next.cancelled) continue;
      this.now = next.at;
      this.record.mix(next.at);
      this.record.mix(next.first);
      if (++this.events > this.mostEvents) this.fail(`more than ${this.mostEvents} events: something goes in circles`);
      try {
        next.run();
      } catch (error) {
        this.leaked(owner, error);
      }
      if (this.failure !== null) throw this.failure;
      return true;
    }
  }

  // ---- failures -----------------------------------------------------------------------------------------------------

  /** An exception that nobody in the simulated code caught. */
  private leaked(process: Process | null, error: unknown): void {
    if (error instanceof Killed || error === this.failure || (process !== null && !process.alive)) return;
    const who = process === null ? 'the world' : process.name;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.failure ??= this.describe(`an exception was not caught in ${who}: ${text}`, error);
  }

  /** Ends the run, with the seed, the way to run it again and what happened last. */
  fail(why: string, cause?: unknown): never {
    this.failure ??= this.describe(why, cause);
    throw this.failure;
  }

  private describe(why: string, cause: unknown): SimulationFailure {
    return new SimulationFailure(`${why}\n${this.report()}`, { cause });
  }

  report(): string {
    const lines = this.record.lines();
    return [
      `seed ${this.seed} at ${this.now / 1000} ms, event ${this.events}, trace ${this.traceHash}`,
      `again: ${this.rerun(this.seed)}`,
      `the last ${lines.length} of ${this.record.count} trace lines:`,
      ...lines,
    ].join('\n');
  }
}

export interface Supervised {
  /** Null between a death and the next start. */
  process: Process | null;
  running: boolean;
  stop(): void;
  start(): void;
}
