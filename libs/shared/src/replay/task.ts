import type { SessionRow } from '../runtime/index.ts';
import type { VerifyRange } from './ranges.ts';
import type { RangeReport } from './verify.ts';

/** Work on the record that is worth a process of its own. Plain data: it goes to that process as it stands. */
export interface VerifyTask {
  readonly kind: 'verify';
  readonly session: SessionRow;
  readonly range: VerifyRange;
  readonly anchor?: string;
}
export type Task = VerifyTask;
export interface Results {
  readonly verify: RangeReport;
}

/** What a process of its own is told, once. The address holds a password: it goes this way and not by the command line. */
export interface Order {
  readonly url: string;
  /** Of the module whose `CORES` it runs. */
  readonly cores: string;
  readonly task: Task;
  /** Gives way to everything else on the machine. */
  readonly background: boolean;
}
export type Answer =
  | { readonly progress: readonly [done: number, all: number] }
  | { readonly result: unknown }
  | { readonly error: { readonly name: string; readonly message: string; readonly stack: string | undefined } };
