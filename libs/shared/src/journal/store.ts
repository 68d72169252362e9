import pg from 'pg';
import type { JournalRow, JournalStore, Seal, SessionRow } from '../runtime/ports.ts';
import { CopyIn } from './copy-in.ts';
import { COPY_COLUMNS, copySize, encodeRows } from './copy-rows.ts';
import { explain, JournalError } from './errors.ts';
import { createPartitions, DEFAULT_PARTITION_POSITIONS, dropPartitions, type EventTable } from './partitions.ts';
import { openJournalReader, type PostgresJournalReader } from './reader.ts';
import { CHANGEABLE, SESSION_COLUMNS, type SessionRecord, sessionRow, whole } from './rows.ts';

export interface JournalStoreOptions {
  /** Positions a partition holds. */
  readonly partitionPositions?: number;
  /** Writers of different names do not shut each other out: a replay writes its own session beside the live one. */
  readonly lockName?: string;
  /** A statement that takes longer has lost its server: the connection is given up, and with it the lock. */
  readonly timeoutMs?: number;
}

export interface PostgresJournalStore extends JournalStore, PostgresJournalReader {
  /** Makes room up to `upTo` (and nothing when there is room): `append` does it ahead by itself. */
  ensurePartitions(session: SessionRow, upTo: number): Promise<void>;
  /** Drops whole partitions of one kind whose rows are all older; returns their names. Seals stay. */
  dropPartitionsBefore(date: Date, kind: EventTable): Promise<readonly string[]>;
  /** A kept session loses no events to retention. */
  keepSession(id: string, kept: boolean): Promise<void>;
}

/** Held by the journal that records live sessions. */
export const LIVE_LOCK = 'live';
const MAX_BATCH_ROWS = 50_000;
const MAX_BATCH_BYTES = 256 * 1024 * 1024;
/** Batches encoded and waiting for the one before. */
const MAX_WAITING = 8;
const MAX_KNOWN_SESSIONS = 100;
const HASH = /^[0-9a-f]{64}$/;

/** One writer's view of the journal. It lives once, as its connection does: after `lost`, open another one. */
export function openJournalStore(url: string, options: JournalStoreOptions = {}): PostgresJournalStore {
  const size = whole(options.partitionPositions ?? DEFAULT_PARTITION_POSITIONS, 'partitionPositions');
  const lockName = options.lockName ?? LIVE_LOCK;
  const timeoutMs = options.timeoutMs ?? 30_000;
  const reader = openJournalReader(url);

  let connecting: Promise<pg.Client> | null = null;
  let locked = false;
  let ended: string | null = null;
  let settleLost!: (why: string) => void;
  const lost = new Promise<string>((resolve) => {
    settleLost = resolve;
  });
  const end = (why: string) => {
    if (ended !== null) return;
    ended = why;
    locked = false;
    settleLost(why);
  };

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: Math.min(timeoutMs, 10_000),
      keepAlive: true,
      keepAliveInitialDelayMillis: 2_000,
      application_name: 'journal writer',
    });
    client.on('error', (error) => end(explain(error, url, 'the writer lost its connection').message));
    client.on('end', () => end(`The writer's connection to Postgres has ended.`));
    await client.connect();
    // The server, too, must notice soon that a writer is gone: until then it keeps the lock.
    await client.query(
      `SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 5000;
       SET synchronous_commit = on; SET statement_timeout = ${whole(timeoutMs, 'timeoutMs')}; SET idle_in_transaction_session_timeout = ${timeoutMs};`,
    );
    return client;
  }

  let tail: Promise<unknown> = Promise.resolve();
  /** One thing at a time on the writer's connection, in the order of the calls. */
  function onWriter<T>(doing: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const result = tail.then(async () => {
      if (ended !== null) throw new JournalError(`This journal store has ended (${ended}): open another one (${doing}).`);
      let timer: NodeJS.Timeout | undefined;
      try {
        connecting ??= connect();
        const client = await connecting;
        timer = setTimeout(() => {
          end(`Postgres did not answer within ${timeoutMs} ms (${doing}).`);
          (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
        }, timeoutMs + 1_000);
        return await work(client);
      } catch (error) {
        const explained = explain(error, url, doing);
        if (
          connecting !== null &&
          ended === null &&
          !(await connecting.then(
            () => true,
            () => false,
          ))
        )
          end(explained.message);
        throw explained;
      } finally {
        clearTimeout(timer);
      }
    });
    // The caller has the rejection; the next one in the queue only waits for its end.
    tail = result.catch(() => {});
    return result;
  }

  function requireLock(doing: string): void {
    if (!locked)
      throw new JournalError(
        `Only the holder of the writer's lock may write: take lock() first${ended === null ? '' : `; this store has ended (${ended})`} (${doing}).`,
      );
  }

  /** Work that must not hold up the writer. */
  async function aside<T>(doing: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'journal upkeep' });
    // It also rejects the query under way, which is where it is reported.
    client.on('error', () => {});
    try {
      await client.connect();
      return await work(client);
    } catch (error) {
      throw explain(error, url, doing);
    } finally {
      await client.end();
    }
  }

  /** Last position with a place in a partition, per session number. */
  const covered = new Map<number, number>();
  let making: Promise<void> | null = null;

  async function makeRoom(session: SessionRow, from: number, upTo: number): Promise<void> {
    // Whoever began the one under way has its rejection.
    while (making !== null) await making.catch(() => {});
    if ((covered.get(session.number) ?? 0) >= upTo) return;
    const doing = `while creating partitions of session ${session.id} up to position ${upTo}`;
    making = aside(doing, async (client) => {
      const last = await createPartitions(client, session.number, from, upTo, size);
      if (covered.size >= MAX_KNOWN_SESSIONS) covered.clear();
      covered.set(session.number, last);
    });
    try {
      await making;
    } finally {
      making = null;
    }
  }

  const spare: Buffer[] = [];
  function take(bytes: number): Buffer {
    const index = spare.findIndex((buffer) => buffer.length >= bytes);
    return index < 0 ? Buffer.allocUnsafeSlow(Math.max(bytes, 64 * 1024)) : (spare.splice(index, 1)[0] as Buffer);
  }

  let waiting = 0;

  async function append(session: SessionRow, rows: readonly JournalRow[], seal: Seal): Promise<void> {
    const doing = `while appending ${seal.from} to ${seal.to} of session ${session.id}`;
    requireLock(doing);
    requireWhole(rows, seal, doing);
    if (waiting >= MAX_WAITING) throw new JournalError(`${MAX_WAITING} batches wait already: await the earlier ones (${doing}).`);
    waiting++;
    try {
      const buffers: Buffer[] = [];
      const data: Buffer[] = [];
      let sql = `SELECT seal_batch(${pg.escapeLiteral(lockName)}, ${whole(session.number, 'session')}, ${seal.from}, ${seal.to}, '${seal.market}', '${seal.ledger}', '${seal.head}', ${pg.escapeLiteral(seal.turns)});`;
      for (const table of ['market', 'ledger'] as const) {
        const bytes = copySize(rows, table);
        if (bytes === 0) continue;
        const buffer = take(bytes);
        buffers.push(buffer);
        data.push(buffer.subarray(0, encodeRows(buffer, session.number, rows, table)));
        sql += `COPY events_${table} (${COPY_COLUMNS}) FROM STDIN (FORMAT binary);`;
      }
      await onWriter(doing, async (client) => {
        if ((covered.get(session.number) ?? 0) < seal.to) await makeRoom(session, seal.from, seal.to);
        await client.query(new CopyIn(sql, data)).done;
      });
      // Only now has the socket let go of them; after an error it may not have.
      if (spare.length < MAX_WAITING) spare.push(...buffers);
    } finally {
      waiting--;
    }
    makeRoomAhead(session, seal.to);
  }

  /** Half a partition ahead, beside the writing. */
  function makeRoomAhead(session: SessionRow, to: number): void {
    const last = covered.get(session.number) ?? 0;
    if (making !== null || to + size / 2 <= last) return;
    // Not fatal yet: the batch that needs the room asks again, and rejects when there is none.
    makeRoom(session, last + 1, last + 1).catch((error: Error) => process.emitWarning(error));
  }

  return {
    ...reader,
    lost,
    append,

    async lock() {
      if (locked) return true;
      locked = await onWriter("while taking the writer's lock", async (client) => {
        const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock(journal_lock_key($1)) AS got', [lockName]);
        return rows[0]?.got === true;
      });
      if (ended !== null) locked = false;
      return locked;
    },

    async createSession(session) {
      const doing = `while creating session ${session.id}`;
      requireLock(doing);
      return onWriter(doing, async (client) => {
        const find = () => client.query<SessionRecord>(`SELECT ${SESSION_COLUMNS} FROM sessions WHERE id = $1`, [session.id]);
        let [record] = (await find()).rows;
        if (record === undefined) {
          await client.query(
            `INSERT INTO sessions (id, status, parent, parent_position, config_hash, config, versions, started_at)
             VALUES ($1, 'starting', $2, $3, $4, $5, $6, timestamptz 'epoch' + $7::float8 * interval '1 microsecond') ON CONFLICT (id) DO NOTHING`,
            [
              session.id,
              session.parent,
              session.parentPosition,
              session.configHash,
              session.config,
              JSON.stringify(session.versions),
              session.startedAt,
            ],
          );
          [record] = (await find()).rows;
        }
        if (record === undefined)
          throw new JournalError(`Session ${session.id} is not there after it was created: somebody deletes sessions (${doing}).`);
        const row = sessionRow(record);
        if (row.configHash !== session.configHash || row.parent !== session.parent || row.parentPosition !== session.parentPosition)
          throw new JournalError(
            `Session ${session.id} exists with another configuration or parent: give the new session an id of its own (${doing}).`,
          );
        return row;
      });
    },

    async updateSession(id, change) {
      const doing = `while updating session ${id}`;
      requireLock(doing);
      const fields = Object.keys(change) as (keyof typeof CHANGEABLE)[];
      const unknown = fields.find((field) => CHANGEABLE[field] === undefined);
      if (unknown !== undefined) throw new JournalError(`A session has no field ${unknown} that may change (${doing}).`);
      if (fields.length === 0) return;
      const values = fields.map((field) => (field === 'versions' ? JSON.stringify(change[field]) : change[field]));
      const sets = fields.map((field, i) => `${CHANGEABLE[field]} = $${i + 2}`);
      if (change.status === 'ended' || change.status === 'lost') sets.push('ended_at = coalesce(ended_at, clock_timestamp())');
      await onWriter(doing, async (client) => {
        const { rowCount } = await client.query(`UPDATE sessions SET ${sets.join(', ')} WHERE id = $1`, [id, ...values]);
        if (rowCount !== 1) throw new JournalError(`There is no session ${id}: create it first (${doing}).`);
      });
    },

    async ensurePartitions(session, upTo) {
      if ((covered.get(session.number) ?? 0) >= upTo) return;
      await makeRoom(session, (await reader.head(session.id)) + 1, upTo);
    },

    dropPartitionsBefore: (date, kind) => aside(`while dropping ${kind} partitions`, (client) => dropPartitions(client, date, kind)),

    keepSession: (id, kept) =>
      aside(`while marking session ${id}`, async (client) => {
        const { rowCount } = await client.query('UPDATE sessions SET kept = $2 WHERE id = $1', [id, kept]);
        if (rowCount !== 1) throw new JournalError(`There is no session ${id} to keep.`);
      }),

    async close() {
      await tail;
      // As above; and a connection that never came about need not be ended.
      while (making !== null) await making.catch(() => {});
      end('closed');
      if (connecting !== null)
        await connecting.then(
          (client) => client.end(),
          () => {},
        );
      await reader.close();
    },
  };
}

/** A batch holds every position of its range once, in order: a hole would be sealed as if it belonged there. */
function requireWhole(rows: readonly JournalRow[], seal: Seal, doing: string): void {
  const refuse = (what: string) => new JournalError(`Nothing was written: ${what} (${doing}).`);
  if (!Number.isSafeInteger(seal.from) || !Number.isSafeInteger(seal.to) || seal.from < 1 || seal.to < seal.from)
    throw refuse(`a seal runs from a position to a later one, found ${seal.from} to ${seal.to}`);
  if (rows.length !== seal.to - seal.from + 1) throw refuse(`expected ${seal.to - seal.from + 1} rows, found ${rows.length}`);
  if (rows.length > MAX_BATCH_ROWS) throw refuse(`a batch has at most ${MAX_BATCH_ROWS} rows, found ${rows.length}`);
  if (!HASH.test(seal.market) || !HASH.test(seal.ledger) || !HASH.test(seal.head)) throw refuse('a seal has three SHA-256 in hex');
  if (seal.turns.includes('\0')) throw refuse('the turns of the seal hold U+0000');
  let bytes = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as JournalRow;
    if (row.position !== seal.from + i) throw refuse(`expected position ${seal.from + i}, found ${row.position}`);
    bytes += row.bytes.length;
  }
  if (bytes > MAX_BATCH_BYTES) throw refuse(`a batch has at most ${MAX_BATCH_BYTES} bytes, found ${bytes}`);
}
