import { type DataOf, MODES } from '@arb/shared/contracts';

export type Mode = (typeof MODES)[number];
export type Tier = NonNullable<DataOf<'verdict'>['tier']>;

/** A breaker that has tripped: it holds the mode until its time, or, without one, until go-on. */
export interface Latch {
  readonly rule: string;
  readonly tier: Tier;
  readonly mode: Mode;
  readonly limit: number | null;
  readonly value: number | null;
  readonly until: number | null;
}

/** What people said, and the breakers that have tripped since: the strictest of them all holds. */
export interface ModeState {
  commanded: Mode;
  /** A person, or the beginning of a session. */
  by: 'command' | 'session';
  why: string;
  /** By rule: there are never more than there are breakers. */
  readonly latches: Map<string, Latch>;
}

export interface EffectiveMode {
  readonly mode: Mode;
  /** `command`, `session`, the rule of the breaker, or null where nothing is held back. */
  readonly rule: string | null;
  readonly why: string;
  readonly latch: Latch | null;
}

export function newModeState(): ModeState {
  return { commanded: 'HALTED', by: 'session', why: 'no session has begun', latches: new Map() };
}

/** ACTIVE, REDUCE_ONLY, HALTED: each is stricter than the one before it. */
export function stricter(a: Mode, b: Mode): Mode {
  return MODES.indexOf(a) >= MODES.indexOf(b) ? a : b;
}

export function effective(state: ModeState): EffectiveMode {
  let latch: Latch | null = null;
  for (const other of state.latches.values()) if (latch === null || stricter(latch.mode, other.mode) !== latch.mode) latch = other;
  if (latch === null || stricter(state.commanded, latch.mode) === state.commanded)
    return { mode: state.commanded, rule: state.commanded === 'ACTIVE' ? null : state.by, why: state.why, latch: null };
  return { mode: latch.mode, rule: latch.rule, why: whyOf(latch), latch };
}

function whyOf({ rule, limit, value }: Latch): string {
  return limit === null ? rule : `${rule}: ${value}, the limit is ${limit}`;
}

/** True where one was lifted: its time has come. */
export function liftDue({ latches }: ModeState, now: number): boolean {
  let any = false;
  for (const { rule, until } of [...latches.values()]) if (until !== null && until <= now) any = latches.delete(rule) || any;
  return any;
}

/** What a command makes of the mode; null where it has nothing to do with it. */
export function modeAfter(command: string): Mode | null {
  if (command === 'halt') return 'HALTED';
  if (command === 'reduce-only') return 'REDUCE_ONLY';
  return command === 'go-on' ? 'ACTIVE' : null;
}

/**
 * Takes a person's word. Breakers stricter than what was said are lifted: who says reduce-only after an emergency stop
 * wants positions closed. True where one was: its losses are forgiven then, or the next result would trip it again.
 */
export function command(state: ModeState, mode: Mode, why: string): boolean {
  state.commanded = mode;
  state.by = 'command';
  state.why = why;
  let lifted = false;
  for (const latch of [...state.latches.values()])
    if (stricter(mode, latch.mode) !== mode) {
      state.latches.delete(latch.rule);
      lifted = true;
    }
  return lifted;
}
