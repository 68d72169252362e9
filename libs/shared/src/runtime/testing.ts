import { CATALOG, type DataOf, type EventType, encodeEvent, streamOf, subjectOf } from '../contracts/index.ts';
import type { CoreContext, MakeCore } from '../core/index.ts';
import { started, TEST_CONFIG } from '../core/testing.ts';
import { BusServer, Database, type Process, type SimStream, World } from '../simulation/index.ts';
import { Intake } from './intake.ts';
import { RUNTIME_DEFAULTS } from './options.ts';
import { Patience } from './patience.ts';
import type { JournalReader, SessionRow, StoredSnapshot, StreamMessage } from './ports.ts';
import type { RunDeps } from './run-deps.ts';
import { makeSnapshot } from './snapshot.ts';

const WAIT_MS = 60_000;
const STREAM_BYTES = 1_000_000;

/** A session with its stream and its journal, and one process of a service beside them; time passes only when a test lets it. */
export class Stage {
  readonly world: World;
  readonly server: BusServer;
  readonly database: Database;
  readonly process: Process;
  readonly journal: JournalReader;
  readonly stream: SimStream;
  readonly session: SessionRow;
  readonly deps: RunDeps;
  readonly patience: Patience;
  /** Warnings and what came with them. */
  readonly warned: (readonly [message: string, fields: unknown])[] = [];
  stopping = false;
  private readonly numbers = new Map<string, number>();

  constructor(change: Partial<SessionRow> = {}) {
    const world = new World('stage');
    const database = new Database(world);
    const server = new BusServer(world);
    const process = world.process('risk');
    const id = 's';
    server.create(streamOf(id), ['session.>', 'clock', 'decision.>', 'verdict.>', 'alert.>', 'service.>'], STREAM_BYTES);
    this.world = world;
    this.server = server;
    this.database = database;
    this.process = process;
    this.journal = database.reader(process);
    this.stream = server.streamNamed(streamOf(id));
    this.session = {
      id,
      number: 1,
      status: 'live',
      parent: null,
      parentPosition: null,
      end: null,
      streamCreated: this.stream.created,
      configHash: '',
      versions: {},
      lostFrom: null,
      lostTo: null,
      ...change,
    };
    database.sessions.set(id, this.session);
    this.deps = {
      service: 'risk',
      boot: 'risk0001',
      makeCore: blocking,
      makeShell: null,
      time: process.time,
      bus: server.bus(process),
      journal: this.journal,
      options: RUNTIME_DEFAULTS,
      probe: () => {},
      log: (level, message, fields) => {
        if (level === 'warn') this.warned.push([message, fields]);
      },
      rssMb: () => 0,
      pid: 1,
    };
    this.patience = new Patience({ deps: this.deps, session: id, position: () => 7, stopping: () => this.stopping });
  }

  /** What a promise of the process settles with, after as much time as that takes. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const settle = (): void => {
      over = true;
    };
    promise.then(settle, settle);
    await this.world.until(() => over, WAIT_MS, 'an answer');
    return promise;
  }

  /** The journal says something else of the session from now on. */
  change(change: Partial<SessionRow>): void {
    this.database.sessions.set(this.session.id, { ...this.session, ...change });
  }

  /** An event in its turn, as the stream stores it. */
  say<K extends EventType>(source: string, type: K, words: readonly string[], data: DataOf<K>): StreamMessage {
    const lane = `${CATALOG[type].root} ${source}`;
    const n = (this.numbers.get(lane) ?? 0) + 1;
    this.numbers.set(lane, n);
    const header = { n, source, session: this.session.id, type, v: CATALOG[type].v, at: this.world.trueMicros(), cause: null };
    return this.store(subjectOf(type, ...words), encodeEvent(header, data));
  }

  /** Whatever somebody publishes. */
  store(subject: string, text: string): StreamMessage {
    this.server.receive(subject, Buffer.from(text), 'a test');
    return this.stream.at(this.stream.lastPosition) as StreamMessage;
  }

  begin(versions: Readonly<Record<string, string>> = { risk: '1' }): StreamMessage {
    return this.say('journal/journal01', 'session.started', [], started(TEST_CONFIG, { boot: 'journal01', versions }).data);
  }

  /** All up to there is journaled, says the journal. */
  clock(committed: number): StreamMessage {
    return this.say('journal/journal01', 'clock', [], { fill: 0, committed, committedAt: null });
  }

  /** An input of the core. */
  decide(): StreamMessage {
    return this.say('strategy', 'decision', ['BTC'], SKIPPED);
  }

  /** All that stands in the stream is in the journal. */
  record(): void {
    const { database, session, stream } = this;
    const intake = new Intake(session.id, new Set());
    const all = [...(database.rows.get(session.id) ?? [])];
    const from = all.length + 1;
    for (const message of stream.all()) {
      if (message.position < from) continue;
      const unread = { source: null, n: null, type: null, v: null, at: null, cause: null };
      all.push({ ...message, ...unread, taken: false, malformed: false, table: 'ledger' });
    }
    const rows = all.map((row) => ({ ...row, taken: intake.judge(row) === 'taken' }));
    database.rows.set(session.id, rows);
    const turns = JSON.stringify(intake.turns.save());
    const seals = database.seals.get(session.id) ?? [];
    database.seals.set(session.id, [...seals, { from, to: rows.length, market: '', ledger: '', head: '', turns }]);
  }
}

const SKIPPED: DataOf<'decision'> = {
  kind: 'skipped',
  trip: null,
  coin: 'BTC',
  route: null,
  legs: [],
  notional: null,
  validUntil: null,
  rule: null,
  limit: null,
  value: null,
  edgeBps: 0,
  why: '',
  numbers: {},
};

/** A core that answers each decision with how many it has heard. */
function counting(answer: (heard: number, context: CoreContext) => void): MakeCore {
  return () => {
    let heard = 0;
    return {
      version: '1',
      schema: 1,
      inputs: ['decision'],
      handle: (event, context) => {
        if (event.type === 'decision') answer(++heard, context);
      },
      onTimer: () => {},
      save: () => heard,
      load: (state) => {
        heard = state as number;
      },
    };
  };
}

/** Of risk, which hears itself apart from the rest. */
export const blocking = counting((heard, context) => {
  const nothing = { trip: null, decision: null, firstRule: null, rule: null, tier: null, limit: null, numbers: {} };
  context.emit('verdict', ['BTC'], { ...nothing, outcome: 'BLOCK', coin: 'BTC', value: heard });
});

/** Of alerting, which reads all in one order. */
export const alarming = counting((heard, context) => {
  const text = String(heard);
  context.emit('alert', ['p2'], { id: text, key: text, rule: 'all', severity: 'P2', state: 'noted', summary: '', count: heard });
});

/** A sound snapshot of a core that has lived through nothing. */
export function snapshotAt(position: number, change: Partial<Pick<StoredSnapshot, 'session' | 'version'>> = {}): StoredSnapshot {
  const runner = { core: position, schema: 1, seed: 'seed', clock: 0, now: 0, timers: [], n: [] };
  const turns = { last: [['decision', 'strategy', position] as const], leases: [], clock: 0 };
  return makeSnapshot(change.session ?? 's', 'risk', position, change.version ?? '1', { runner, turns, open: [] });
}
