import type { AnyEvent, PositionRef } from '../contracts/index.ts';
import type { Archive } from '../journal/index.ts';
import type { SessionRow, StoredEvent } from '../runtime/index.ts';
import { readEvent, type Told, tell } from './told-event.ts';

export interface WhyLink extends Told {
  readonly session: string;
  readonly position: number;
  readonly type: string;
  readonly subject: string;
  readonly source: string;
  /** µs: when it happened by its own word, and when the stream stored it. */
  readonly at: number;
  readonly storedAt: number;
  readonly taken: boolean;
  /** How it is tied to the link it hangs from: `cause`, `basis`, or `trip` (another moment of the same round trip). */
  readonly by: 'cause' | 'basis' | 'trip' | null;
  /** Stored so much later than what it follows from, ms. */
  readonly hopMs: number | null;
  /** What it rests on, or what followed from it. */
  readonly links: readonly WhyLink[];
  /** There is more than is shown. */
  readonly more: boolean;
}

export interface Why {
  readonly session: string;
  readonly position: number;
  readonly event: WhyLink;
  /** What it rests on, nearest first: a tree over cause and basis. */
  readonly causes: readonly WhyLink[];
  /** What followed from it. */
  readonly effects: readonly WhyLink[];
  /** Other moments of the same round trip, in order. */
  readonly trip: readonly WhyLink[];
  /** Market data and `basis` have no index: what followed was looked for up to this position. */
  readonly searchedTo: number;
}

const MOST_LINKS = 200;
const MOST_DEPTH = 12;
const MOST_EFFECTS = 20;
/** Positions after an event in which answers out of market data, and events that rest on it, are looked for. */
const WINDOW = 2_000;
const TRIP_WINDOW = 200_000;
const MOST_OF_TRIP = 40;

/** Why an event stands in the record, and what came of it. */
export async function why(archive: Archive, session: SessionRow, position: number): Promise<Why> {
  const tree = new Tree(archive);
  const row = await archive.event(session.id, position);
  if (row === null) throw new Error(`${session.id} has no row at position ${position}`);
  const found = readEvent(row);
  const event = linkOf(session.id, row, found, null, null);
  const causes = found === null ? [] : await tree.causes(session.id, found, row.storedAt, 1);
  const { effects, searchedTo } = found === null ? { effects: [], searchedTo: position } : await tree.effects(session, found, row.storedAt);
  const trip = found === null ? [] : await tripOf(archive, session, found, row.storedAt);
  return { session: session.id, position, event, causes, effects, trip, searchedTo };
}

class Tree {
  private readonly archive: Archive;
  private readonly seen = new Set<string>();
  private count = 0;

  constructor(archive: Archive) {
    this.archive = archive;
  }

  async causes(session: string, event: AnyEvent, storedAt: number, depth: number): Promise<readonly WhyLink[]> {
    const refs: { ref: PositionRef; by: 'cause' | 'basis' }[] = [
      ...(event.cause === null ? [] : [{ ref: event.cause, by: 'cause' as const }]),
      ...(event.basis ?? []).filter((ref) => ref !== event.cause).map((ref) => ({ ref, by: 'basis' as const })),
    ];
    const links: WhyLink[] = [];
    for (const { ref, by } of refs) {
      const [of, position] = placeOf(ref, session);
      const key = `${of}:${position}`;
      if (this.count >= MOST_LINKS) break;
      const row = await this.archive.event(of, position);
      if (row === null) {
        links.push(missing(of, position, by));
        continue;
      }
      const found = readEvent(row);
      const again = this.seen.has(key);
      this.seen.add(key);
      this.count++;
      const deeper = found !== null && !again && depth < MOST_DEPTH ? await this.causes(of, found, row.storedAt, depth + 1) : [];
      const cut = again || (depth >= MOST_DEPTH && found !== null && (found.cause !== null || (found.basis?.length ?? 0) > 0));
      links.push({ ...linkOf(of, row, found, by, (storedAt - row.storedAt) / 1_000), links: deeper, more: cut && hasCauses(found) });
    }
    return links;
  }

  /**
   * Forward over causes by the ledger's index; what market data and `basis` add is looked for in the positions that follow,
   * in one reading of them for all generations.
   */
  async effects(session: SessionRow, first: AnyEvent, storedAt: number): Promise<{ effects: readonly WhyLink[]; searchedTo: number }> {
    const near = await this.archive.events(session.id, first.position + 1, WINDOW);
    const searchedTo = near.at(-1)?.position ?? first.position;
    const followers = new Map<number, { row: StoredEvent; event: AnyEvent; by: 'cause' | 'basis' }[]>();
    for (const row of near) {
      if (!row.taken) continue;
      const refs = refsOf(row.bytes);
      if (refs === null) continue;
      for (const { position, by } of refs) {
        if (position < first.position) continue;
        const event = readEvent(row);
        if (event !== null) push(followers, position, { row, event, by });
      }
    }
    const shown = new Set<number>([first.position]);
    const grow = async (event: AnyEvent, at: number, depth: number): Promise<readonly WhyLink[]> => {
      const direct = [...(followers.get(event.position) ?? [])];
      const known = new Set(direct.map(({ row }) => row.position));
      // A later cause than the window holds (a leg that filled minutes after) stands in the ledger's index.
      if (event.position > searchedTo - WINDOW / 2 || isLedger(event))
        for (const row of await this.archive.causedBy(session, String(event.position), 0, 0, MOST_EFFECTS + 1)) {
          if (known.has(row.position)) continue;
          const found = readEvent(row);
          if (found !== null) direct.push({ row, event: found, by: 'cause' });
        }
      direct.sort((a, b) => a.row.position - b.row.position);
      const links: WhyLink[] = [];
      let more = false;
      for (const { row, event: found, by } of direct) {
        if (shown.has(row.position)) continue;
        if (this.count >= MOST_LINKS || links.length >= MOST_EFFECTS) {
          more = true;
          break;
        }
        shown.add(row.position);
        this.count++;
        const deeper = depth < MOST_DEPTH ? await grow(found, row.storedAt, depth + 1) : [];
        links.push({ ...linkOf(session.id, row, found, by, (row.storedAt - at) / 1_000), links: deeper, more: depth >= MOST_DEPTH });
      }
      const last = links.at(-1);
      return more && last !== undefined ? [...links.slice(0, -1), { ...last, more: true }] : links;
    };
    return { effects: await grow(first, storedAt, 1), searchedTo };
  }
}

function hasCauses(event: AnyEvent | null): boolean {
  return event !== null && (event.cause !== null || (event.basis?.length ?? 0) > 0);
}

/** Events that only outside news can follow (books, rates) have all their answers close by. */
function isLedger(event: AnyEvent): boolean {
  return event.type !== 'book' && event.type !== 'l2' && event.type !== 'trade' && event.type !== 'clock';
}

const REFS =
  /^\{"n":\d+,"source":"[^"]*","session":"[^"]*","type":"[^"]*","v":\d+,"at":\d+,"cause":(null|\d+|"[^"]*")(?:,"basis":\[([^\]]*)\])?/;
/** A header with the longest basis. */
const MOST_HEADER = 4_096;

/** Positions of this session that an event follows from, read off its first bytes. */
function refsOf(bytes: Uint8Array): readonly { readonly position: number; readonly by: 'cause' | 'basis' }[] | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MOST_HEADER)).toString('latin1');
  const found = REFS.exec(head);
  if (found === null) return null;
  const refs: { position: number; by: 'cause' | 'basis' }[] = [];
  const cause = Number(found[1]);
  if (cause > 0) refs.push({ position: cause, by: 'cause' });
  for (const text of (found[2] ?? '').split(',')) {
    const position = Number(text);
    if (position > 0 && position !== cause) refs.push({ position, by: 'basis' });
  }
  return refs;
}

function push<V>(map: Map<number, V[]>, key: number, value: V): void {
  const all = map.get(key);
  if (all === undefined) map.set(key, [value]);
  else all.push(value);
}

async function tripOf(archive: Archive, session: SessionRow, event: AnyEvent, storedAt: number): Promise<readonly WhyLink[]> {
  const trip = (event.data as { readonly trip?: unknown }).trip;
  if (typeof trip !== 'string') return [];
  const types = ['decision', 'verdict', 'fill', 'position'];
  const ask = { types, trip, window: TRIP_WINDOW, limit: MOST_OF_TRIP };
  const [before, after] = await Promise.all([
    archive.ofType(session, { ...ask, upTo: event.position - 1 }),
    archive.ofType(session, { ...ask, from: event.position + 1 }),
  ]);
  return [...[...before].reverse(), ...after].flatMap((row) => {
    const found = readEvent(row);
    return found === null ? [] : [linkOf(session.id, row, found, 'trip', (row.storedAt - storedAt) / 1_000)];
  });
}

function placeOf(ref: PositionRef, session: string): readonly [string, number] {
  if (typeof ref === 'number') return [session, ref];
  const colon = ref.lastIndexOf(':');
  return [ref.slice(0, colon), Number(ref.slice(colon + 1))];
}

function linkOf(session: string, row: StoredEvent, event: AnyEvent | null, by: WhyLink['by'], hopMs: number | null): WhyLink {
  const { position, subject, storedAt, taken } = row;
  const told = event === null ? { says: 'malformed: no event', numbers: {} } : tell(event);
  return {
    session,
    position,
    type: event?.type ?? 'malformed',
    subject,
    source: event?.source ?? '',
    at: event?.at ?? 0,
    storedAt,
    taken,
    by,
    hopMs,
    ...told,
    links: [],
    more: false,
  };
}

function missing(session: string, position: number, by: WhyLink['by']): WhyLink {
  const nothing = { type: 'missing', subject: '', source: '', at: 0, storedAt: 0, taken: false, hopMs: null, links: [], more: false };
  return { ...nothing, session, position, by, says: 'not in this journal (dropped, or of a session that is not here)', numbers: {} };
}
