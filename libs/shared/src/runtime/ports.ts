/**
 * The outside world as the runtime and the journal see it. The real adapters stand in `nats/` and `journal/`, the
 * simulated ones in `simulation/`; the code between them is the same.
 */

import type { ServiceName } from '../contracts/index.ts';

/** Monotonic time, wall time and timers. Nothing in runtime or journal reads a clock in another way. */
export interface Time {
  monotonicMs(): number;
  /** µs since the epoch. */
  wallMicros(): number;
  after(ms: number, call: () => void): Cancel;
}
export type Cancel = () => void;

export interface StreamInfo {
  /** As the server says it, to the nanosecond: with the bytes at a known position it tells one stream from another of the same name. */
  readonly created: string;
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly subjects: readonly string[];
}

export interface StreamMessage {
  readonly position: number;
  /** µs since the epoch, by the stream's own clock. */
  readonly storedAt: number;
  readonly subject: string;
  /** Valid only during the call that hands it over: it may be a view of a socket's buffer. Copy what is kept. */
  readonly bytes: Uint8Array;
}

export interface Reading {
  stop(): void;
  /** Messages that stood in the stream when the reading began. */
  readonly pending: number;
}

/** `pending`: how many more the stream holds for this reading. */
export type OnMessage = (message: StreamMessage, pending: number) => void;

/**
 * Where a reader of echoes stands: the server had nothing more for it, and when `mark` was asked for, it knew of all that it has now handed
 * over. It knows of its own copy of the stream only: of one with several, another server may have handed out more by then.
 */
export interface Level {
  mark(): number;
  reached(mark: number): void;
}

/** One connection to the message bus. It lives once: when it is lost, it is lost, and the next one is a new `Link`. */
export interface Link {
  /** Settles when the connection has ended, with the reason. Never rejects. */
  readonly closed: Promise<string>;
  streamInfo(stream: string): Promise<StreamInfo | null>;
  message(stream: string, position: number): Promise<StreamMessage | null>;
  /**
   * Messages from `from` on, in order, without a doubled one: those of the roots that this service is given (`rootsOf`)
   * but its echoes (`echoRootsOf`), or all for null. Calls `onMessage` synchronously, one at a time. What the stream no longer has is passed over without
   * a word. `onEnd` is called at most once, when the reading cannot go on (connection lost, no heartbeat, stream deleted);
   * nothing is called after `stop`.
   */
  read(stream: string, from: number, service: ServiceName | null, onMessage: OnMessage, onEnd: (why: string) => void): Promise<Reading>;
  /** A service's echoes from `from` on, as `read` hands over the rest; asked for every `everyMs`, so they come that much later. */
  readEchoes(
    stream: string,
    from: number,
    service: ServiceName,
    everyMs: number,
    level: Level,
    onMessage: OnMessage,
    onEnd: (why: string) => void,
  ): Promise<Reading>;
  /** Sends without waiting. Order on one link is kept; whether it arrived is learnt by reading it back. */
  publish(subject: string, bytes: Uint8Array): void;
  close(): Promise<void>;
}

/** What only the journal's user may do. */
export interface StreamAdmin {
  create(stream: string, subjects: readonly string[], maxBytes: number): Promise<StreamInfo>;
  setSubjects(stream: string, subjects: readonly string[]): Promise<void>;
  /** Drops everything below `below`. */
  purge(stream: string, below: number): Promise<void>;
  remove(stream: string): Promise<void>;
  list(): Promise<readonly string[]>;
  /** Waits for the stream's acknowledgement; resolves with the position. */
  publish(stream: string, subject: string, bytes: Uint8Array): Promise<number>;
}

export interface AdminLink extends Link {
  readonly admin: StreamAdmin;
}

export interface Bus<L extends Link = Link> {
  /** Rejects when no connection can be had (server away, wrong password): the sentence says which. */
  connect(): Promise<L>;
}

// ---- the journal's database -----------------------------------------------------------------------------------------

export type SessionStatus = 'starting' | 'live' | 'cutting' | 'ended' | 'lost';

export interface SessionRow {
  readonly id: string;
  /** Short number of the session in the event tables. */
  readonly number: number;
  readonly status: SessionStatus;
  readonly parent: string | null;
  readonly parentPosition: number | null;
  /** Where it ended: for `ended` and `lost`. */
  readonly end: number | null;
  /** `created` of its stream, once that exists. */
  readonly streamCreated: string | null;
  readonly configHash: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly lostFrom: number | null;
  readonly lostTo: number | null;
}

/** One stored position. `bytes` is the exact payload, well-formed or not. */
export interface StoredEvent extends StreamMessage {
  readonly taken: boolean;
}

export interface StoredSnapshot {
  readonly session: string;
  readonly service: string;
  readonly position: number;
  readonly version: string;
  readonly schema: number;
  readonly sha256: string;
  readonly body: string;
}

/** The journal as the other services see it: they read events and keep snapshots. */
export interface JournalReader {
  /** The newest session that is starting, live or cutting; or, where there is none, the newest of all. */
  currentSession(): Promise<SessionRow | null>;
  session(id: string): Promise<SessionRow | null>;
  /** Last journaled position, 0 for none. */
  head(session: string): Promise<number>;
  /** The seal that ends at the head. */
  lastSeal(session: string): Promise<Seal | null>;
  /** In order, at most `limit`, from the one that holds position `from` on. */
  seals(session: string, from: number, limit: number): Promise<readonly Seal[]>;
  /** In order, at most `limit`, from `from` on, up to what is committed. Bytes are the caller's to keep. */
  events(session: string, from: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Keeps it, unless a sound one is kept at its position. */
  saveSnapshot(snapshot: StoredSnapshot): Promise<void>;
  /** Newest first, at positions ≤ `upTo`. */
  snapshots(session: string, service: string, upTo: number, limit: number): Promise<readonly StoredSnapshot[]>;
  close(): Promise<void>;
}

/** One row of the journal, as the writer hands it over. */
export interface JournalRow {
  readonly position: number;
  readonly storedAt: number;
  readonly subject: string;
  /** Of the header; null where the bytes have none. */
  readonly source: string | null;
  readonly n: number | null;
  readonly type: string | null;
  readonly v: number | null;
  readonly at: number | null;
  /** As in the event; a position of this session or `<session>:<position>`. */
  readonly cause: string | null;
  readonly bytes: Uint8Array;
  /** In turn, by a source that may speak, and well-formed. */
  readonly taken: boolean;
  readonly malformed: boolean;
  readonly table: 'market' | 'ledger';
}

export interface Seal {
  readonly from: number;
  readonly to: number;
  /** Chained per table, hex; unchanged where the batch has no row of that table. */
  readonly market: string;
  readonly ledger: string;
  /** Over both and the range: the one that is shown to people. */
  readonly head: string;
  /** Who is in which turn after `to` (see `Sequencer`): lets a reader start here. */
  readonly turns: string;
}

export interface NewSession {
  readonly id: string;
  readonly parent: string | null;
  readonly parentPosition: number | null;
  readonly configHash: string;
  readonly config: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly startedAt: number;
}

/** The journal as its one writer sees it. Every method may be repeated after a crash. */
export interface JournalStore extends JournalReader {
  /** True when this process is now the only writer; the lock ends with the connection. */
  lock(): Promise<boolean>;
  /** Settles with the reason when the writer's connection (and so the lock) is lost. */
  readonly lost: Promise<string>;
  createSession(session: NewSession): Promise<SessionRow>;
  updateSession(id: string, change: Partial<Omit<SessionRow, 'id' | 'number'>>): Promise<void>;
  /** Rows and seal in one transaction; rejects, with nothing written, when `seal.from` is not one above the last seal's `to`. */
  append(session: SessionRow, rows: readonly JournalRow[], seal: Seal): Promise<void>;
}
