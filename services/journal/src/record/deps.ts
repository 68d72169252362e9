import type { AdminLink, Bus, JournalStore, Log, Probe, SessionRow, Time } from '@arb/shared/runtime';

export interface RecordOptions {
  readonly clockMs: number;
  readonly batchRows: number;
  readonly batchMs: number;
  readonly committedMs: number;
  readonly streamMaxBytes: number;
  readonly trimSeconds: number;
  /** Read and not yet in Postgres; beyond it reading waits, the stream keeps the rest. */
  readonly pendingRows: number;
  readonly pendingBytes: number;
  readonly backoffMs: readonly [first: number, most: number];
  readonly heartbeatMs: number;
}

export const RECORD_DEFAULTS: Omit<RecordOptions, 'clockMs' | 'batchRows' | 'batchMs' | 'committedMs' | 'streamMaxBytes' | 'trimSeconds'> =
  {
    pendingRows: 40_000,
    pendingBytes: 96 * 1024 * 1024,
    backoffMs: [100, 2_000],
    heartbeatMs: 1_000,
  };

export interface RecordDeps {
  readonly boot: string;
  readonly bus: Bus<AdminLink>;
  /** A store lives as long as its connection; when that is lost, the next one is opened. */
  readonly openStore: () => JournalStore;
  readonly time: Time;
  readonly options: RecordOptions;
  readonly probe: Probe;
  readonly log: Log;
  readonly rssMb: () => number;
  readonly pid: number;
  /** What is wrong around the recording, for the heartbeat to say where the recording itself has nothing to say. */
  readonly trouble?: () => string | null;
}

/** What this start of the stack wants to run. */
export interface Wanted {
  /** The effective configuration, secrets masked, and its hash. */
  readonly config: unknown;
  readonly configHash: string;
  readonly seed: string;
  readonly versions: Readonly<Record<string, string>>;
  /** A new session without a parent, whatever there was. */
  readonly clean: boolean;
  /** A session that is handed over although nothing of it changes: the code around the cores is another. */
  readonly after?: string | null;
  readonly newSessionId: () => string;
}

export type { SessionRow };
