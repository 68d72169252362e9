import type { JournalRow, JournalStore, NewSession, Seal, SessionRow, StoredEvent, StoredSnapshot } from '../../runtime/ports.ts';
import { openSnapshot } from '../../runtime/snapshot.ts';
import type { Process, Settling } from '../process.ts';
import type { Database } from './database.ts';

interface Call {
  /** Keeps what the call was given, in case its caller goes on using it. */
  readonly seize: () => void;
  readonly fail: (why: string) => void;
  dropped: boolean;
  executed: boolean;
}

export interface ConnectionCut {
  readonly clientAfterMs?: number;
  readonly serverAfterMs?: number;
}

/**
 * The journal's tables as one process sees them: readings over a pool, writing and the lock over one connection that
 * is lost once. The server's half of that connection may outlive the client's, and the other way round.
 */
export class SimStore implements JournalStore {
  readonly lost: Promise<string>;
  private readonly losing: Settling<string>;
  /** The server still executes what comes over the writer's connection. */
  private serverOpen = false;
  private clientOpen = true;
  private broken = false;
  private closed = false;
  private lastExecution = 0;
  private lastAnswer = 0;
  private readonly writing = new Set<Call>();
  private readonly reading = new Set<Call>();

  constructor(
    readonly db: Database,
    readonly process: Process,
  ) {
    this.losing = process.settling<string>();
    this.lost = this.losing.promise;
    process.hold(this);
  }

  // ---- JournalReader ------------------------------------------------------------------------------------------------

  currentSession(): Promise<SessionRow | null> {
    return this.ask('current session', () => {
      const all = [...this.db.sessions.values()].sort((a, b) => b.number - a.number);
      return all.find((row) => row.status === 'starting' || row.status === 'live' || row.status === 'cutting') ?? all[0] ?? null;
    });
  }

  session(id: string): Promise<SessionRow | null> {
    return this.ask(`session ${id}`, () => this.db.sessions.get(id) ?? null);
  }

  head(session: string): Promise<number> {
    return this.ask(`head of ${session}`, () => this.db.headOf(session));
  }

  events(session: string, from: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.ask(`events of ${session} from ${from}`, () => {
      const rows = this.db.rowsOf(session);
      let low = 0;
      let high = rows.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((rows[middle] as JournalRow).position < from) low = middle + 1;
        else high = middle;
      }
      return rows
        .slice(low, low + limit)
        .map(({ position, storedAt, subject, bytes, taken }) => ({ position, storedAt, subject, bytes: bytes.slice(), taken }));
    });
  }

  seals(session: string, from: number, limit: number): Promise<readonly Seal[]> {
    return this.ask(`seals of ${session} from ${from}`, () =>
      (this.db.seals.get(session) ?? []).filter((seal) => seal.to >= from).slice(0, limit),
    );
  }

  saveSnapshot(snapshot: StoredSnapshot): Promise<void> {
    const key = (one: StoredSnapshot) => `${one.session} ${one.service} ${one.position}`;
    return this.ask(
      `saving of the snapshot of ${snapshot.service} at ${snapshot.position}`,
      () => {
        const there = this.db.snapshots.find((one) => key(one) === key(snapshot));
        if (there !== undefined && openSnapshot(there) !== null) return;
        this.db.snapshots = [...this.db.snapshots.filter((one) => one !== there), { ...snapshot }];
        this.db.world.trace('database', 'keeps a snapshot of', snapshot.service, snapshot.session, snapshot.position);
      },
      true,
    );
  }

  snapshots(session: string, service: string, upTo: number, limit: number): Promise<readonly StoredSnapshot[]> {
    return this.ask(
      `snapshots of ${service}`,
      () =>
        this.db.snapshots
          .filter((one) => one.session === session && one.service === service && one.position <= upTo)
          .sort((a, b) => b.position - a.position)
          .slice(0, limit),
      true,
    );
  }

  /** The lock goes with the connection; `lost` says nothing of an end that this side wanted. */
  close(): Promise<void> {
    const closing = this.process.settling<void>();
    if (this.process.alive && !this.closed) {
      this.closed = true;
      this.clientOpen = false;
      this.broken = true;
      for (const call of [...this.writing, ...this.reading]) call.fail('the connection was closed by this side');
      this.db.world.at(Math.max(this.lastExecution, this.db.world.now + this.db.latency()), () => this.endOnServer());
      this.process.letGo(this);
    }
    this.process.input(this.db.latency(), () => closing.resolve());
    return closing.promise;
  }

  // ---- JournalStore -------------------------------------------------------------------------------------------------

  lock(): Promise<boolean> {
    return this.write('lock', () => {
      if (this.db.lockHolder === null) this.db.lockHolder = this;
      this.db.world.trace('database', 'lock asked for by', this.process.name, this.process.boot, String(this.db.lockHolder === this));
      return this.db.lockHolder === this;
    });
  }

  createSession(session: NewSession): Promise<SessionRow> {
    return this.write(`creation of session ${session.id}`, () => {
      this.mustHoldLock();
      const there = this.db.sessions.get(session.id);
      if (there !== undefined) return there;
      const row: SessionRow = {
        id: session.id,
        number: this.db.sessions.size + 1,
        status: 'starting',
        parent: session.parent,
        parentPosition: session.parentPosition,
        end: null,
        streamCreated: null,
        configHash: session.configHash,
        versions: { ...session.versions },
        lostFrom: null,
        lostTo: null,
      };
      this.db.sessions.set(row.id, row);
      this.db.world.trace('database', 'session', row.id, row.number);
      return row;
    });
  }

  updateSession(id: string, change: Partial<Omit<SessionRow, 'id' | 'number'>>): Promise<void> {
    return this.write(`change of session ${id}`, () => {
      this.mustHoldLock();
      const row = this.db.sessions.get(id);
      if (row === undefined) throw new Error(`session ${id} is not in the journal`);
      this.db.sessions.set(id, { ...row, ...change, id: row.id, number: row.number });
      this.db.world.trace('database', 'session', id, JSON.stringify(change));
    });
  }

  lastSeal(session: string): Promise<Seal | null> {
    return this.ask(`last seal of ${session}`, () => this.db.seals.get(session)?.at(-1) ?? null);
  }

  append(session: SessionRow, rows: readonly JournalRow[], seal: Seal): Promise<void> {
    // Taken when executed, not when asked for: a row that is a view of a reused buffer is written as what is there by then.
    let seized: JournalRow[] | null = null;
    const seize = (): JournalRow[] => {
      seized ??= rows.map((row) => ({ ...row, bytes: row.bytes.slice() }));
      return seized;
    };
    return this.write(
      `append of ${session.id} ${seal.from} to ${seal.to}`,
      () => {
        this.mustHoldLock();
        this.insert(session.id, seize(), { ...seal });
      },
      seize,
    );
  }

  /** All or nothing: every check stands before the first change. */
  private insert(session: string, rows: readonly JournalRow[], seal: Seal): void {
    const { db } = this;
    if (!db.sessions.has(session)) throw new Error(`session ${session} is not in the journal`);
    const head = db.headOf(session);
    if (seal.from !== head + 1) throw new Error(`seal of ${session} begins at ${seal.from}; expected ${head + 1}, one above the last`);
    let last = head;
    for (const row of rows) {
      if (row.position <= last || row.position > seal.to)
        throw new Error(`row ${row.position} of ${session} is out of order in ${seal.from} to ${seal.to}, after ${last}`);
      last = row.position;
    }
    const kept = db.rows.get(session);
    if (kept === undefined) db.rows.set(session, [...rows]);
    else for (const row of rows) kept.push(row);
    const seals = db.seals.get(session);
    if (seals === undefined) db.seals.set(session, [seal]);
    else seals.push(seal);
    db.world.trace('database', 'commits', session, seal.from, seal.to, seal.head);
  }

  private mustHoldLock(): void {
    if (this.db.lockHolder !== this) throw new Error('this connection does not hold the lock of the only writer');
  }

  // ---- calls --------------------------------------------------------------------------------------------------------

  /** Over the pool: no order among calls, not touched by the fate of the writer's connection. */
  private ask<T>(what: string, execute: () => T, touchesSnapshots = false): Promise<T> {
    return this.call(what, execute, false, touchesSnapshots, () => {});
  }

  /** Over the writer's connection: in order, and only while the server has it open. */
  private write<T>(what: string, execute: () => T, seize: () => void = () => {}): Promise<T> {
    return this.call(what, execute, true, false, seize);
  }

  private call<T>(what: string, execute: () => T, writes: boolean, touchesSnapshots: boolean, seize: () => void): Promise<T> {
    const { db, process } = this;
    const answer = process.settling<T>();
    const fail = (why: string) => {
      (writes ? this.writing : this.reading).delete(call);
      call.seize();
      answer.reject(new Error(`${what}: ${why}`));
    };
    const call: Call = { seize, fail, dropped: false, executed: false };
    if (!process.alive) return answer.promise;
    if (this.closed || (writes && !this.clientOpen)) {
      process.input(0, () => fail('the connection to the database is closed'));
      return answer.promise;
    }
    if (writes && !this.serverOpen && !this.broken) {
      this.serverOpen = true;
      db.stores.add(this);
    }
    (writes ? this.writing : this.reading).add(call);
    let at = db.world.now + db.latency();
    if (writes) {
      at = Math.max(at, this.lastExecution);
      this.lastExecution = at;
    }
    if (this.broken && writes) call.dropped = true;
    db.world.at(at, () => {
      if (call.dropped || (writes && !this.serverOpen)) return;
      let settle: () => void;
      const away = db.away(touchesSnapshots);
      if (away !== null) settle = () => fail(away);
      else
        try {
          const result = execute();
          call.executed = true;
          settle = () => {
            (writes ? this.writing : this.reading).delete(call);
            answer.resolve(result);
          };
        } catch (error) {
          settle = () => fail((error as Error).message);
        }
      let answerAt = db.world.now + db.latency();
      if (writes) {
        answerAt = Math.max(answerAt, this.lastAnswer);
        this.lastAnswer = answerAt;
      }
      // The answer is lost with the connection, the deed is not.
      process.input(answerAt - db.world.now, () => {
        if (!(writes && this.broken)) settle();
      });
    });
    return answer.promise;
  }

  // ---- its end ------------------------------------------------------------------------------------------------------

  /** The writer's connection breaks: of the calls underway a prefix may still be executed, and none is answered. */
  cut(how: ConnectionCut = {}): void {
    if (this.broken) return;
    const { db } = this;
    this.breakOff(how.serverAfterMs);
    const clientMs = how.clientAfterMs ?? db.random.delay({ least: 0, most: 5000 });
    this.process.input(Math.round(clientMs * 1000), () => {
      this.clientOpen = false;
      this.process.letGo(this);
      const why = 'the connection to the database was lost; whether it was done is unknown';
      for (const call of [...this.writing]) call.fail(why);
      this.losing.resolve('the connection to the database was lost');
    });
  }

  processDied(): void {
    for (const call of this.writing) call.seize();
    for (const call of this.reading) call.dropped ||= this.db.random.chance(0.5);
    this.breakOff();
  }

  private breakOff(serverAfterMs?: number): void {
    if (this.broken) return;
    this.broken = true;
    const { db } = this;
    const underway = [...this.writing].filter((call) => !call.executed);
    for (const call of underway.slice(db.random.below(underway.length + 1))) call.dropped = true;
    const serverMs = serverAfterMs ?? db.random.delay(db.lingerMs);
    db.world.trace('database', 'connection breaks', this.process.name, this.process.boot, serverMs);
    if (serverMs === 0) this.endOnServer();
    else db.world.after(serverMs, () => this.endOnServer());
  }

  private endOnServer(): void {
    this.serverOpen = false;
    this.db.stores.delete(this);
    if (this.db.lockHolder === this) {
      this.db.lockHolder = null;
      this.db.world.trace('database', 'lock is free');
    }
  }
}
