import * as events from './events.ts';
import { BOOT, COIN, PAIR, VENUE } from './events.ts';
import { HURRIED, SERVICES, type ServiceName, type Writer, writerOf } from './names.ts';
import type { Of, Shape } from './shape.ts';

/**
 * THE table: every kind of event, how its subject is spelled, who writes it and who reads it. NATS permissions, the
 * wiring of the services, the simulation and the docs' picture are all made from it.
 */
export interface EventKind<T = unknown> {
  readonly type: string;
  /** Present version; older ones are upcast on read. */
  readonly v: number;
  /** First word of the subject, and what the words after it must look like. */
  readonly root: string;
  readonly words: readonly RegExp[];
  /** Fields of the data that repeat those words, in their order. */
  readonly names: readonly string[];
  readonly writers: readonly Writer[];
  /** `core`: derived, source is the plain service name. `shell`: learnt from outside, source is `<service>/<boot>`. */
  readonly by: 'core' | 'shell';
  /** Subjects that are taken only from the boot which holds this lease. */
  readonly lease: 'market-data' | 'journal' | null;
  readonly readers: readonly ServiceName[];
  /** Which of the journal's two tables holds it. */
  readonly table: 'market' | 'ledger';
  readonly says: string;
  readonly shape: Shape<T>;
  /** From version i+1 to i+2 of `data`. */
  readonly upcasts: readonly ((data: unknown) => unknown)[];
}

const SERVICE = new RegExp(`^(${SERVICES.join('|')})$`);
const WORD = /^[a-z-]{1,20}$/;
const ALL = SERVICES;

type Row<T> = Omit<EventKind<T>, 'type' | 'v' | 'upcasts' | 'lease' | 'table' | 'names'> &
  Partial<Pick<EventKind<T>, 'v' | 'upcasts' | 'lease' | 'table' | 'names'>>;
function kind<T>(row: Row<T>): Row<T> {
  return row;
}

const rows = {
  'session.started': kind({
    root: 'session',
    words: [/^started$/],
    writers: ['journal'],
    by: 'shell',
    readers: ALL,
    says: 'configuration, seed, code versions, parent',
    shape: events.sessionStarted,
  }),
  'session.resumed': kind({
    root: 'session',
    words: [/^resumed$/],
    writers: ['journal'],
    by: 'shell',
    readers: ALL,
    says: 'the same session goes on',
    shape: events.sessionResumed,
  }),
  'session.stopping': kind({
    root: 'session',
    words: [/^stopping$/],
    writers: ['journal'],
    by: 'shell',
    lease: 'journal',
    readers: ALL,
    says: 'the cut begins',
    shape: events.sessionStopping,
  }),
  'session.stopped': kind({
    root: 'session',
    words: [/^stopped$/],
    writers: ['journal'],
    by: 'shell',
    lease: 'journal',
    readers: ALL,
    says: 'the end: nothing follows',
    shape: events.sessionStopped,
  }),
  clock: kind({
    root: 'clock',
    words: [],
    writers: ['journal'],
    by: 'shell',
    lease: 'journal',
    readers: ALL,
    table: 'market',
    says: 'time every 100 ms, fill of the stream, what is committed',
    shape: events.clock,
  }),
  'journal.committed': kind({
    root: 'journal',
    words: [/^committed$/],
    writers: ['journal'],
    by: 'shell',
    lease: 'journal',
    readers: ['risk', 'executor', 'alerting'],
    says: 'all up to a position is in Postgres; head of the seals',
    shape: events.journalCommitted,
  }),
  quarantine: kind({
    root: 'quarantine',
    words: [],
    writers: ['journal'],
    by: 'shell',
    lease: 'journal',
    readers: ['alerting'],
    says: 'a malformed event: position, hash, first bytes, reason',
    shape: events.quarantine,
  }),
  'service.started': kind({
    root: 'service',
    words: [SERVICE],
    writers: ALL,
    by: 'shell',
    readers: ['alerting', 'dashboard'],
    says: 'a process has started',
    shape: events.serviceStarted,
  }),
  'service.heartbeat': kind({
    root: 'service',
    words: [SERVICE],
    writers: ALL,
    by: 'shell',
    readers: ['alerting', 'dashboard'],
    says: 'each second: lag, last snapshot, trouble',
    shape: events.serviceHeartbeat,
  }),
  'service.stopping': kind({
    root: 'service',
    words: [SERVICE],
    writers: ALL,
    by: 'shell',
    readers: ['alerting', 'dashboard'],
    says: 'a process leaves on purpose: its silence is no failure',
    shape: events.serviceStopping,
  }),
  lease: kind({
    root: 'lease',
    words: [SERVICE],
    names: ['service'],
    writers: ['market-data', 'alerting'],
    by: 'shell',
    readers: ALL,
    says: 'who may act on the world',
    shape: events.lease,
  }),
  command: kind({
    root: 'command',
    words: [WORD],
    writers: ['dashboard', 'alerting', 'cli'],
    by: 'shell',
    readers: ['strategy', 'risk', 'executor', 'journal', 'alerting'],
    says: 'halt, reduce-only, go-on, flatten, pause, handover: who and why',
    shape: events.command,
  }),
  book: kind({
    root: 'book',
    words: [VENUE, PAIR],
    names: ['venue', 'symbol'],
    writers: ['market-data'],
    by: 'shell',
    lease: 'market-data',
    readers: ['aggregator', 'executor'],
    table: 'market',
    says: "a venue's book",
    shape: events.book,
  }),
  trade: kind({
    root: 'trade',
    words: [VENUE, PAIR],
    names: ['venue', 'symbol'],
    writers: ['market-data'],
    by: 'shell',
    lease: 'market-data',
    readers: ['dashboard'],
    table: 'market',
    says: 'a public trade',
    shape: events.trade,
  }),
  fx: kind({
    root: 'fx',
    words: [PAIR],
    names: ['pair'],
    writers: ['market-data'],
    by: 'shell',
    lease: 'market-data',
    readers: ['aggregator', 'strategy', 'risk', 'executor', 'alerting'],
    says: 'a rate with sources, ages, tier',
    shape: events.fx,
  }),
  health: kind({
    root: 'health',
    words: [VENUE],
    names: ['venue'],
    writers: ['market-data'],
    by: 'shell',
    lease: 'market-data',
    readers: ['strategy', 'risk', 'executor', 'alerting', 'dashboard'],
    says: "a venue's state and warnings",
    shape: events.health,
  }),
  instruments: kind({
    root: 'instruments',
    words: [VENUE],
    names: ['venue'],
    writers: ['market-data'],
    by: 'shell',
    lease: 'market-data',
    readers: ['strategy', 'executor'],
    says: 'ticks, lots, least notionals and fees of a venue',
    shape: events.instruments,
  }),
  universe: kind({
    root: 'universe',
    words: [],
    writers: ['market-data'],
    by: 'shell',
    lease: 'market-data',
    readers: ['strategy', 'risk', 'alerting'],
    says: 'the coins traded from now on',
    shape: events.universe,
  }),
  l2: kind({
    root: 'l2',
    words: [COIN],
    names: ['coin'],
    writers: ['aggregator'],
    by: 'core',
    readers: ['strategy', 'risk', 'dashboard'],
    table: 'market',
    says: "all venues' books of one coin in one numeraire",
    shape: events.l2,
  }),
  decision: kind({
    root: 'decision',
    words: [COIN],
    names: ['coin'],
    writers: ['strategy'],
    by: 'core',
    readers: ['risk', 'alerting'],
    says: 'enter, exit, rebalance or skipped, with every number behind it',
    shape: events.decision,
  }),
  verdict: kind({
    root: 'verdict',
    words: [COIN],
    names: ['coin'],
    writers: ['risk'],
    by: 'core',
    readers: ['executor', 'strategy', 'alerting'],
    says: 'allow, reduce, cooldown or block: rule, value, limit',
    shape: events.verdict,
  }),
  guard: kind({
    root: 'guard',
    words: [],
    writers: ['risk'],
    by: 'core',
    readers: ['strategy', 'executor', 'alerting', 'dashboard'],
    says: 'mode of trading, breakers in force, the numbers that limits are held against',
    shape: events.guard,
  }),
  order: kind({
    root: 'order',
    words: [VENUE, PAIR],
    names: ['venue', 'symbol'],
    writers: ['executor'],
    by: 'core',
    readers: ['alerting', 'dashboard'],
    says: "an order's life",
    shape: events.order,
  }),
  fill: kind({
    root: 'fill',
    words: [VENUE, PAIR],
    names: ['venue', 'symbol'],
    writers: ['executor'],
    by: 'core',
    readers: ['strategy', 'dashboard'],
    says: 'price, quantity, fee, slippage, model',
    shape: events.fill,
  }),
  position: kind({
    root: 'position',
    words: [COIN],
    names: ['coin'],
    writers: ['executor'],
    by: 'core',
    readers: ['strategy', 'risk', 'dashboard', 'alerting'],
    says: "a round trip's life and PnL",
    shape: events.position,
  }),
  balance: kind({
    root: 'balance',
    words: [VENUE],
    names: ['venue'],
    writers: ['executor'],
    by: 'core',
    readers: ['strategy', 'risk', 'dashboard'],
    says: 'ledgers of a venue',
    shape: events.balance,
  }),
  transfer: kind({
    root: 'transfer',
    words: [COIN],
    names: ['currency'],
    writers: ['executor'],
    by: 'core',
    readers: ['dashboard'],
    says: 'money or coins on their way between venues',
    shape: events.transferState,
  }),
  kpi: kind({
    root: 'kpi',
    words: [],
    writers: ['executor'],
    by: 'core',
    readers: ['alerting', 'dashboard'],
    says: 'how trading goes: PnL, win rate, fills, latency',
    shape: events.kpi,
  }),
  reconciliation: kind({
    root: 'reconciliation',
    words: [VENUE],
    names: ['venue'],
    writers: ['executor'],
    by: 'core',
    readers: ['alerting', 'dashboard'],
    says: "a day's ledgers held against fills and transfers",
    shape: events.reconciliation,
  }),
  alert: kind({
    root: 'alert',
    words: [/^p[0-3]$/],
    writers: ['alerting'],
    by: 'core',
    readers: ['dashboard'],
    says: 'raised, closed, noted; to which channels',
    shape: events.alert,
  }),
  'alert.delivery': kind({
    root: 'alert',
    words: [/^p[0-3]$/],
    writers: ['alerting'],
    by: 'shell',
    readers: ['alerting', 'dashboard'],
    says: 'sent, failed, dead-lettered',
    shape: events.alertDelivery,
  }),
  'alert.queue': kind({
    root: 'alert',
    words: [/^queue$/],
    writers: ['alerting'],
    by: 'shell',
    readers: ['alerting'],
    says: 'where alerts wait, and which channels are broken',
    shape: events.alertQueue,
  }),
} as const;

export type EventType = keyof typeof rows;
export type DataOf<K extends EventType> = (typeof rows)[K] extends { shape: infer S } ? Of<S> : never;

export const CATALOG: { readonly [K in EventType]: EventKind<DataOf<K>> } = Object.fromEntries(
  Object.entries(rows).map(([type, row]) => [type, { type, v: 1, upcasts: [], lease: null, table: 'ledger', names: [], ...row }]),
) as never;

export const KINDS: readonly EventKind[] = Object.values(CATALOG) as EventKind[];
export const ROOTS: readonly string[] = [...new Set(KINDS.map((row) => row.root))];

/** The stream's subjects: one wildcard per root (`clock` and `universe` are whole subjects). */
export const STREAM_SUBJECTS: readonly string[] = ROOTS.map((root) =>
  KINDS.some((row) => row.root === root && row.words.length > 0) ? `${root}.>` : root,
);
/** What a stream has before its session's first event is in, and after its last. */
export const SESSION_SUBJECTS: readonly string[] = ['session.>'];

/** The one place that knows how a subject is spelled. */
export function subjectOf(type: EventType, ...words: readonly string[]): string {
  const row = CATALOG[type];
  if (row.words.length === 1 && words.length === 0) {
    const only = /^\^([a-z-]+)\$$/.exec((row.words[0] as RegExp).source)?.[1];
    if (only) return `${row.root}.${only}`;
  }
  return words.length === 0 ? row.root : `${row.root}.${words.join('.')}`;
}

export function rootOf(subject: string): string {
  const dot = subject.indexOf('.');
  return dot < 0 ? subject : subject.slice(0, dot);
}

/** The kinds of event that a subject can carry (two only for `service.*` and `alert.*`), or none. */
export function kindsOn(subject: string): readonly EventKind[] {
  const [root, ...words] = subject.split('.');
  return KINDS.filter(
    (row) => row.root === root && row.words.length === words.length && row.words.every((word, i) => word.test(words[i] as string)),
  );
}

const BOOT_SOURCE = new RegExp(`^[a-z-]+/${BOOT.source.slice(1)}`);

/** Whether a source of this spelling may write this kind, on this subject. */
export function mayWrite(row: EventKind, source: string, subject: string): boolean {
  const writer = writerOf(source);
  if (!(row.writers as readonly string[]).includes(writer)) return false;
  if (row.by === 'core' ? source !== writer : !BOOT_SOURCE.test(source)) return false;
  // A service speaks of itself only: `service.risk` and `lease.journal` come from the process of that name.
  return row.root === 'service' || row.root === 'lease' ? subject === `${row.root}.${writer}` : true;
}

/** The roots a service's inputs come from. */
export function readsOf(service: ServiceName): readonly EventKind[] {
  return KINDS.filter((row) => row.readers.includes(service));
}

export function writesOf(writer: Writer): readonly EventKind[] {
  return KINDS.filter((row) => row.writers.includes(writer));
}

const rootsByService = new Map<ServiceName, ReadonlySet<string>>();

/**
 * The roots that a service is given, all messages of each: those of the types it reads, its own, in which it reads back
 * what it has said, and those that decide whose turn it is.
 */
export function rootsOf(service: ServiceName): ReadonlySet<string> {
  let roots = rootsByService.get(service);
  if (roots === undefined) {
    roots = new Set(['session', 'clock', 'lease', ...[...readsOf(service), ...writesOf(service)].map((kind) => kind.root)]);
    rootsByService.set(service, roots);
  }
  return roots;
}

const echoesByService = new Map<ServiceName, ReadonlySet<string>>();
/**
 * Roots in which a hurried service's core speaks, nobody else, and which it reads only to learn that what it said has
 * arrived. Nothing waits for that, so it need not be woken for each.
 */
export function echoRootsOf(service: ServiceName): ReadonlySet<string> {
  let roots = echoesByService.get(service);
  if (roots === undefined) {
    const isEcho = ({ by, writers, readers }: EventKind): boolean =>
      by === 'core' && writers.length === 1 && writers[0] === service && !readers.includes(service);
    roots = new Set(HURRIED.includes(service) ? ROOTS.filter((root) => KINDS.every((kind) => kind.root !== root || isEcho(kind))) : []);
    echoesByService.set(service, roots);
  }
  return roots;
}
