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

/**
 * Turns as a snapshot holds them: by root, since echoes are read in another order than they were said. Within a root the
 * order is kept: it says who was heard longest ago.
 */
export function turnsByRoot(state: TurnsState): TurnsState {
  return { ...state, last: [...state.last].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) };
}

/** A runner's state, copied as text: what becomes of the runner afterwards does not change it. */
export interface RunnerText {
  readonly schema: number;
  readonly json: string;
}

export function runnerText(runner: RunnerState): RunnerText {
  return { schema: runner.schema, json: JSON.stringify(runner) };
}

/** The stored text. */
export function snapshotText({ runner, turns, open }: SnapshotParts): string {
  return `{"runner":${runner.json},"turns":${JSON.stringify(turnsByRoot(turns))},"open":${JSON.stringify(open)}}`;
}

type SnapshotParts = Pick<SnapshotBody, 'turns' | 'open'> & { readonly runner: RunnerText };

export function makeSnapshot(session: string, service: string, position: number, version: string, body: SnapshotBody): StoredSnapshot {
  return snapshotOf(session, service, position, version, { ...body, runner: runnerText(body.runner) });
}

export function snapshotOf(session: string, service: string, position: number, version: string, parts: SnapshotParts): StoredSnapshot {
  const body = snapshotText(parts);
  return { session, service, position, version, schema: parts.runner.schema, sha256: sha256(body), body };
}

/** Null when the stored bytes are not those that were saved: corrupt data is worse than no data. */
export function openSnapshot(stored: StoredSnapshot): SnapshotBody | null {
  return sha256(stored.body) === stored.sha256 ? (JSON.parse(stored.body) as SnapshotBody) : null;
}
