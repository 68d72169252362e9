import {
  type AnyEvent,
  CATALOG,
  type EventKind,
  type EventType,
  encodeOutput,
  type Header,
  type PositionRef,
  type ServiceName,
  subjectOf,
  upcast,
} from '../contracts/index.ts';
import type { Core, CoreContext, Json } from '../core/index.ts';
import { drawOf } from './draw.ts';

/** Other inputs may move core time this far above the highest clock, not further. */
const AHEAD_OF_CLOCK_MICROS = 1_000_000;
export const MAX_TIMERS = 100_000;
/** Timers that one input may fire: more is a timer that sets itself again for now. */
const MAX_FIRED = 100_000;

export interface Output {
  readonly n: number;
  readonly subject: string;
  readonly bytes: Buffer;
  /** Position of the input that it answers. */
  readonly cause: number;
  readonly type: EventType;
}

/** An output that stood unconfirmed in a session that has ended: the child session begins with it. */
export interface OpenOutput {
  readonly subject: string;
  /** Its whole encoded event. */
  readonly body: string;
}

export interface RunnerState {
  readonly core: Json;
  readonly schema: number;
  readonly seed: string;
  readonly clock: number;
  readonly now: number;
  readonly timers: readonly (readonly [id: string, at: number])[];
  /** The last number given in each root. */
  readonly n: readonly (readonly [root: string, n: number])[];
}

/**
 * One core and what surrounds it wherever it runs, live, in recovery, in verification: core time, timers, numbering,
 * encoding. Deterministic: state and outputs follow from the inputs alone.
 */
export class CoreRunner {
  readonly core: Core;
  private readonly service: ServiceName;
  private readonly session: string;
  private readonly inputs: ReadonlySet<string>;
  private seed = '';
  private clock = 0;
  private now = 0;
  /** In order of creation; a timer that is set again is created anew. */
  private timers = new Map<string, number>();
  private nextTimer = Number.POSITIVE_INFINITY;
  private numbers = new Map<string, number>();
  private count = 0;
  private opening: readonly OpenOutput[] = [];
  private parent: string | null = null;
  private emitted: (output: Output) => void = () => {};
  private cause: AnyEvent | null = null;
  private readonly context: CoreContext;

  constructor(service: ServiceName, core: Core, session: string) {
    this.service = service;
    this.core = core;
    this.session = session;
    this.inputs = new Set<string>(['session.started', 'clock', ...core.inputs]);
    const runner = this;
    this.context = {
      session,
      get now() {
        return runner.now;
      },
      get position() {
        return (runner.cause as AnyEvent).position;
      },
      emit: (type, words, data, basis) => runner.emit(type, subjectOf(type, ...words), data, basis),
      setTimer: (id, at) => runner.setTimer(id, at),
      clearTimer: (id) => runner.clearTimer(id),
      draw: (name) => drawOf(runner.seed, name),
    };
  }

  /** Types it must be given: nothing else changes it. */
  get wanted(): ReadonlySet<string> {
    return this.inputs;
  }

  /** Outputs derived by this runner. */
  get derived(): number {
    return this.count;
  }

  /**
   * Handles one taken input. Outputs are handed over as they are derived: first those of timers, then the answers. Only a
   * session's first event comes before the timers that it reaches: they may not act on what the parent knew.
   */
  apply(event: AnyEvent, emitted: (output: Output) => void): void {
    this.emitted = emitted;
    this.cause = event;
    if (event.type === 'session.started') {
      this.seed = event.data.seed;
      for (const open of this.opening) this.reopen(open);
      this.opening = [];
    }
    if (event.type === 'clock') {
      if (event.at > this.clock) this.clock = event.at;
      if (event.at > this.now) this.now = event.at;
    } else {
      const limit = this.clock + AHEAD_OF_CLOCK_MICROS;
      const at = event.type === 'session.started' && this.clock === 0 ? event.at : Math.min(event.at, limit);
      if (event.type === 'session.started' && this.clock === 0) this.clock = event.at;
      if (at > this.now) this.now = at;
    }
    if (event.type === 'session.started') {
      this.core.handle(event, this.context);
      this.fireDue(event);
      return;
    }
    this.fireDue(event);
    if (this.core.inputs.includes(event.type)) this.core.handle(event, this.context);
  }

  private fireDue({ position }: AnyEvent): void {
    let fired = 0;
    while (this.nextTimer <= this.now) {
      if (++fired > MAX_FIRED) throw new Error(`${this.service}: more than ${MAX_FIRED} timers fired at position ${position}`);
      this.fireNext();
    }
  }

  save(): RunnerState {
    return {
      core: this.core.save(),
      schema: this.core.schema,
      seed: this.seed,
      clock: this.clock,
      now: this.now,
      timers: [...this.timers],
      n: [...this.numbers],
    };
  }

  load(state: RunnerState): void {
    this.core.load(state.core, state.schema);
    this.seed = state.seed;
    this.clock = state.clock;
    this.now = state.now;
    this.timers = new Map(state.timers);
    this.nextTimer = earliest(this.timers);
    this.numbers = new Map(state.n);
  }

  /** Goes on from the end of a parent session: same state, new numbers; what was open there is said first here. */
  loadParent(state: RunnerState, parent: string, open: readonly OpenOutput[]): void {
    this.load(state);
    this.numbers.clear();
    this.parent = parent;
    this.opening = open;
  }

  private fireNext(): void {
    let id = '';
    for (const [name, at] of this.timers)
      if (at === this.nextTimer) {
        id = name;
        break;
      }
    this.timers.delete(id);
    this.nextTimer = earliest(this.timers);
    this.core.onTimer(id, this.context);
  }

  private setTimer(id: string, at: number): void {
    if (!Number.isSafeInteger(at)) throw new Error(`${this.service}: timer ${id} at ${at}: expected whole µs`);
    this.clearTimer(id);
    if (this.timers.size >= MAX_TIMERS) throw new Error(`${this.service}: more than ${MAX_TIMERS} timers; the newest is ${id}`);
    this.timers.set(id, at);
    if (at < this.nextTimer) this.nextTimer = at;
  }

  private clearTimer(id: string): void {
    const at = this.timers.get(id);
    if (at === undefined) return;
    this.timers.delete(id);
    if (at === this.nextTimer) this.nextTimer = earliest(this.timers);
  }

  private emit(type: EventType, subject: string, data: unknown, basis?: readonly PositionRef[]): void {
    const cause = this.cause as AnyEvent;
    const { root } = CATALOG[type];
    const n = (this.numbers.get(root) ?? 0) + 1;
    const header: Header = {
      n,
      source: this.service,
      session: this.session,
      type,
      v: CATALOG[type].v,
      at: cause.at,
      cause: cause.position,
      ...(basis === undefined || basis.length === 0 ? {} : { basis }),
    };
    const bytes = encodeOutput(subject, header, data);
    if (typeof bytes === 'string')
      throw new Error(`${this.service} derived a malformed ${type} on ${subject} from position ${cause.position}: ${bytes}`);
    this.numbers.set(root, n);
    this.count++;
    this.emitted({ n, subject, bytes, cause: cause.position, type });
  }

  private reopen(open: OpenOutput): void {
    const old = JSON.parse(open.body) as Header & { data: unknown };
    const basis = (old.basis ?? []).map((ref) => (typeof ref === 'number' ? `${this.parent}:${ref}` : ref));
    // Said by an older version of the code: this one says it in its own words.
    this.emit(old.type, open.subject, upcast(CATALOG[old.type] as EventKind, old.v, old.data), basis);
  }
}

function earliest(timers: ReadonlyMap<string, number>): number {
  let first = Number.POSITIVE_INFINITY;
  for (const at of timers.values()) if (at < first) first = at;
  return first;
}
