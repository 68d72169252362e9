import type { CoreServiceName, DataOf } from '@arb/shared/contracts';
import { rowOf, sealBatch, startChain } from '@arb/shared/journal';
import { Intake, type JournalRow, type RunnerState, type SessionRow, type StreamMessage } from '@arb/shared/runtime';
import type { Cast } from './cast.ts';
import { type AtEnd, replayAll } from './replay.ts';

/** Whole event of a row whose bytes are known to be sound. */
interface Parsed {
  readonly n: number;
  readonly source: string;
  readonly type: string;
  readonly at: number;
  readonly cause: number | null;
  readonly data: Record<string, unknown>;
}
const parsed = new WeakMap<JournalRow, Parsed>();
function eventOf(row: JournalRow): Parsed {
  let event = parsed.get(row);
  if (event === undefined) {
    event = JSON.parse(Buffer.from(row.bytes).toString()) as Parsed;
    parsed.set(row, event);
  }
  return event;
}

export interface Checked {
  readonly sessions: number;
  readonly rows: number;
  readonly outcomes: number;
}

/** Everything that must hold once a run has come to rest; throws what does not. */
export function checkAll(cast: Cast): Checked {
  const sessions = [...cast.db.sessions.values()].sort((a, b) => a.number - b.number);
  const said: SaidInJournal = new Map();
  const claims: Claim[] = [];
  let rowCount = 0;
  for (const session of sessions) {
    const rows = cast.db.rowsOf(session.id);
    rowCount += rows.length;
    checkRows(cast, session, rows);
    checkSeals(cast, session, rows);
    checkAgainstStream(cast, session, rows);
    checkTurns(session, rows);
    checkBooks(session, rows, said, claims);
    checkLife(cast, session, rows);
  }
  checkSaid(cast, said);
  checkLeaseHolders(cast, claims);
  checkReplays(cast, sessions);
  const outcomes = checkOutcomes(cast, sessions);
  return { sessions: sessions.length, rows: rowCount, outcomes };
}

function must(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

// ---- the journal by itself ------------------------------------------------------------------------------------------

function checkRows(cast: Cast, session: SessionRow, rows: readonly JournalRow[]): void {
  const intake = new Intake(session.id, new Set(['all']));
  const seals = new Map((cast.db.seals.get(session.id) ?? []).map((seal) => [seal.to, seal]));
  rows.forEach((row, i) => {
    must(row.position === i + 1, () => `${session.id}: row ${i + 1} stands at position ${row.position}`);
    const { bytes, ...again } = rowOf(row, intake.judge(row), intake);
    const { bytes: stored, ...found } = row;
    must(Buffer.compare(bytes, stored) === 0 && JSON.stringify(again) === JSON.stringify(found), () => {
      return `${session.id}:${row.position} is stored as ${JSON.stringify(found)}, but judged as ${JSON.stringify(again)}`;
    });
    const seal = seals.get(row.position);
    if (seal !== undefined)
      must(
        seal.turns === JSON.stringify(intake.turns.save()),
        () => `${session.id}: turns of the seal at ${row.position} are ${seal.turns}`,
      );
  });
}

function checkSeals(cast: Cast, session: SessionRow, rows: readonly JournalRow[]): void {
  let chain = startChain();
  let last = 0;
  const heads = new Map<number, string>();
  for (const seal of cast.db.seals.get(session.id) ?? []) {
    must(seal.from === last + 1 && seal.to >= seal.from, () => `${session.id}: a seal from ${seal.from} to ${seal.to} follows ${last}`);
    chain = sealBatch(chain, rows.slice(seal.from - 1, seal.to), seal.from, seal.to);
    must(
      chain.head === seal.head && chain.market === seal.market && chain.ledger === seal.ledger,
      () => `${session.id}: the seal ${seal.from} to ${seal.to} does not fit its rows`,
    );
    last = seal.to;
    heads.set(seal.to, seal.head);
  }
  must(last === rows.length, () => `${session.id}: sealed to ${last}, ${rows.length} rows`);
  // What was ever told as committed is there, as it was then.
  const history = cast.history.of(session.streamCreated);
  for (const timeline of history?.timelines ?? [])
    for (const message of timeline) {
      if (message.subject !== 'journal.committed') continue;
      const event = JSON.parse(Buffer.from(message.bytes).toString()) as { session: string; data: DataOf<'journal.committed'> };
      if (event.session !== session.id) continue;
      must(
        heads.get(event.data.to) === event.data.head,
        () =>
          `${session.id}: ${event.data.to} was told as committed with head ${event.data.head}; the journal has ${heads.get(event.data.to)}`,
      );
    }
}

/** All rows together are the beginning of one of the timelines that the stream has had. */
function checkAgainstStream(cast: Cast, session: SessionRow, rows: readonly JournalRow[]): void {
  if (rows.length === 0) return;
  const history = cast.history.of(session.streamCreated);
  must(history !== null, () => `${session.id} has ${rows.length} rows, but its stream of ${session.streamCreated} never held anything`);
  let farthest = 0;
  for (const timeline of history?.timelines ?? []) {
    let i = 0;
    for (; i < rows.length; i++) {
      const row = rows[i] as JournalRow;
      const stored = timeline[i];
      if (stored === undefined || stored.storedAt !== row.storedAt || stored.subject !== row.subject) break;
      if (Buffer.compare(stored.bytes, row.bytes) !== 0) break;
    }
    if (i === rows.length) return;
    farthest = Math.max(farthest, i);
  }
  throw new Error(`${session.id}: from ${farthest + 1} on the journal holds what no timeline of the stream has held`);
}

/** Turns and the journal's own lease, told a second time and in another way than the runtime does. */
function checkTurns(session: SessionRow, rows: readonly JournalRow[]): void {
  const counted = new Map<string, number>();
  let journal = null as { boot: string; term: number } | null;
  for (const row of rows) {
    if (!row.taken) continue;
    const event = eventOf(row);
    // Each source counts by itself in each root.
    const lane = `${row.subject.split('.')[0]} ${event.source}`;
    const before = counted.get(lane) ?? 0;
    const guarded = ['clock', 'journal.committed', 'quarantine', 'session.stopping', 'session.stopped'].includes(event.type);
    // Numbers of a source that is not listened to are used up all the same.
    must(event.n > before, () => `${session.id}:${row.position} is taken as ${event.source} ${event.n}, but ${before} was taken before it`);
    if (!event.source.includes('/') || event.type === 'service.started')
      must(event.n === before + 1, () => `${session.id}:${row.position} is taken as ${event.source} ${event.n} right after ${before}`);
    counted.set(lane, event.n);
    const boot = event.source.split('/')[1];
    if (event.type === 'session.started') {
      must(row.position === 1, () => `${session.id}: session.started is taken at position ${row.position}`);
      journal = { boot: event.data.boot as string, term: 0 };
    } else if (event.type === 'session.resumed' && event.data.term === (journal?.term ?? 0) + 1)
      journal = { boot: event.data.boot as string, term: event.data.term as number };
    if (guarded)
      must(
        boot === journal?.boot,
        () => `${session.id}:${row.position} ${event.type} is taken from ${boot}, the journal is ${journal?.boot}`,
      );
  }
}

// ---- books and their lease ------------------------------------------------------------------------------------------

interface Claim {
  readonly session: string;
  readonly boot: string;
  readonly storedAt: number;
}

/** By boot and sequence: where it stands. */
type SaidInJournal = Map<string, { readonly session: string; readonly position: number; readonly taken: boolean }>;

function checkBooks(session: SessionRow, rows: readonly JournalRow[], said: SaidInJournal, claims: Claim[]): void {
  let clock = 0;
  let holder = null as { boot: string; term: number; until: number } | null;
  for (const row of rows) {
    if (row.type === 'book') {
      const event = eventOf(row);
      const boot = event.source.split('/')[1] as string;
      const key = `${boot} ${event.data.sequence}`;
      const before = said.get(key);
      must(
        !(before?.taken === true && row.taken),
        () => `book ${key} is taken at ${session.id}:${row.position} and at ${before?.session}:${before?.position}`,
      );
      if (before === undefined || row.taken) said.set(key, { session: session.id, position: row.position, taken: row.taken });
      if (row.taken)
        must(
          holder?.boot === boot,
          () => `${session.id}:${row.position}: a book of ${boot} is taken while ${holder?.boot} holds the lease`,
        );
    }
    if (!row.taken) continue;
    const event = eventOf(row);
    if (event.type === 'session.started' || event.type === 'clock') clock = Math.max(clock, event.at);
    if (event.type !== 'lease' || event.data.service !== 'market-data') continue;
    const { boot, term, act } = event.data as unknown as DataOf<'lease'>;
    if (act === 'claim') {
      if (term !== (holder?.term ?? 0) + 1 || (holder !== null && holder.until > clock)) continue;
      holder = { boot, term, until: clock + 2_000_000 };
      claims.push({ session: session.id, boot, storedAt: row.storedAt });
    } else if (holder !== null && holder.boot === boot && holder.term === term) holder.until = act === 'renew' ? clock + 2_000_000 : 0;
  }
}

/** Whatever a process that is still there has said is in the journal, once: it had all the time to say it again. */
function checkSaid(cast: Cast, journaled: SaidInJournal): void {
  const living = new Set<string>();
  for (const [name, host] of cast.hosts) {
    const status = host.current()?.status();
    if (name.startsWith('market-data') && status?.live === true && status.unconfirmed === 0) living.add(name);
  }
  for (const book of cast.market.said) {
    const boot = cast.hosts.get(book.process)?.current();
    if (!living.has(book.process) || boot?.boot !== book.boot) continue;
    must(
      journaled.has(`${book.boot} ${book.sequence}`),
      () => `book ${book.sequence}, said by ${book.boot} in ${book.session}, is not in the journal`,
    );
  }
}

/**
 * No shell says books once another one that holds the lease has begun to, as seen by somebody who sees all. Between its
 * claim and its first word the new holder waits until the old one cannot trust in its lease any more.
 */
function checkLeaseHolders(cast: Cast, claims: readonly Claim[]): void {
  const spoke = new Set<Claim>();
  for (const book of cast.market.said) {
    const session = cast.db.sessions.get(book.session);
    const timelines = cast.history.of(session?.streamCreated ?? null)?.timelines.length;
    // Where a tail or the whole was lost, the claim may be lost with it.
    if (session === undefined || session.status === 'lost' || session.end === 0 || timelines !== 1) continue;
    const storedAt = cast.world.trueMicros(book.at);
    const holder = claims.findLast((claim) => claim.session === book.session && claim.storedAt <= storedAt);
    if (holder?.boot === book.boot) spoke.add(holder);
    else
      must(holder !== undefined && !spoke.has(holder), () => {
        return `${book.boot} said book ${book.sequence} in ${book.session} at ${book.at} µs, when ${holder?.boot} held the lease`;
      });
  }
}

// ---- the life of sessions -------------------------------------------------------------------------------------------

function checkLife(cast: Cast, session: SessionRow, rows: readonly JournalRow[]): void {
  const newest = Math.max(...[...cast.db.sessions.values()].map((row) => row.number));
  must(session.number === newest || session.end !== null, () => `${session.id} is ${session.status}, though a newer session exists`);
  if (session.end !== null)
    must(rows.length === session.end, () => `${session.id} ends at ${session.end}, the journal has ${rows.length} rows of it`);
  if (rows.length === 0) return;
  const first = eventOf(rows[0] as JournalRow);
  must(first.type === 'session.started', () => `${session.id} begins with ${first.type}`);
  const stops = rows.filter((row) => row.taken && row.type === 'session.stopped');
  if (session.status === 'ended')
    must(stops.length === 1 && stops[0]?.position === session.end, () => {
      return `${session.id} ended at ${session.end}, but session.stopped is taken at ${stops.map((row) => row.position).join()}`;
    });
  else must(stops.length === 0, () => `${session.id} is ${session.status}, but session.stopped is taken at ${stops[0]?.position}`);
  if (session.status === 'lost')
    must(session.lostFrom === (session.end as number) + 1, () => `${session.id} ends at ${session.end}, lost from ${session.lostFrom}`);
  const data = first.data as unknown as DataOf<'session.started'>;
  const parent = session.parent === null ? null : (cast.db.sessions.get(session.parent) ?? null);
  must(
    data.configHash === session.configHash,
    () => `${session.id}: hash ${data.configHash} in its first event, ${session.configHash} in its row`,
  );
  const expected =
    parent === null
      ? null
      : {
          session: parent.id,
          position: parent.end,
          reason: parent.status === 'lost' ? 'lost' : 'handover',
          ...(parent.status === 'lost' ? { lost: { from: (parent.end as number) + 1, to: parent.lostTo } } : {}),
        };
  must(JSON.stringify(data.parent) === JSON.stringify(expected), () => {
    return `${session.id} names its parent ${JSON.stringify(data.parent)}, expected ${JSON.stringify(expected)}`;
  });
  must(data.mode === (parent?.status === 'lost' ? 'REDUCE_ONLY' : 'ACTIVE'), () => `${session.id} starts ${data.mode}`);
  if (parent !== null)
    for (const [service, sha] of Object.entries(data.snapshots)) {
      const stored = cast.db.snapshots.find((one) => one.session === parent.id && one.service === service && one.position === parent.end);
      must(stored?.sha256 === sha, () => `${session.id} starts ${service} from ${sha}, stored is ${stored?.sha256}`);
    }
}

// ---- state and outputs by replay ------------------------------------------------------------------------------------

function checkReplays(cast: Cast, sessions: readonly SessionRow[]): void {
  const ends = new Map<string, Map<CoreServiceName, AtEnd>>();
  for (const session of sessions) {
    const rows = cast.db.rowsOf(session.id);
    if (rows.length === 0) continue;
    const parents = session.parent === null ? null : (ends.get(session.parent) ?? null);
    if (session.parent !== null && parents === null) throw new Error(`${session.id}: its parent ${session.parent} has no rows`);
    // Beyond the journal's head the stream says what live processes have read.
    const beyond: readonly StreamMessage[] =
      session.end === null ? (cast.history.of(session.streamCreated)?.timelines.at(-1)?.slice(rows.length) ?? []) : [];
    const living = [...cast.hosts].flatMap(([name, host]) => {
      const run = host.current();
      const live = run?.status().session === session.id ? run.coreState() : null;
      return live === null ? [] : [{ name, ...live, found: false }];
    });
    const messages = [...rows, ...beyond];
    const end = replayAll(session, parents, messages, cast.db.snapshots, (service) => {
      const mine = living.filter((one) => one.name.replace(/-1$/, '') === service);
      if (mine.length === 0) return undefined;
      return (position: number, state: RunnerState) => {
        for (const one of mine)
          if (one.position === position) {
            one.found = true;
            must(JSON.stringify(one.state) === JSON.stringify(state), () => {
              return `${one.name} in ${session.id} at ${position} is\n${JSON.stringify(one.state)}\na replay is\n${JSON.stringify(state)}`;
            });
          }
      };
    });
    for (const one of living) must(one.found, () => `${one.name} stands at ${session.id}:${one.position}, of ${messages.length} messages`);
    ends.set(session.id, end);
  }
}

// ---- every allowed trade has one outcome ----------------------------------------------------------------------------

function checkOutcomes(cast: Cast, sessions: readonly SessionRow[]): number {
  const chain: SessionRow[] = [];
  for (let at = sessions.at(-1); at !== undefined; at = sessions.find((row) => row.id === at?.parent)) chain.unshift(at);
  const allowed = new Map<string, { readonly where: string; readonly at: number }>();
  const closed = new Map<string, string>();
  let lastClock = 0;
  for (const session of chain)
    for (const row of cast.db.rowsOf(session.id)) {
      if (!row.taken) continue;
      const where = `${session.id}:${row.position}`;
      if (row.type === 'clock') lastClock = Math.max(lastClock, row.at as number);
      if (row.type === 'verdict') {
        const data = eventOf(row).data as unknown as DataOf<'verdict'>;
        if (data.outcome !== 'ALLOW') continue;
        const before = allowed.get(data.trip as string);
        must(before === undefined, () => `${data.trip} is allowed at ${before?.where} and at ${where}`);
        allowed.set(data.trip as string, { where, at: Math.max(lastClock, row.at as number) });
      } else if (row.type === 'position') {
        const data = eventOf(row).data as unknown as DataOf<'position'>;
        must(allowed.has(data.trip), () => `${data.trip} is closed at ${where}, but was not allowed`);
        const before = closed.get(data.trip);
        must(before === undefined, () => `${data.trip} is closed at ${before} and at ${where}`);
        closed.set(data.trip, where);
      }
    }
  for (const [trip, { where, at }] of allowed)
    must(closed.has(trip) || at > lastClock - 1_500_000, () => `${trip}, allowed at ${where}, has no outcome`);
  return closed.size;
}
