import { rmSync } from 'node:fs';
import { readJson, replaceFile } from './file.ts';
import type { Home } from './home.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface RunningProgram {
  readonly name: string;
  readonly kind: 'server' | 'service';
  readonly process: ProcessIdentity | null;
  readonly stopSignal: NodeJS.Signals;
  readonly ready: boolean;
  readonly restarts: number;
  /** When its present process was started, ISO. */
  readonly since: string | null;
  /** `http://…` of a service, or the server's address; without a password. */
  readonly url: string | null;
}

/** `.arb/run.json`: what runs here now. */
export interface RunFile {
  readonly version: 1;
  readonly supervisor: ProcessIdentity;
  readonly startedAt: string;
  /** Null while it is starting, and while only the journal's database is up. */
  readonly session: string | null;
  readonly phase: 'starting' | 'running' | 'handing-over' | 'stopping';
  /** The last handover that was asked for: when it ended, and why it was refused. */
  readonly handover?: { readonly at: string; readonly refused: string | null } | null;
  readonly market: string | null;
  readonly postgresData: string | null;
  readonly ports: Readonly<Record<string, number>>;
  readonly programs: readonly RunningProgram[];
}

export function readRun(home: Home): RunFile | null {
  const found = readJson(home.run) as RunFile | null;
  return found !== null && found.version === 1 && Array.isArray(found.programs) ? found : null;
}

export function writeRun(home: Home, run: RunFile): void {
  replaceFile(home.run, `${JSON.stringify(run, null, 2)}\n`);
}

export function removeRun(home: Home): void {
  rmSync(home.run, { force: true });
}
