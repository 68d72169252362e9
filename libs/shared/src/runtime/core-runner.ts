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
import type { Core } from '../core/index.ts';
import { TimedCore, type TimedState } from './timed-core.ts';

export interface Output<B = Buffer> {
  readonly n: number;
  readonly subject: string;
  readonly bytes: B;
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

export interface RunnerState extends TimedState {
  /** The last number given in each root. */
  readonly n: readonly (readonly [root: string, n: number])[];
}

/** Makes an output's body, or says why it would be malformed. */
export type WriteOutput<B> = (subject: string, header: Header, data: unknown) => B | string;

/**
 * One core and what surrounds it wherever it runs, live, in recovery, in verification: core time, timers, numbering,
 * encoding. Deterministic: state and outputs follow from the inputs alone.
 */
export class CoreRunner<B = Buffer> {
  readonly core: Core;
  private readonly timed: TimedCore;
  private readonly service: ServiceName;
  private readonly session: string;
  private numbers = new Map<string, number>();
  private count = 0;
  private opening: readonly OpenOutput[] = [];
  private parent: string | null = null;
  private readonly write: WriteOutput<B>;
  private emitted: (output: Output<B>) => void = () => {};
  private cause: AnyEvent | null = null;

  /** Without `write` outputs are their bytes. */
  constructor(service: ServiceName, core: Core, session: string, write: WriteOutput<B> = encodeOutput as unknown as WriteOutput<B>) {
    this.write = write;
    this.service = service;
    this.core = core;
    this.session = session;
    this.timed = new TimedCore(service, core, session, (type, words, data, basis) =>
      this.emit(type, subjectOf(type, ...words), data, basis),
    );
  }

  /** Types it must be given: nothing else changes it. */
  get wanted(): ReadonlySet<string> {
    return this.timed.wanted;
  }

  /** Outputs derived by this runner. */
  get derived(): number {
    return this.count;
  }

  /**
   * Handles one taken input. Outputs are handed over as they are derived: first those of timers, then the answers. With a
   * session's first event no timer fires.
   */
  apply(event: AnyEvent, emitted: (output: Output<B>) => void): void {
    this.emitted = emitted;
    this.cause = event;
    if (event.type === 'session.started') {
      this.timed.sow(event.data.seed);
      for (const open of this.opening) this.reopen(open);
      this.opening = [];
    }
    this.timed.handle(event);
  }

  save(): RunnerState {
    return { ...this.timed.save(), n: [...this.numbers] };
  }

  load(state: RunnerState): void {
    this.timed.load(state);
    this.numbers = new Map(state.n);
  }

  /** Goes on from the end of a parent session: same state, new numbers; what was open there is said first here. */
  loadParent(state: RunnerState, parent: string, open: readonly OpenOutput[]): void {
    this.load(state);
    this.numbers.clear();
    this.parent = parent;
    this.opening = open;
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
    const bytes = this.write(subject, header, data);
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
