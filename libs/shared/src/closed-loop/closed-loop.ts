import {
  type AnyEvent,
  CATALOG,
  CORE_SERVICES,
  type CoreServiceName,
  type DataOf,
  type EventType,
  encodeOutput,
  type PositionRef,
  subjectOf,
} from '../contracts/index.ts';
import type { MakeCore, SessionConfig } from '../core/index.ts';
import { Deque } from '../runtime/deque.ts';
import { TimedCore } from '../runtime/timed-core.ts';
import { type HopLatency, hopDraws } from './hops.ts';

/** Something from outside the cores, before it has a position. `at`: µs, never before the last one's. */
export interface OutsideEvent<K extends EventType = EventType> {
  readonly type: K;
  readonly words: readonly string[];
  readonly source: string;
  readonly at: number;
  readonly data: DataOf<K>;
}

export interface ClosedLoopOptions {
  readonly cores: Readonly<Record<CoreServiceName, MakeCore>>;
  readonly session: string;
  readonly seed: string;
  readonly config: SessionConfig;
  /** µs at which the session begins. */
  readonly begin: number;
  /** From an event to the answer that it gets, µs; without it every answer stands right behind what it answers. */
  readonly hop?: HopLatency;
  /**
   * Every answer becomes the bytes that a service would publish, and what the others read is parsed from these bytes. What
   * the cores say is the same either way; this way costs several times as much, and refuses what is malformed.
   */
  readonly encoded?: boolean;
  /** Sees every event once it has its place, in the order of the stream. `bytes` only where answers are encoded. */
  readonly seen?: (event: AnyEvent, bytes: Uint8Array | null) => void;
}

/** The five cores on one ordered stream, in one process: outside events go in, what the cores answer comes back by itself. */
export interface ClosedLoop {
  readonly session: string;
  /** Of the last event. */
  readonly position: number;
  /** µs of the last event. */
  readonly time: number;
  /** When the next answer reaches the stream, and when the next timer of a core is due; infinity without one. */
  nextArrival(): number;
  nextTimer(): number;
  /** Takes the answers that reach the stream before it, then the event itself. */
  feed(outside: OutsideEvent): void;
  /** Takes the answers that reach the stream up to then. */
  settle(until: number): void;
}

const JOURNAL_BOOT = 'closedloop';
export const JOURNAL = `journal/${JOURNAL_BOOT}`;

interface Answer {
  readonly type: EventType;
  readonly subject: string;
  readonly data: unknown;
  readonly at: number;
  readonly cause: number;
  readonly basis: readonly PositionRef[] | undefined;
  /** µs, and which one of those that arrive together comes first. */
  readonly arrives: number;
  readonly order: number;
}

/** A core with what it has said and nobody has read yet: in its own order, as on one connection. */
interface Seat {
  readonly service: CoreServiceName;
  readonly core: TimedCore;
  readonly waiting: Deque<Answer>;
  last: number;
}

/** More unread answers than this, or more answers to one event, is a loop that feeds itself. */
const MOST_WAITING = 100_000;
const MOST_ANSWERS = 1_000_000;

export function openClosedLoop(options: ClosedLoopOptions): ClosedLoop {
  const { session, seed, seen } = options;
  const encoded = options.encoded === true;
  const drawHop = options.hop === undefined ? () => 0 : hopDraws(seed, options.hop);
  const numbers = new Map<string, Map<string, { n: number }>>();
  let position = 0;
  let time = options.begin;
  let orders = 0;
  let waiting = 0;
  /** The event that the cores are given at the moment. */
  let cause: AnyEvent | null = null;

  const seats: Seat[] = CORE_SERVICES.map((service) => {
    const queue = new Deque<Answer>();
    const seat: Seat = {
      service,
      waiting: queue,
      last: 0,
      core: new TimedCore(service, options.cores[service](), session, (type, words, data, basis) => {
        if (++waiting > MOST_WAITING)
          throw new Error(
            `closed loop: more than ${MOST_WAITING} answers wait to be read, the newest is ${service}'s ${type} to position ${position}: they answer each other`,
          );
        const { at, position: answered } = cause as AnyEvent;
        const arrives = Math.max(seat.last, time + drawHop());
        seat.last = arrives;
        queue.push({ type, subject: subjectOf(type, ...words), data, at, cause: answered, basis, arrives, order: orders++ });
      }),
    };
    seat.core.sow(seed);
    return seat;
  });
  const readers = new Map<string, TimedCore[]>();
  for (const type of Object.keys(CATALOG))
    readers.set(
      type,
      seats.filter(({ core }) => core.wanted.has(type)).map(({ core }) => core),
    );

  function turnOf(source: string, type: EventType): { n: number } {
    let ofSource = numbers.get(source);
    if (ofSource === undefined) {
      ofSource = new Map();
      numbers.set(source, ofSource);
    }
    let turn = ofSource.get(type);
    if (turn === undefined) {
      // Types of one root count together.
      const { root } = CATALOG[type];
      const sibling = [...ofSource].find(([other]) => CATALOG[other as EventType].root === root);
      turn = sibling === undefined ? { n: 0 } : sibling[1];
      ofSource.set(type, turn);
    }
    turn.n++;
    return turn;
  }

  function take(event: AnyEvent, bytes: Uint8Array | null): void {
    cause = event;
    seen?.(event, bytes);
    const given = readers.get(event.type) as TimedCore[];
    for (let i = 0; i < given.length; i++) (given[i] as TimedCore).handle(event);
  }

  function takeAnswer({ service }: Seat, { type, subject, data, at, cause, basis, arrives }: Answer): void {
    waiting--;
    time = arrives;
    const { n } = turnOf(service, type);
    const { v } = CATALOG[type];
    const based = basis === undefined || basis.length === 0 ? undefined : basis;
    let read = data;
    let bytes: Uint8Array | null = null;
    if (encoded) {
      const header = { n, source: service, session, type, v, at, cause, ...(based === undefined ? {} : { basis: based }) };
      const made = encodeOutput(subject, header, data);
      if (typeof made === 'string')
        throw new Error(`closed loop: ${service} said a malformed ${type} on ${subject} to position ${cause}: ${made}`);
      bytes = made;
      read = (JSON.parse(made.toString()) as { data: unknown }).data;
    }
    // Written out: spreading an object costs two microseconds.
    const event = { n, source: service, session, type, v, at, cause, basis: based, data: read, position: ++position, subject };
    take(event as unknown as AnyEvent, bytes);
  }

  /** The seat whose answer comes next, up to then. */
  function nextSeat(until: number): Seat | null {
    let found: Seat | null = null;
    let best: Answer | null = null;
    if (waiting === 0) return null;
    for (let i = 0; i < seats.length; i++) {
      const seat = seats[i] as Seat;
      const first = seat.waiting.first();
      if (first === undefined || first.arrives > until) continue;
      if (best !== null && (first.arrives > best.arrives || (first.arrives === best.arrives && first.order > best.order))) continue;
      best = first;
      found = seat;
    }
    return found;
  }

  function settle(until: number): void {
    let answers = 0;
    for (let seat = nextSeat(until); seat !== null; seat = nextSeat(until)) {
      if (++answers > MOST_ANSWERS)
        throw new Error(`closed loop: ${MOST_ANSWERS} answers at ${time}, the newest from ${seat.service}: they answer each other`);
      takeAnswer(seat, seat.waiting.shift() as Answer);
    }
  }

  function feed({ type, words, source, at, data }: OutsideEvent): void {
    settle(at);
    if (at < time) throw new Error(`closed loop: expected an event at ${time} or later, found ${type} from ${source} at ${at}`);
    time = at;
    const { n } = turnOf(source, type);
    const subject = subjectOf(type, ...words);
    const event = { n, source, session, type, v: CATALOG[type].v, at, cause: null, basis: undefined, data, position: ++position, subject };
    take(event as unknown as AnyEvent, null);
    settle(at);
  }

  const loop: ClosedLoop = {
    session,
    get position() {
      return position;
    },
    get time() {
      return time;
    },
    nextArrival() {
      return nextSeat(Number.POSITIVE_INFINITY)?.waiting.first()?.arrives ?? Number.POSITIVE_INFINITY;
    },
    nextTimer() {
      let next = Number.POSITIVE_INFINITY;
      for (const { core } of seats) if (core.nextTimer < next) next = core.nextTimer;
      return next;
    },
    feed,
    settle,
  };
  feed(startOf(options));
  return loop;
}

function startOf({ cores, config, seed, begin }: ClosedLoopOptions): OutsideEvent<'session.started'> {
  const versions = Object.fromEntries(CORE_SERVICES.map((service) => [service, cores[service]().version]));
  const data = { config, configHash: NO_HASH, seed, versions, boot: JOURNAL_BOOT, mode: 'ACTIVE', parent: null, snapshots: {} } as const;
  return { type: 'session.started', words: [], source: JOURNAL, at: begin, data: data as unknown as DataOf<'session.started'> };
}

/** Nothing is sealed here. */
export const NO_HASH = '0'.repeat(64);
