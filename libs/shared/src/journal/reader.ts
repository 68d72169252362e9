import pg from 'pg';
import type { JournalReader, Seal, SessionRow, StoredEvent, StoredSnapshot } from '../runtime/ports.ts';
import { CopyOut } from './copy-out.ts';
import { explain, JournalError } from './errors.ts';
import { doubtfulLabelsQuery, type LabelsRecord, type RowLabels, rowLabels } from './labels.ts';
import { SEAL_COLUMNS, SESSION_COLUMNS, type SealRecord, type SessionRecord, seal, sessionRow, whole } from './rows.ts';

export interface PostgresJournalReader extends JournalReader {
  /** In order, at most `limit`, of the batches that end at `from` or later: what `verify` checks the rows against. */
  seals(session: string, from: number, limit: number): Promise<readonly Seal[]>;
  /** From here to the head no event is missing; null where none is left. */
  keptFrom(session: string): Promise<number | null>;
  /** Of a service's snapshots, ascending. */
  snapshotPositions(session: string, service: string): Promise<readonly number[]>;
  /** What stands beside the bytes of the rows in a range, of which it is not plain that it fits them. */
  doubtfulLabels(session: string, from: number, to: number): Promise<readonly RowLabels[]>;
  /** A row that no seal covers, because it stands above the last one or below the first position; null where there is none. */
  unsealed(session: string): Promise<number | null>;
  /** It came out of a file. */
  isImported(session: string): Promise<boolean>;
  /** The whole effective configuration, as JSON. */
  configOf(session: string): Promise<string>;
}

const MAX_CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 60_000;
/** What one call may ask for: it is held in memory as a whole. */
const MAX_EVENTS = 100_000;
const MAX_SEALS = 100_000;
const MAX_SNAPSHOTS = 1_000;
const MAX_KNOWN_SESSIONS = 10_000;

export function openJournalReader(url: string): PostgresJournalReader {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 2_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'journal reader',
    allowExitOnIdle: true,
  });
  // An idle connection that is lost is no fault: the pool opens another one, and when it cannot, the next call says so.
  pool.on('error', () => {});
  const numbers = new Map<string, number>();

  async function ask<R extends pg.QueryResultRow>(doing: string, text: string, values: unknown[]): Promise<R[]> {
    try {
      return (await pool.query<R>(text, values)).rows;
    } catch (error) {
      throw explain(error, url, doing);
    }
  }

  async function oneSession(rest: string, values: unknown[]): Promise<SessionRow | null> {
    const [row] = await ask<SessionRecord>('while reading the sessions', `SELECT ${SESSION_COLUMNS} FROM sessions ${rest}`, values);
    return row === undefined ? null : sessionRow(row);
  }

  /** A session's number never changes; only one that is being imported may be taken back, and come again under another. */
  async function numberOf(session: string): Promise<number | null> {
    const known = numbers.get(session);
    if (known !== undefined) return known;
    const [row] = await ask<{ number: number; stays: boolean }>(
      'while reading the sessions',
      "SELECT number, imported_at IS NULL OR status = 'ended' AS stays FROM sessions WHERE id = $1",
      [session],
    );
    if (row === undefined) return null;
    if (!row.stays) return row.number;
    if (numbers.size >= MAX_KNOWN_SESSIONS) numbers.clear();
    numbers.set(session, row.number);
    return row.number;
  }

  async function head(session: string): Promise<number> {
    const rows = await ask<{ head: string }>(
      `while reading the head of session ${session}`,
      'SELECT coalesce(max(to_position), 0) AS head FROM seals WHERE session_number = (SELECT number FROM sessions WHERE id = $1)',
      [session],
    );
    return Number(rows[0]?.head ?? 0);
  }

  return {
    currentSession: () =>
      oneSession("WHERE imported_at IS NULL ORDER BY status IN ('starting', 'live', 'cutting') DESC, number DESC LIMIT 1", []),

    session: (id) => oneSession('WHERE id = $1', [id]),

    head,

    async lastSeal(session) {
      const [last] = await ask<SealRecord>(
        `while reading the last seal of session ${session}`,
        `SELECT ${SEAL_COLUMNS} FROM seals WHERE session_number = (SELECT number FROM sessions WHERE id = $1) ORDER BY to_position DESC LIMIT 1`,
        [session],
      );
      return last === undefined ? null : seal(last);
    },

    async events(session, from, limit): Promise<readonly StoredEvent[]> {
      if (limit > MAX_EVENTS) throw new RangeError(`limit: expected at most ${MAX_EVENTS}, found ${limit}`);
      const number = await numberOf(session);
      if (number === null) return [];
      const doing = `while reading events of session ${session} from position ${from}`;
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw explain(error, url, doing);
      }
      try {
        const rows = await client.query(new CopyOut(eventsSql(number, from, limit))).done;
        client.release();
        return rows;
      } catch (error) {
        client.release(true);
        throw explain(error, url, doing);
      }
    },

    async seals(session, from, limit) {
      if (limit > MAX_SEALS) throw new RangeError(`limit: expected at most ${MAX_SEALS}, found ${limit}`);
      const rows = await ask<SealRecord>(
        `while reading the seals of session ${session}`,
        `SELECT ${SEAL_COLUMNS} FROM seals WHERE session_number = (SELECT number FROM sessions WHERE id = $1) AND to_position >= $2 ORDER BY to_position LIMIT $3`,
        [session, from, limit],
      );
      return rows.map(seal);
    },

    async saveSnapshot(snapshot) {
      const { session, service, position, version, schema, sha256, body } = snapshot;
      if (body.includes('\0'))
        throw new JournalError(`Snapshot of ${service} at ${session}:${position} holds U+0000, which Postgres cannot keep.`);
      await ask(`while saving the snapshot of ${service} at ${session}:${position}`, 'SELECT save_snapshot($1, $2, $3, $4, $5, $6, $7)', [
        session,
        service,
        position,
        version,
        schema,
        sha256,
        body,
      ]);
    },

    async snapshots(session, service, upTo, limit) {
      if (limit > MAX_SNAPSHOTS) throw new RangeError(`limit: expected at most ${MAX_SNAPSHOTS}, found ${limit}`);
      const rows = await ask<Omit<StoredSnapshot, 'position'> & { position: string }>(
        `while reading snapshots of ${service} in session ${session}`,
        `SELECT session, service, position, version, schema, sha256, body FROM snapshots
         WHERE session = $1 AND service = $2 AND position <= $3 ORDER BY position DESC LIMIT $4`,
        [session, service, upTo, limit],
      );
      return rows.map((row) => ({ ...row, position: Number(row.position) }));
    },

    async keptFrom(session) {
      const doing = `while reading where the events of session ${session} begin`;
      const rows = await ask<{ first: string | null; tables: string }>(
        doing,
        `SELECT max(first) AS first, count(*) AS tables FROM (
           SELECT i.inhparent, min(split_part(c.relname, '_', 4)::bigint) AS first
           FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent IN ('events_market'::regclass, 'events_ledger'::regclass)
             AND c.relname LIKE '%\\_s' || (SELECT number FROM sessions WHERE id = $1) || '\\_%'
           GROUP BY i.inhparent) kept`,
        [session],
      );
      const [found] = rows;
      if (found === undefined || found.first === null || Number(found.tables) < 2) return null;
      // Whole partitions are dropped, and the first begins with a row: at 1, where a file began, or after those that were
      // dropped. A row that is missing at its beginning was taken out, and does not count as dropped.
      const first = Number(found.first);
      return first > (await head(session)) ? null : first;
    },

    async snapshotPositions(session, service) {
      const rows = await ask<{ position: string }>(
        `while reading snapshots of ${service} in session ${session}`,
        'SELECT position FROM snapshots WHERE session = $1 AND service = $2 ORDER BY position LIMIT 100000',
        [session, service],
      );
      return rows.map(({ position }) => Number(position));
    },

    async doubtfulLabels(session, from, to) {
      const number = await numberOf(session);
      if (number === null) return [];
      const rows = await ask<LabelsRecord>(
        `while looking at the columns of session ${session} from position ${from}`,
        doubtfulLabelsQuery(number, from, to),
        [MAX_EVENTS, session],
      );
      return rows.map(rowLabels);
    },

    async unsealed(session) {
      const number = await numberOf(session);
      if (number === null) return null;
      const last = `(SELECT coalesce(max(to_position), 0) FROM seals WHERE session_number = ${number})`;
      const part = (table: string, where: string) =>
        `(SELECT position FROM ${table} WHERE session_number = ${number} AND position ${where} ORDER BY position LIMIT 1)`;
      // One statement: a batch and its seal are seen together.
      const [row] = await ask<{ position: string }>(
        `while looking for rows of session ${session} without a seal`,
        `SELECT position FROM (${['events_market', 'events_ledger'].flatMap((table) => [part(table, '< 1'), part(table, `> ${last}`)]).join(' UNION ALL ')}) e
         ORDER BY position LIMIT 1`,
        [],
      );
      return row === undefined ? null : Number(row.position);
    },

    async isImported(session) {
      const [row] = await ask<{ imported: boolean }>(
        'while reading the sessions',
        'SELECT imported_at IS NOT NULL AS imported FROM sessions WHERE id = $1',
        [session],
      );
      return row?.imported === true;
    },

    async configOf(session) {
      const [row] = await ask<{ config: string }>('while reading a configuration', 'SELECT config FROM sessions WHERE id = $1', [session]);
      return row?.config ?? '{}';
    },

    close: () => pool.end(),
  };
}

/**
 * Both tables merged by walking their keys. Sorting and scanning are ruled out by name, because a partition that is being
 * filled has no statistics yet and the planner would guess. Rows and seal are one transaction: what is visible is sealed.
 */
export function eventsQuery(sessionNumber: number, from: number, limit: number): string {
  const columns = 'position, stored_at, subject, body, raw, taken';
  const within = `session_number = ${whole(sessionNumber, 'session')} AND position >= ${whole(from, 'from')}`;
  const part = (table: string) => `SELECT session_number, ${columns} FROM ${table}`;
  // The order is asked of a subquery: directly on a UNION ALL it would always be made by sorting.
  return `SELECT ${columns} FROM (${part('events_market')} UNION ALL ${part('events_ledger')}) e WHERE ${within} ORDER BY position LIMIT ${whole(limit, 'limit')}`;
}

/** Several statements in one string are one transaction, so these settings end with it. */
export const BY_KEY_ONLY =
  'SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off;';

function eventsSql(sessionNumber: number, from: number, limit: number): string {
  return `${BY_KEY_ONLY} COPY (${eventsQuery(sessionNumber, from, limit)}) TO STDOUT (FORMAT binary)`;
}
