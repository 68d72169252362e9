import type { Micros } from '../adapter.ts';

/** Time as a shell sees it: handed in, so that a test may turn it. */
export interface Clock {
  monotonicMs(): number;
  wallMicros(): Micros;
  /** Calls once, later; the returned function takes it back. */
  after(ms: number, call: () => void): () => void;
}
