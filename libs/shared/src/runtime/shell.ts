import type { AnyEvent, DataOf, EventType, PositionRef } from '../contracts/index.ts';
import type { Core } from '../core/index.ts';
import type { Time } from './ports.ts';

export interface SayOptions {
  /** µs; the wall's time where nothing is said. */
  readonly at?: number;
  readonly cause?: number;
  readonly basis?: readonly PositionRef[];
}

/** What a shell may do while a session is live for it. */
export interface ShellContext {
  readonly session: string;
  readonly boot: string;
  readonly time: Time;
  /** The session's effective configuration. */
  readonly config: unknown;
  /**
   * Publishes what was learnt outside. False, with nothing said, when the session is not live here or too much is
   * unconfirmed: shed or conflate, then say the newest.
   */
  say<K extends EventType>(type: K, words: readonly string[], data: DataOf<K>, options?: SayOptions): boolean;
  /** How many more events may be said at this moment. */
  room(): number;
  /** Whether this process may act on the world now: asked anew before each act. */
  holdsLease(): boolean;
  /** The core beside this shell, to look at, never to change. */
  readonly core: Core | null;
  /** How full the stream is, 0 to 1, by the last clock. */
  fill(): number;
  /** All up to here is in Postgres, by the last clock or commit read. */
  committed(): number;
}

/** The part of a service that touches the world. One is made for each session that the process takes part in. */
export interface Shell {
  /** Types that `onEvent` is given, once taken, in order; from the start of the session, in recovery too. */
  readonly hears: readonly EventType[];
  onEvent(event: AnyEvent, live: boolean): void;
  /** Caught up with the stream: things may be said from now on. */
  onLive(context: ShellContext): void;
  /** The lease has come or gone; without it, sockets are closed. */
  onLease(held: boolean): void;
  /** No more of this session: the process stops, or the session has ended. */
  onEnd(): void;
}
