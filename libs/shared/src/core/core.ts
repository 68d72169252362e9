import type { AnyEvent, DataOf, EventType, PositionRef } from '../contracts/index.ts';

/** Whatever a core keeps must survive JSON: Maps are saved as lists of entries, in their order. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * What a core may do while it handles one input; nothing of it may be kept beyond that call.
 * There is no clock here but `now`, and no randomness but `draw`.
 */
export interface CoreContext {
  readonly session: string;
  /** Core time in µs: the highest `clock` read; other inputs' `at` moves it on, at most 1 s above that clock. */
  readonly now: number;
  /** Position of the input being handled: for `basis` only, never for `data`. */
  readonly position: number;
  /** Answers with an event. `words` are the subject's words after the first; `basis` the positions it rests on beside its cause. */
  emit<K extends EventType>(type: K, words: readonly string[], data: DataOf<K>, basis?: readonly PositionRef[]): void;
  /** Calls `onTimer` once core time reaches `at`. A timer of the same id is replaced. Timers are part of the state. */
  setTimer(id: string, at: number): void;
  clearTimer(id: string): void;
  /**
   * A number in [0, 1) from (session seed, name): the same name gives the same number, in every child of the session
   * too. Name it after the round trip, leg and draw number, never after a position.
   */
  draw(name: string): number;
}

/**
 * A deterministic state machine: the same events in give the same events out, in the same bytes, for ever.
 * It handles one input at a time, synchronously, and changes state at no other moment. It never gets its own outputs.
 */
export interface Core {
  /** Changes whenever the same inputs could give other outputs. */
  readonly version: string;
  /** Changes whenever `save` writes something else; `load` upcasts what older ones wrote. */
  readonly schema: number;
  /** The types it is given (those of which the catalog names its service as a reader); others are not even parsed. */
  readonly inputs: readonly EventType[];
  /** The first input of a session is always `session.started`: configuration comes from there and nowhere else. */
  handle(event: AnyEvent, context: CoreContext): void;
  onTimer(id: string, context: CoreContext): void;
  save(): Json;
  load(state: Json, schema: number): void;
}

/** Makes a core in its first state, before any event. */
export type MakeCore = () => Core;
