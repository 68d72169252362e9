import type { OutsideEvent } from './closed-loop.ts';

/** Where outside events come from, in the order of their times. */
export interface OutsideSource {
  /** µs of the next one; infinity where none follows. */
  nextAt(): number;
  next(): OutsideEvent;
}
