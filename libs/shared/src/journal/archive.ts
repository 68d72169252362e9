import pg from 'pg';
import type { SessionRow, StoredEvent } from '../runtime/ports.ts';
import { explain } from './errors.ts';
import { openJournalReader, type PostgresJournalReader } from './reader.ts';
import { SESSION_COLUMNS, type SessionRecord, sessionRow } from './rows.ts';
import { LIVE_LOCK } from './store.ts';

export interface ListedSession extends SessionRow {
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Null for a session that was recorded here. */
  readonly importedAt: string | null;
  /** It has no end yet, and a journal is there that writes to it. Without one, `status` says how it was left. */
  readonly running: boolean;
  /** Retention leaves its events alone. */
  readonly kept: boolean;
  /** Last journaled position. */
  readonly head: number;
}

export interface TypeCount {
  /** Null for rows that are no events. */
  readonly type: string | null;
  readonly count: number;
}

export interface PnlSum {
  readonly currency: string;
  /** A decimal number as text, exact. */
  readonly amount: string;
  readonly trips: number;
  readonly won: number;
}

export interface OfType {
  readonly types: readonly string[];
  readonly subject?: string;
  /** At or below, newest first; or at or above, oldest first. */
  readonly upTo?: number;
  readonly from?: number;
  /** Positions looked through at most. */
  readonly window: number;
  readonly limit: number;
  /** Of this round trip, by the text of the event: ten times as fast as reading its JSON. */
  readonly trip?: string;
}

/** What people ask of the journal beside its rows in order. It only reads. */
export interface Archive extends PostgresJournalReader {
  list(limit: number): Promise<readonly ListedSession[]>;
  listed(session: string): Promise<ListedSession | null>;
  childrenOf(session: string): Promise<readonly string[]>;
  /** Of the ledger by type; of market data by type only where it is quickly counted. */
  counts(
    session: SessionRow,
    head: number,
  ): Promise<{ readonly ledger: readonly TypeCount[]; readonly market: readonly TypeCount[] | null }>;
  pnl(session: SessionRow): Promise<readonly PnlSum[]>;
  event(session: string, position: number): Promise<StoredEvent | null>;
  /** Taken events of these types around a position. */
  ofType(session: SessionRow, ask: OfType): Promise<readonly StoredEvent[]>;
  /** Taken events that name the position as their cause: all of the ledger, of market data those up to `marketTo`. */
  causedBy(session: SessionRow, cause: string, marketFrom: number, marketTo: number, limit: number): Promise<readonly StoredEvent[]>;
}

const MAX_CONNECTIONS = 3;
const STATEMENT_TIMEOUT_MS = 60_000;
/** Market data of a longer session is counted in all, not by type: that would read every page of it. */
const COUNTED_POSITIONS = 2_000_000;
/** Of market data there is no index by type: what is not there is looked for this far. */
const MARKET_WINDOW = 200_000;
const MARKET = new Set(['book', 'trade', 'l2', 'clock']);

/** Whether somebody holds the lock of the writer of live sessions; Postgres shows its key in two halves. */
const WRITTEN = `EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32 | objid::bigint) = journal_lock_key('${LIVE_LOCK}'))`;

const LISTED = `${SESSION_COLUMNS.split(', ')
  .map((column) => `s.${column}`)
  .join(', ')}, s.started_at, s.ended_at, s.imported_at, s.kept,
  s.status IN ('starting', 'live', 'cutting') AND s.imported_at IS NULL AND ${WRITTEN} AS running,
  (SELECT coalesce(max(to_position), 0) FROM seals WHERE session_number = s.number) AS head`;

interface ListedRecord extends SessionRecord {
  started_at: Date;
  ended_at: Date | null;
  imported_at: Date | null;
  running: boolean;
  kept: boolean;
  head: string;
}

function listedSession(record: ListedRecord): ListedSession {
  return {
    ...sessionRow(record),
    startedAt: record.started_at.toISOString(),
    endedAt: record.ended_at?.toISOString() ?? null,
    importedAt: record.imported_at?.toISOString() ?? null,
    running: record.running,
    kept: record.kept,
    head: Number(record.head),
  };
}

interface EventRecord {
  position: string;
  stored_at: string;
  subject: string;
  body: string | null;
  raw: Buffer | null;
  taken: boolean;
}
const EVENT = `position, (extract(epoch FROM stored_at) * 1000000)::bigint AS stored_at, subject, body::text AS body, raw, taken`;

function storedEvent({ position, stored_at, subject, body, raw, taken }: EventRecord): StoredEvent {
  return {
    position: Number(position),
    storedAt: Number(stored_at),
    subject,
    bytes: body === null ? (raw ?? Buffer.alloc(0)) : Buffer.from(body),
    taken,
  };
}

export function openArchive(url: string): Archive {
  const reader = openJournalReader(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: 10_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'journal archive',
    allowExitOnIdle: true,
  });
  // An idle connection that is lost is no fault: the next call opens another one, or says why it cannot.
  pool.on('error', () => {});

  async function ask<R extends pg.QueryResultRow>(doing: string, text: string, values: readonly unknown[]): Promise<R[]> {
    try {
      return (await pool.query<R>(text, [...values])).rows;
    } catch (error) {
      throw explain(error, url, doing);
    }
  }

  return {
    ...reader,

    async list(limit) {
      const rows = await ask<ListedRecord>(
        'while listing the sessions',
        `SELECT ${LISTED} FROM sessions s ORDER BY s.number DESC LIMIT $1`,
        [limit],
      );
      return rows.map(listedSession);
    },

    async listed(session) {
      const [row] = await ask<ListedRecord>('while reading a session', `SELECT ${LISTED} FROM sessions s WHERE s.id = $1`, [session]);
      return row === undefined ? null : listedSession(row);
    },

    async childrenOf(session) {
      const rows = await ask<{ id: string }>(
        'while reading the children of a session',
        'SELECT id FROM sessions WHERE parent = $1 ORDER BY number LIMIT 1000',
        [session],
      );
      return rows.map(({ id }) => id);
    },

    async counts(session, head) {
      const count = (table: string) =>
        ask<{ type: string | null; count: string }>(
          `while counting the events of session ${session.id}`,
          `SELECT type, count(*) AS count FROM ${table} WHERE session_number = $1 GROUP BY type ORDER BY type NULLS LAST`,
          [session.number],
        ).then((rows) => rows.map((row) => ({ type: row.type, count: Number(row.count) })));
      return { ledger: await count('events_ledger'), market: head > COUNTED_POSITIONS ? null : await count('events_market') };
    },

    async pnl(session) {
      const rows = await ask<{ currency: string; amount: string; trips: string; won: string }>(
        `while adding up the results of session ${session.id}`,
        `SELECT currency, trim_scale(sum(amount))::text AS amount, count(*) AS trips, count(*) FILTER (WHERE amount > 0) AS won FROM (
           SELECT body->'data'->'pnl'->>'currency' AS currency, (body->'data'->'pnl'->>'amount')::numeric AS amount
           FROM events_ledger WHERE session_number = $1 AND type = 'position' AND taken) p
         WHERE currency IS NOT NULL GROUP BY currency ORDER BY currency`,
        [session.number],
      );
      return rows.map((row) => ({ currency: row.currency, amount: row.amount, trips: Number(row.trips), won: Number(row.won) }));
    },

    async event(session, position) {
      const [found] = await reader.events(session, position, 1);
      return found?.position === position ? found : null;
    },

    async ofType(session, { types, subject, upTo, from, window, limit, trip }) {
      const market = types.some((type) => MARKET.has(type));
      const reach = market ? Math.min(window, MARKET_WINDOW) : window;
      const [low, high] = upTo === undefined ? [from ?? 1, (from ?? 1) + reach] : [upTo - reach, upTo];
      const order = upTo === undefined ? 'ASC' : 'DESC';
      const part = (table: string) =>
        types
          .map(
            (_, i) =>
              `(SELECT ${EVENT} FROM ${table} WHERE session_number = $1 AND type = $${i + 5} AND position BETWEEN $2 AND $3 AND taken
                ${subject === undefined ? '' : `AND subject = $${types.length + 5}`}
                ${trip === undefined ? '' : `AND strpos(body::text, $${types.length + (subject === undefined ? 5 : 6)}) > 0`}
                ORDER BY position ${order} LIMIT $4)`,
          )
          .join(' UNION ALL ');
      const tables = [...(types.some((type) => !MARKET.has(type)) ? ['events_ledger'] : []), ...(market ? ['events_market'] : [])];
      const rows = await ask<EventRecord>(
        `while looking for ${types.join(', ')} in session ${session.id}`,
        `SELECT * FROM (${tables.map(part).join(' UNION ALL ')}) e ORDER BY position ${order} LIMIT $4`,
        [
          session.number,
          Math.max(1, low),
          high,
          limit,
          ...types,
          ...(subject === undefined ? [] : [subject]),
          ...(trip === undefined ? [] : [`"trip":"${trip}"`]),
        ],
      );
      return rows.map(storedEvent);
    },

    async causedBy(session, cause, marketFrom, marketTo, limit) {
      const rows = await ask<EventRecord>(
        `while looking for what followed from ${cause} in session ${session.id}`,
        `SELECT * FROM (
           (SELECT ${EVENT} FROM events_ledger WHERE session_number = $1 AND cause = $2 AND taken ORDER BY position LIMIT $5)
           UNION ALL
           (SELECT ${EVENT} FROM events_market WHERE session_number = $1 AND position BETWEEN $3 AND $4 AND cause = $2 AND taken
            ORDER BY position LIMIT $5)) e ORDER BY position LIMIT $5`,
        [session.number, cause, marketFrom, marketTo, limit],
      );
      return rows.map(storedEvent);
    },

    async close() {
      await pool.end();
      await reader.close();
    },
  };
}
