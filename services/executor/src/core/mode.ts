import type { DataOf } from '@arb/shared/contracts';

export type Mode = DataOf<'guard'>['mode'];

/** What a person last said, and what risk last said: the stricter one holds, because neither knows at once of the other. */
export interface Modes {
  commanded: Mode;
  guarded: Mode;
}

const COMMANDS: Readonly<Record<string, Mode>> = { halt: 'HALTED', 'reduce-only': 'REDUCE_ONLY', 'go-on': 'ACTIVE' };

export function commandedMode(what: string): Mode | null {
  return COMMANDS[what] ?? null;
}

export function isHalted({ commanded, guarded }: Modes): boolean {
  return commanded === 'HALTED' || guarded === 'HALTED';
}

export function mayEnter({ commanded, guarded }: Modes): boolean {
  return commanded === 'ACTIVE' && guarded === 'ACTIVE';
}

const STRICTNESS: readonly Mode[] = ['ACTIVE', 'REDUCE_ONLY', 'HALTED'];

export function stricter(a: Mode, b: Mode): Mode {
  return STRICTNESS.indexOf(a) >= STRICTNESS.indexOf(b) ? a : b;
}
