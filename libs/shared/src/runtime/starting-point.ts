import { type AnyEvent, parseEvent, type ServiceName, scan } from '../contracts/index.ts';
import type { Patience } from './patience.ts';
import type { SessionRow, StoredSnapshot } from './ports.ts';
import type { RunDeps } from './run-deps.ts';
import { openSnapshot, type SnapshotBody, sha256 } from './snapshot.ts';
import type { TurnsState } from './turns.ts';

export interface StartingPointOptions {
  readonly deps: Pick<RunDeps, 'service' | 'journal' | 'log'>;
  readonly session: SessionRow;
  readonly patience: Patience;
  /** State at the end of a session that is over, made once more from its journal; null where that cannot be. */
  readonly stateAtEnd: (session: SessionRow) => Promise<StoredSnapshot | null>;
}

export type StartedEvent = Extract<AnyEvent, { type: 'session.started' }>;

/** Where a service goes on in a session. */
export type StartingPoint =
  /** With nothing, at its beginning. */
  | 'anew'
  /** Above a position; without a snapshot where it has no state. */
  | { readonly position: number; readonly turns: TurnsState; readonly snapshot: SnapshotBody | null }
  /** At the beginning, with the state at the parent's end, which `session.started` names by its hash. */
  | { readonly parent: string; readonly end: number; readonly snapshot: SnapshotBody; readonly sha256: string | null };

/** The newest sound snapshot of this session; where there is none, the last of its parent. `version` is the core's, null without one. */
export async function startingPoint(options: StartingPointOptions, version: string | null): Promise<StartingPoint> {
  const { session, patience } = options;
  const { service, journal, log } = options.deps;
  if (version === null) {
    const seal = await patience.retry('read the last seal', () => journal.lastSeal(session.id));
    return seal === null ? 'anew' : { position: seal.to, turns: JSON.parse(seal.turns), snapshot: null };
  }
  const head = await patience.retry('read the journal', () => journal.head(session.id));
  const upTo = Math.min(head, session.end ?? head);
  const stored = await patience.retry('read snapshots', () => journal.snapshots(session.id, service, upTo, 5));
  for (const candidate of stored) {
    const { position } = candidate;
    const snapshot = openSnapshot(candidate);
    // A session that is over is finished by whatever code is there: what it says is compared with what was recorded.
    if (snapshot !== null && (candidate.version === version || session.end !== null)) return { position, turns: snapshot.turns, snapshot };
    log('warn', snapshot === null ? 'snapshot is corrupt, using the one before it' : 'snapshot is of another version', {
      position,
      version: candidate.version,
    });
  }
  return session.parent === null || session.parentPosition === null ? 'anew' : endOfParent(options, session.parent, session.parentPosition);
}

async function endOfParent(options: StartingPointOptions, parent: string, end: number): Promise<StartingPoint> {
  const { session, patience } = options;
  const { service, journal } = options.deps;
  let [last] = await patience.retry("read the parent's last snapshot", () => journal.snapshots(parent, service, end, 1));
  let snapshot = last === undefined ? null : openSnapshot(last);
  const made = snapshot === null || last?.position !== end ? await makeAgain(options, parent, end) : null;
  if (made !== null) {
    last = made;
    snapshot = openSnapshot(made);
  }
  if (last === undefined || snapshot === null || last.position !== end)
    throw new Error(
      `${service}: session ${session.id} goes on from ${parent}:${end}, but there is no sound snapshot of ${service} at that position (found ${last === undefined ? 'none' : `one at ${last.position}`}). Start anew with --clean, or restore the snapshots table from a backup.`,
    );
  // What is made again follows from sealed rows, and newer code spells it in another way.
  return { parent, end, snapshot, sha256: made === null ? sha256(last.body) : null };
}

/** The state at the parent's end follows from the parent's journal: where its snapshot is corrupt or gone, it is made once more. */
async function makeAgain(options: StartingPointOptions, id: string, end: number): Promise<StoredSnapshot | null> {
  const { patience, stateAtEnd } = options;
  const { journal, log } = options.deps;
  const parent = await patience.retry('read the parent session', () => journal.session(id));
  if (parent === null || parent.end === null || parent.end !== end) return null;
  log('warn', "the parent's last snapshot is corrupt or gone: making it again from the journal", { parent: parent.id });
  return stateAtEnd(parent);
}

/** What starts at a later position still needs the session's first event: configuration and versions. */
export async function firstEvent({ deps, session, patience }: StartingPointOptions): Promise<StartedEvent> {
  const { service, journal } = deps;
  const first = (await patience.retry('read the journal', () => journal.events(session.id, 1, 1)))[0];
  const scanned = first === undefined ? 'is not in the journal' : scan(first.subject, first.bytes);
  const event = first === undefined || typeof scanned === 'string' ? scanned : parseEvent(first.subject, first.bytes, scanned, 1);
  if (typeof event === 'string' || !('type' in event) || event.type !== 'session.started')
    throw new Error(
      `${service}: position 1 of ${session.id} should be session.started, but ${typeof event === 'string' ? event : 'is another event'}`,
    );
  return event;
}

/** The session's first event names each core's version, and the snapshot that it goes on from: whoever differs takes no part. */
export function checkStarted(
  event: StartedEvent,
  service: ServiceName,
  session: SessionRow,
  version: string,
  startingSha: string | null,
): void {
  const named = event.data.versions[service];
  if (named !== version && session.end === null)
    throw new Error(`${service}: session ${session.id} names version ${named} of it, this is ${version}`);
  const expected = event.data.snapshots[service];
  if (startingSha !== null && expected !== startingSha)
    throw new Error(`${service}: session ${session.id} starts from a snapshot with hash ${expected}, the one stored has ${startingSha}`);
}
