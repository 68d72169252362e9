import { createHash } from 'node:crypto';
import type { OpenOutput, RunnerState } from './core-runner.ts';
import type { StoredSnapshot } from './ports.ts';
import type { TurnsState } from './turns.ts';

/** All that a core service is after a position: enough to go on from there as if nothing had happened. */
export interface SnapshotBody {
  readonly runner: RunnerState;
  readonly turns: TurnsState;
  /** Outputs with a cause at or below the position that were not taken at or below it. */
  readonly open: readonly (OpenOutput & { readonly cause: number })[];
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function makeSnapshot(session: string, service: string, position: number, version: string, body: SnapshotBody): StoredSnapshot {
  const text = JSON.stringify(body);
  return { session, service, position, version, schema: body.runner.schema, sha256: sha256(text), body: text };
}

/** Null when the stored bytes are not those that were saved: corrupt data is worse than no data. */
export function openSnapshot(stored: StoredSnapshot): SnapshotBody | null {
  return sha256(stored.body) === stored.sha256 ? (JSON.parse(stored.body) as SnapshotBody) : null;
}
