import type { CoreServiceName } from '../contracts/index.ts';
import type { SessionRow } from '../runtime/index.ts';
import type { VerifyRange } from './ranges.ts';
import type { ReplayReport } from './replay.ts';
import type { CoreState } from './state.ts';
import type { RangeReport } from './verify.ts';

/** Work on the record that is worth a process of its own. Plain data: it goes to that process as it stands. */
export interface VerifyTask {
  readonly kind: 'verify';
  readonly session: SessionRow;
  readonly range: VerifyRange;
  readonly anchor?: string;
}
export interface ReplayTask {
  readonly kind: 'replay';
  readonly session: SessionRow;
  readonly from: number;
  readonly to: number;
}
export interface StateTask {
  readonly kind: 'state';
  readonly session: SessionRow;
  readonly service: CoreServiceName;
  readonly position: number;
}
export type Task = VerifyTask | ReplayTask | StateTask;
export interface Results {
  readonly verify: RangeReport;
  readonly replay: ReplayReport;
  readonly state: CoreState;
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
