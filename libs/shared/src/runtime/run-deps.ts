import type { ServiceName } from '../contracts/index.ts';
import type { MakeCore } from '../core/index.ts';
import type { RuntimeOptions } from './options.ts';
import type { Bus, JournalReader, Time } from './ports.ts';
import type { Probe } from './probe.ts';
import type { Shell } from './shell.ts';

export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** All that a service needs to take part in a session. */
export interface RunDeps {
  readonly service: ServiceName;
  readonly boot: string;
  readonly makeCore: MakeCore | null;
  readonly makeShell: (() => Shell) | null;
  readonly time: Time;
  readonly bus: Bus;
  readonly journal: JournalReader;
  readonly options: RuntimeOptions;
  readonly probe: Probe;
  readonly log: Log;
  readonly rssMb: () => number;
  readonly pid: number;
}

/** Why a run is over: `ended` at the session's end; `discard` when what this process believes is not what the stream holds. */
export type RunEnd = 'ended' | 'discard' | 'stopped';

/** What is shown of a run: metrics, readiness, heartbeat. */
export interface RunStatus {
  readonly session: string;
  readonly position: number;
  readonly live: boolean;
  readonly lagPositions: number;
  readonly lagMs: number;
  readonly unconfirmed: number;
  readonly queued: number;
  readonly snapshot: number | null;
  readonly trouble: string | null;
  readonly holdsLease: boolean;
  readonly taken: number;
  readonly ignored: number;
  readonly malformed: number;
  readonly published: number;
  readonly resends: number;
  readonly links: number;
}
