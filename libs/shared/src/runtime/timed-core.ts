import type { AnyEvent, DataOf, EventType, PositionRef } from '../contracts/index.ts';
import type { Core, CoreContext, Json } from '../core/index.ts';
import { drawOf } from './draw.ts';

/** Other inputs may move core time this far above the highest clock, not further. */
const AHEAD_OF_CLOCK_MICROS = 1_000_000;
export const MAX_TIMERS = 100_000;
/** Timers that one input may fire: more is a timer that sets itself again for now. */
const MAX_FIRED = 100_000;

export interface TimedState {
  readonly core: Json;
  readonly schema: number;
  readonly seed: string;
  readonly clock: number;
  readonly now: number;
  readonly timers: readonly (readonly [id: string, at: number])[];
}

/** Takes what a core says, at the moment it says it. */
export type Said = <K extends EventType>(type: K, words: readonly string[], data: DataOf<K>, basis?: readonly PositionRef[]) => void;

/** A core in its time: core time, timers and draws, wherever it runs. What it says goes to whoever hosts it. */
export class TimedCore {
  readonly core: Core;
  /** Types it must be given: nothing else changes it. */
  readonly wanted: ReadonlySet<string>;
  private readonly service: string;
  private readonly handled: ReadonlySet<string>;
  private readonly context: CoreContext;
  private seed = '';
  private clock = 0;
  private now = 0;
  /** In order of creation; a timer that is set again is created anew. */
  private timers = new Map<string, number>();
  private next = Number.POSITIVE_INFINITY;
  private position = 0;

  constructor(service: string, core: Core, session: string, said: Said) {
    this.service = service;
    this.core = core;
    this.handled = new Set<string>(['session.started', ...core.inputs]);
    this.wanted = new Set<string>([...this.handled, 'clock']);
    const self = this;
    this.context = {
      session,
      get now() {
        return self.now;
      },
      get position() {
        return self.position;
      },
      emit: said,
      setTimer: (id, at) => self.setTimer(id, at),
      clearTimer: (id) => self.clearTimer(id),
      draw: (name) => drawOf(self.seed, name),
    };
  }

  /** When its next timer is due, µs; infinity without one. */
  get nextTimer(): number {
    return this.next;
  }

  /** From here on draws come from this seed. */
  sow(seed: string): void {
    this.seed = seed;
  }

  /**
   * Time moves on, timers that are due fire, then the core gets the event. Only with a session's first event none fires: those of the
   * parent wait for the next one, or they would act on what the parent knew, in a session that has not begun for them.
   */
  handle(event: AnyEvent): void {
    this.position = event.position;
    this.moveTime(event);
    if (event.type !== 'session.started') this.fireDue();
    if (this.handled.has(event.type)) this.core.handle(event, this.context);
  }

  save(): TimedState {
    const { core, seed, clock, now } = this;
    return { core: core.save(), schema: core.schema, seed, clock, now, timers: [...this.timers] };
  }

  load(state: TimedState): void {
    this.core.load(state.core, state.schema);
    this.seed = state.seed;
    this.clock = state.clock;
    this.now = state.now;
    this.timers = new Map(state.timers);
    this.next = earliest(this.timers);
  }

  private moveTime({ type, at }: AnyEvent): void {
    if (type === 'clock' || (type === 'session.started' && this.clock === 0)) {
      if (at > this.clock) this.clock = at;
      if (at > this.now) this.now = at;
      return;
    }
    const reached = Math.min(at, this.clock + AHEAD_OF_CLOCK_MICROS);
    if (reached > this.now) this.now = reached;
  }

  private fireDue(): void {
    let fired = 0;
    while (this.next <= this.now) {
      if (++fired > MAX_FIRED) throw new Error(`${this.service}: more than ${MAX_FIRED} timers fired at position ${this.position}`);
      this.fireNext();
    }
  }

  private fireNext(): void {
    let id = '';
    for (const [name, at] of this.timers)
      if (at === this.next) {
        id = name;
        break;
      }
    this.timers.delete(id);
    this.next = earliest(this.timers);
    this.core.onTimer(id, this.context);
  }

  private setTimer(id: string, at: number): void {
    if (!Number.isSafeInteger(at)) throw new Error(`${this.service}: timer ${id} at ${at}: expected whole µs`);
    this.clearTimer(id);
    if (this.timers.size >= MAX_TIMERS) throw new Error(`${this.service}: more than ${MAX_TIMERS} timers; the newest is ${id}`);
    this.timers.set(id, at);
    if (at < this.next) this.next = at;
  }

  private clearTimer(id: string): void {
    const at = this.timers.get(id);
    if (at === undefined) return;
    this.timers.delete(id);
    if (at === this.next) this.next = earliest(this.timers);
  }
}

function earliest(timers: ReadonlyMap<string, number>): number {
  let first = Number.POSITIVE_INFINITY;
  for (const at of timers.values()) if (at < first) first = at;
  return first;
}
