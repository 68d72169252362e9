import { MODES } from '@arb/shared/contracts';

export type Mode = (typeof MODES)[number];

/** ACTIVE, REDUCE_ONLY, HALTED: each is stricter than the one before it. */
export function stricter(a: Mode, b: Mode): Mode {
  return MODES.indexOf(a) >= MODES.indexOf(b) ? a : b;
}

/** What a command makes of the mode; null where it has nothing to do with it. */
export function modeAfter(command: string): Mode | null {
  if (command === 'halt') return 'HALTED';
  if (command === 'reduce-only') return 'REDUCE_ONLY';
  return command === 'go-on' ? 'ACTIVE' : null;
}
