import {
  type AnyEvent,
  CATALOG,
  CORE_SERVICES,
  type CoreServiceName,
  type DataOf,
  type EventType,
  encodeEvent,
  rootsOf,
  subjectOf,
} from '../contracts/index.ts';
import type { CoreContext, Json, MakeCore } from '../core/index.ts';
import { randomSequence } from '../core/testing.ts';
import { sealBatch, startChain } from '../journal/seal.ts';
import { tableOf } from '../journal/table.ts';
import {
  CoreRunner,
  Intake,
  type JournalReader,
  makeSnapshot,
  Outlet,
  type Output,
  openSnapshot,
  type Seal,
  type SessionRow,
  type StoredEvent,
  type StoredSnapshot,
  sha256,
} from '../runtime/index.ts';

/** A session as its journal keeps it, in memory: change a part of it, and see whether that is found out. */
export interface RecordedSession {
  readonly session: SessionRow;
  readonly rows: readonly StoredEvent[];
  readonly seals: readonly Seal[];
  readonly snapshots: readonly StoredSnapshot[];
}

const START = 1_700_000_000_000_000;
const COINS = ['BTC', 'ETH'] as const;
const VENUES = [
  ['upbit', 'KRW'],
  ['binance', 'USDT'],
] as const;

// ---- five tiny cores ------------------------------------------------------------------------------------------------

/** `edge` is a constant of the strategy's code: with another one it decides otherwise. */
export interface CoreChange {
  readonly service?: CoreServiceName;
  readonly version?: string;
  readonly edge?: number;
  /** Called before each input of the core that `service` names. */
  readonly before?: (event: AnyEvent) => 'skip' | undefined;
}

type Handle<S> = (state: S, event: AnyEvent, context: CoreContext) => void;

/** A core whose whole state is one plain object. */
function core<S extends object>(
  service: CoreServiceName,
  change: CoreChange,
  inputs: readonly EventType[],
  first: S,
  handle: Handle<S>,
  onTimer: (state: S, id: string, context: CoreContext) => void = () => {},
): MakeCore {
  return () => {
    let state = structuredClone(first);
    const named = change.service === service;
    return {
      version: named ? (change.version ?? '1') : '1',
      schema: 1,
      inputs,
      handle: (event, context) => {
        if (named && change.before?.(event) === 'skip') return;
        handle(state, event, context);
      },
      onTimer: (id, context) => onTimer(state, id, context),
      save: () => structuredClone(state) as Json,
      load: (saved) => {
        state = structuredClone(saved) as S;
      },
    };
  };
}

/** Book → l2 → decision → verdict → order → alert, as the real ones do, with next to nothing behind it. */
export function tinyCores(change: CoreChange = {}): Readonly<Record<CoreServiceName, MakeCore>> {
  const edge = change.edge ?? 10;
  return {
    aggregator: core('aggregator', change, ['book'], { books: {} as Record<string, number> }, (state, event, context) => {
      if (event.type !== 'book') return;
      const coin = event.data.symbol.split('-')[0] as string;
      const best = event.data.bids[0]?.[0] ?? 0;
      state.books[event.data.symbol] = best;
      context.emit('l2', [coin], { coin, numeraire: 'USDT', venues: [], bids: [[best / 3, 1, 0, best]], asks: [] }, [event.position]);
    }),
    strategy: core(
      'strategy',
      change,
      ['l2'],
      { seen: 0 },
      (state, event, context) => {
        if (event.type !== 'l2') return;
        state.seen++;
        const spread = (event.data.bids[0]?.[0] ?? 0) % 97;
        context.setTimer('quiet', context.now + 400_000);
        if (spread > edge) context.emit('decision', [event.data.coin], skipped(event.data.coin, spread - edge), [event.position]);
      },
      (state, _, context) => context.emit('decision', ['BTC'], skipped('BTC', state.seen + context.draw(`quiet-${state.seen}`))),
    ),
    risk: core('risk', change, ['decision'], { blocked: 0 }, (state, event, context) => {
      if (event.type !== 'decision') return;
      state.blocked++;
      const rest = { trip: null, decision: null, firstRule: null, tier: null, limit: null, numbers: {} };
      context.emit('verdict', [event.data.coin], {
        ...rest,
        outcome: 'BLOCK',
        coin: event.data.coin,
        rule: 'tiny',
        value: event.data.edgeBps,
      });
    }),
    executor: core('executor', change, ['verdict'], { orders: 0 }, (state, event, context) => {
      if (event.type !== 'verdict') return;
      const order = `t-${++state.orders}-0-0`;
      const data = { order, trip: 't', venue: 'upbit', symbol: `${event.data.coin}-KRW`, side: 'buy' as const, state: 'rejected' as const };
      context.emit('order', ['upbit', data.symbol], { ...data, quantity: '1', filled: '0', limit: '1', reason: event.data.rule });
    }),
    alerting: core('alerting', change, ['order'], { raised: 0 }, (state, event, context) => {
      if (event.type !== 'order') return;
      if (++state.raised % 3 !== 0) return;
      const key = `orders-${state.raised}`;
      context.emit('alert', ['p2'], { id: key, key, rule: 'orders', severity: 'P2', state: 'raised', summary: 'three', count: 3 });
    }),
  };
}

function skipped(coin: string, edgeBps: number): DataOf<'decision'> {
  const nothing = { trip: null, route: null, notional: null, validUntil: null, rule: null, limit: null, value: null };
  return { ...nothing, kind: 'skipped', coin, legs: [], edgeBps, why: 'tiny', numbers: {} };
}

// ---- recording ------------------------------------------------------------------------------------------------------

export interface Recording {
  readonly id?: string;
  readonly seed?: string;
  /** Outside events. */
  readonly events?: number;
  readonly parent?: RecordedSession;
  readonly change?: CoreChange;
}

/**
 * Feeds a seeded run of outside events through the five cores as the stream would: outputs come back late and mixed, some
 * messages are doubled, malformed or of another session, and the last outputs of some cores are not in it any more.
 */
export function recordSession({ id = 's-1', seed = 'seed', events = 120, parent, change }: Recording = {}): RecordedSession {
  const random = randomSequence(seed);
  const pick = (most: number): number => Math.floor(random() * most);
  const rows: StoredEvent[] = [];
  const snapshots: StoredSnapshot[] = [];
  const numbers = new Map<string, number>();
  const intake = new Intake(id, new Set(['all']));
  let clock = START + (parent === undefined ? 0 : 3_600_000_000);
  const made = tinyCores(change);
  const cores = CORE_SERVICES.map((service) => {
    const runner = new CoreRunner(service, made[service](), id);
    const body = parent === undefined ? null : lastSnapshot(parent, service);
    if (parent !== undefined && body !== null) runner.loadParent(body.runner, parent.session.id, body.open);
    return { service, runner, outlet: new Outlet(service), waiting: [] as Output[] };
  });

  const keep = (subject: string, bytes: Buffer): void => {
    const message = { position: rows.length + 1, storedAt: clock + 500 + rows.length, subject, bytes };
    const taken = intake.judge(message) === 'taken';
    rows.push({ ...message, taken });
    for (const { service, runner, outlet, waiting } of cores) {
      const { header, event } = intake;
      if (header?.source === service && intake.counted) outlet.confirm(header.n, message.position, subject, bytes, 0);
      if (!taken || event === null || !runner.wanted.has(event.type)) continue;
      runner.apply(event, (output) => {
        outlet.offer(output.n, output.subject, output.bytes, output.cause, 0);
        waiting.push(output);
      });
    }
  };
  const say = <K extends EventType>(type: K, source: string, words: readonly string[], data: DataOf<K>): void => {
    const lane = `${source} ${CATALOG[type].root}`;
    const n = (numbers.get(lane) ?? 0) + 1;
    numbers.set(lane, n);
    const header = { n, source, session: id, type, v: CATALOG[type].v, at: clock, cause: null };
    keep(subjectOf(type, ...words), Buffer.from(encodeEvent(header, data)));
  };
  const publish = (most: number): void => {
    for (let i = 0; i < most; i++) {
      const ready = cores.filter(({ waiting }) => waiting.length > 0);
      const output = ready[pick(ready.length)]?.waiting.shift();
      if (output === undefined) return;
      keep(output.subject, output.bytes);
      // Said again by a standby, or after a break: it changes nothing.
      if (random() < 0.05) keep(output.subject, output.bytes);
    }
  };
  const snapshot = (): void => {
    for (const { service, runner, outlet } of cores) {
      const body = { runner: runner.save(), turns: intake.turns.save(rootsOf(service)), open: outlet.saveOpen() };
      snapshots.push(makeSnapshot(id, service, rows.length, runner.core.version, body));
    }
  };

  const versions = Object.fromEntries(cores.map(({ service, runner }) => [service, runner.core.version]));
  say('session.started', 'journal/journal01', [], {
    config: {},
    configHash: '0'.repeat(64),
    seed,
    versions,
    boot: 'journal01',
    mode: 'ACTIVE',
    parent: parent === undefined ? null : { session: parent.session.id, position: parent.session.end ?? 0, reason: 'handover' },
    snapshots: Object.fromEntries(
      parent === undefined ? [] : CORE_SERVICES.map((service) => [service, sha256(lastStored(parent, service)?.body ?? '')]),
    ),
  });
  say('lease', 'market-data/market01', ['market-data'], { service: 'market-data', boot: 'market01', term: 1, act: 'claim' });
  for (let i = 0; i < events; i++) {
    clock += 1_000 + pick(100_000);
    const chance = random();
    const [venue, quote] = VENUES[pick(2)] as (typeof VENUES)[number];
    const symbol = `${COINS[pick(2)]}-${quote}`;
    if (chance < 0.3) say('clock', 'journal/journal01', [], { fill: 0, committed: rows.length, committedAt: null });
    else if (chance < 0.34) keep('universe', Buffer.from('no event at all'));
    else if (chance < 0.38)
      keep(
        'clock',
        Buffer.from(encodeEvent({ n: 1, source: 'journal/journal01', session: 'old', type: 'clock', v: 1, at: 1, cause: null }, {})),
      );
    else {
      const price = (1 + pick(1_000_000)) / 100;
      const book = { venue, symbol, epoch: 1, sequence: i, exchangeAt: null, receivedAt: clock, bids: [[price, 1]] as const, asks: [] };
      say('book', random() < 0.9 ? 'market-data/market01' : 'market-data/market02', [venue, symbol], book);
    }
    publish(pick(4));
    if (i % 40 === 20) snapshot();
  }
  const end = rows.length;
  snapshot();
  const session: SessionRow = {
    id,
    number: parent === undefined ? 1 : parent.session.number + 1,
    status: 'ended',
    parent: parent?.session.id ?? null,
    parentPosition: parent?.session.end ?? null,
    end,
    streamCreated: null,
    configHash: '0'.repeat(64),
    versions,
    lostFrom: null,
    lostTo: null,
  };
  return { session, rows, seals: sealsOf(id, rows), snapshots };
}

function lastStored({ session, snapshots }: RecordedSession, service: CoreServiceName): StoredSnapshot | undefined {
  return snapshots.find((snapshot) => snapshot.service === service && snapshot.position === session.end);
}

function lastSnapshot(recorded: RecordedSession, service: CoreServiceName) {
  const stored = lastStored(recorded, service);
  return stored === undefined ? null : openSnapshot(stored);
}

/** Seals over these rows as they stand, as the journal would make them: batches of seven positions. */
export function sealsOf(session: string, rows: readonly StoredEvent[]): readonly Seal[] {
  const intake = new Intake(session, new Set(['all']));
  const seals: Seal[] = [];
  let chain = startChain();
  const last = rows.at(-1)?.position ?? 0;
  for (let from = 1; from <= last; from += 7) {
    const to = Math.min(last, from + 6);
    const batch = rows
      .filter(({ position }) => position >= from && position <= to)
      .map((row) => ({ ...row, malformed: intake.judge(row) === 'malformed', table: tableOf(row.subject) }));
    chain = sealBatch(chain, batch, from, to);
    seals.push({ from, to, ...chain, turns: JSON.stringify(intake.turns.save()) });
  }
  return seals;
}

// ---- reading --------------------------------------------------------------------------------------------------------

/** A journal that holds these sessions. */
export function journalOf(...recorded: readonly RecordedSession[]): JournalReader {
  const of = (id: string): RecordedSession | undefined => recorded.find(({ session }) => session.id === id);
  const head = (id: string): number => of(id)?.seals.at(-1)?.to ?? 0;
  return {
    currentSession: async () => recorded.at(-1)?.session ?? null,
    session: async (id) => of(id)?.session ?? null,
    head: async (id) => head(id),
    lastSeal: async (id) => of(id)?.seals.at(-1) ?? null,
    seals: async (id, from, limit) => (of(id)?.seals ?? []).filter(({ to }) => to >= from).slice(0, limit),
    events: async (id, from, limit) =>
      (of(id)?.rows ?? []).filter(({ position }) => position >= from && position <= head(id)).slice(0, limit),
    saveSnapshot: async () => {
      throw new Error('this journal is only read');
    },
    snapshots: async (id, service, upTo, limit) =>
      (of(id)?.snapshots ?? [])
        .filter((snapshot) => snapshot.service === service && snapshot.position <= upTo)
        .sort((one, other) => other.position - one.position)
        .slice(0, limit),
    close: async () => {},
  };
}

/** A module of cores that can replay what `recordSession` recorded. */
export const CORES = tinyCores();
