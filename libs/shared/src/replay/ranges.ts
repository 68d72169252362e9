import { CORE_SERVICES, type CoreServiceName } from '../contracts/index.ts';
import type { Seal, SessionRow } from '../runtime/index.ts';
import { keptFrom, type RecordReader, snapshotPositions } from './record.ts';
import { isSound } from './starting.ts';

const LEAST_POSITIONS = 100_000;
/** More ranges than processes, so that all are busy to the end. */
const RANGES_A_JOB = 4;

/** A part of a session that is proved on its own: rows and seals of it, and each core between two of its snapshots. */
export interface VerifyRange {
  /** A seal's end; 0 for the beginning. */
  readonly after: number;
  readonly to: number;
  /** The positions of the snapshots that cores begin from (0: the session's beginning) … */
  readonly begins: Readonly<Record<string, number>>;
  /** … and those they are handed over at to the next range; one that is not named goes to the end. */
  readonly ends: Readonly<Record<string, number>>;
  /** Ends where the session does. */
  readonly whole: boolean;
}

export interface RangePlan {
  readonly from?: number;
  readonly to?: number;
  /** Processes that will share the work. */
  readonly jobs?: number;
  /** No range is shorter: below it a process of its own costs more than it saves. */
  readonly leastPositions?: number;
}

/**
 * Cuts a session into ranges, for cores of these versions. A range's seals are proved from the turns that the seal before it names, its cores from
 * snapshots; the range before proves those turns and those snapshots. So the parts prove the whole.
 */
export async function planRanges(
  journal: RecordReader,
  session: SessionRow,
  versions: Readonly<Record<string, string>>,
  plan: RangePlan = {},
): Promise<readonly VerifyRange[]> {
  const end = session.end ?? (await journal.head(session.id));
  const kept = await keptFrom(journal, session);
  const from = Math.max(plan.from ?? 1, kept);
  const lastSeal = plan.to === undefined ? undefined : (await journal.seals(session.id, plan.to, 1))[0];
  const to = Math.min(end, lastSeal?.to ?? end);
  const positions = new Map<CoreServiceName, readonly number[]>();
  for (const service of CORE_SERVICES)
    if (versions[service] !== undefined) positions.set(service, await snapshotPositions(journal, session.id, service));
  const otherVersion = [...positions.keys()].some((service) => versions[service] !== session.versions[service]);

  const firstAfter = kept === 1 ? 0 : await sealEndFrom(journal, session.id, kept - 1);
  const begins: Record<string, number> = {};
  for (const [service, all] of positions) {
    // Another version is followed from the beginning: a snapshot in between would be of the code that recorded.
    const usable = versions[service] === session.versions[service] ? all : [];
    const sound = usable.filter((at) => at >= firstAfter && at > 0 && at < to);
    const before = await lastSound(
      journal,
      session.id,
      service,
      sound.filter((at) => at < from),
    );
    const begin = before ?? (kept === 1 ? 0 : await firstSound(journal, session.id, service, sound));
    if (begin !== null) begins[service] = begin;
  }
  const lowest = Math.min(from - 1, ...Object.values(begins));
  const after = Math.max(firstAfter, lowest <= 0 ? 0 : await sealEndUpTo(journal, session.id, lowest));

  const size = to - after;
  const jobs = otherVersion ? 1 : (plan.jobs ?? 1);
  const wanted = jobs <= 1 ? 1 : Math.max(1, Math.min(jobs * RANGES_A_JOB, Math.floor(size / (plan.leastPositions ?? LEAST_POSITIONS))));
  const ranges: VerifyRange[] = [];
  let open: { after: number; begins: Record<string, number> } = { after, begins };
  for (let k = 1; k < wanted; k++) {
    const boundary = await sealEndFrom(journal, session.id, after + Math.floor((size * k) / wanted));
    const next = after + Math.floor((size * (k + 1)) / wanted);
    if (boundary <= open.after || boundary >= to) continue;
    const handed: Record<string, number> = {};
    for (const [service, all] of positions) {
      if (open.begins[service] === undefined) continue;
      const at = await firstSound(
        journal,
        session.id,
        service,
        all.filter((position) => position >= boundary && position < Math.min(next, to)),
      );
      if (at !== null && at > (open.begins[service] as number)) handed[service] = at;
    }
    if (Object.keys(handed).length < Object.keys(open.begins).length) continue;
    ranges.push({ ...open, to: boundary, ends: handed, whole: false });
    open = { after: boundary, begins: handed };
  }
  ranges.push({ ...open, to, ends: {}, whole: to === end });
  return ranges;
}

async function lastSound(journal: RecordReader, session: string, service: string, positions: readonly number[]): Promise<number | null> {
  return firstSound(journal, session, service, [...positions].reverse());
}

async function firstSound(journal: RecordReader, session: string, service: string, positions: readonly number[]): Promise<number | null> {
  for (const at of positions) {
    const [stored] = await journal.snapshots(session, service, at, 1);
    if (stored?.position === at && isSound(stored)) return at;
  }
  return null;
}

/** The end of the seal that holds the position. */
async function sealEndFrom(journal: RecordReader, session: string, position: number): Promise<number> {
  const [seal] = await journal.seals(session, position, 1);
  return seal?.to ?? position;
}

/** The last seal's end at or below the position. */
async function sealEndUpTo(journal: RecordReader, session: string, position: number): Promise<number> {
  const [seal] = await journal.seals(session, position, 1);
  return seal === undefined ? 0 : seal.to === position ? position : seal.from - 1;
}

/** The seal that ends at a position: what the next range builds on. */
export async function sealAt(journal: RecordReader, session: string, position: number): Promise<Seal | null> {
  const [seal] = await journal.seals(session, position, 1);
  return seal?.to === position ? seal : null;
}
