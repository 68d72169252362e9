import type { Row } from './row.ts';

export interface BenchOptions {
  /** Short runs: they show that everything works, their numbers are rough. */
  readonly quick: boolean;
  /** Length of a soak; null takes its own. */
  readonly minutes: number | null;
  /** Says what is under way. */
  readonly say: (what: string) => void;
}

export interface Bench {
  readonly name: string;
  readonly says: string;
  /** False for what takes too long to be run unless it is named. */
  readonly byDefault: boolean;
  run(options: BenchOptions): Promise<readonly Row[]>;
}
