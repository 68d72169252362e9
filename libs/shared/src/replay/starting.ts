import { CORE_SERVICES, type CoreServiceName, parseEvent, scan } from '../contracts/index.ts';
import type { MakeCore } from '../core/index.ts';
import { type Intake, type JournalReader, openSnapshot, type SessionRow, type StoredSnapshot } from '../runtime/index.ts';
import { Derivation } from './derivation.ts';
import { keptFrom, type RecordReader, snapshotPositions } from './record.ts';

export type Cores = Readonly<Record<CoreServiceName, MakeCore>>;

/** Where a session begins: its parent's last state of a core, which an imported session holds itself, at position 0. */
export async function parentsLast(
  journal: JournalReader,
  session: SessionRow,
  service: string,
): Promise<{ readonly stored: StoredSnapshot | undefined; readonly parent: string; readonly position: number } | null> {
  const { parent, parentPosition } = session;
  if (parent === null || parentPosition === null) return null;
  const [last] = await journal.snapshots(parent, service, parentPosition, 1);
  if (last !== undefined) return { stored: last, parent, position: parentPosition };
  const [carried] = await journal.snapshots(session.id, service, 0, 1);
  return { stored: carried === undefined ? undefined : { ...carried, position: parentPosition }, parent, position: parentPosition };
}

/** A core in the state the session begins with. Null where the state of the parent is not there, or not sound. */
export async function fromTheBeginning(
  journal: JournalReader,
  session: SessionRow,
  service: CoreServiceName,
  cores: Cores,
): Promise<Derivation | null> {
  const derivation = new Derivation(session.id, service, cores[service](), session.versions[service]);
  const last = await parentsLast(journal, session, service);
  if (last === null) return derivation;
  const { stored, parent, position } = last;
  return stored !== undefined && stored.position === position && derivation.fromParent(stored, parent) ? derivation : null;
}

/** Nobody can be asked for what is not there: says what is instead. */
export class NoStateThere extends Error {
  override readonly name = 'NoStateThere';
}

/**
 * A core in its newest recorded state at or below `position`; a snapshot that is not sound, or neither of this code nor of
 * the code that recorded, is passed over for the one before it.
 */
export async function nearest(
  journal: RecordReader,
  session: SessionRow,
  service: CoreServiceName,
  position: number,
  cores: Cores,
): Promise<Derivation> {
  const kept = await keptFrom(journal, session);
  const positions = (await snapshotPositions(journal, session.id, service)).filter((at) => at <= position && at >= kept - 1 && at > 0);
  for (const at of positions.reverse()) {
    const [stored] = await journal.snapshots(session.id, service, at, 1);
    if (stored?.position !== at) continue;
    const derivation = new Derivation(session.id, service, cores[service](), session.versions[service]);
    const { version, schema } = derivation.runner.core;
    const usable = stored.version === version || (stored.version === session.versions[service] && stored.schema <= schema);
    if (usable && derivation.fromSnapshot(stored)) return derivation;
  }
  if (kept === 1) {
    const derivation = await fromTheBeginning(journal, session, service, cores);
    if (derivation !== null) return derivation;
    throw new NoStateThere(
      `${session.id} goes on from ${session.parent}:${session.parentPosition}, but the state of ${service} there is missing or broken, and there is no sound snapshot up to position ${position}: choose a later event, or restore the snapshots from a backup`,
    );
  }
  const first = (await snapshotPositions(journal, session.id, service)).find((at) => at >= kept - 1 && at > position);
  throw new NoStateThere(
    first === undefined
      ? `no snapshot of ${service} is left in ${session.id}, whose events begin at ${kept}: nothing can be derived from there`
      : `position ${position} is before the first snapshot of ${service} that events of ${session.id} (they begin at ${kept}) can be derived from: choose an event above ${first}`,
  );
}

/** Whose turn it is after `position`: from the last seal at or below it, and the rows since. */
export async function turnsAfter(journal: RecordReader, session: SessionRow, position: number, intake: Intake): Promise<void> {
  const [seal] = await journal.seals(session.id, position, 1);
  if (seal === undefined || position === 0) return;
  // The state of the turns stands in the seal before the one that holds the position.
  const after = seal.to === position ? seal.to : seal.from - 1;
  const [whole] = after === seal.to ? [seal] : await journal.seals(session.id, after, 1);
  if (after > 0 && whole !== undefined && whole.to === after) intake.turns.load(JSON.parse(whole.turns));
  for (let at = after; at < position; ) {
    const rows = await journal.events(session.id, at + 1, Math.min(5_000, position - at));
    if (rows.length === 0) return;
    for (const row of rows) {
      if (row.position <= position) intake.judge(row);
      at = row.position;
    }
  }
}

export function isSound(stored: StoredSnapshot): boolean {
  return openSnapshot(stored) !== null;
}

/** The first event of a session, read on its own. */
export async function firstEvent(journal: JournalReader, session: string) {
  const [first] = await journal.events(session, 1, 1);
  if (first === undefined || first.position !== 1) return null;
  const scanned = scan(first.subject, first.bytes);
  const event = typeof scanned === 'string' ? scanned : parseEvent(first.subject, first.bytes, scanned, 1);
  return typeof event === 'string' || event.type !== 'session.started' ? null : event;
}

export function coreServices(cores: Cores): readonly CoreServiceName[] {
  return CORE_SERVICES.filter((service) => cores[service] !== undefined);
}

export function versionsOf(cores: Cores): Readonly<Record<string, string>> {
  return Object.fromEntries(coreServices(cores).map((service) => [service, cores[service]().version]));
}
