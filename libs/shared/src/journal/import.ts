import pg from 'pg';
import type { JournalRow, Seal, StoredSnapshot } from '../runtime/ports.ts';
import { explain, JournalError } from './errors.ts';
import { SESSION_COLUMNS, type SessionRecord, sessionRow } from './rows.ts';
import { openJournalStore } from './store.ts';

export interface ImportedSession {
  readonly id: string;
  readonly parent: string | null;
  readonly parentPosition: number | null;
  readonly configHash: string;
  readonly config: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly lostFrom: number | null;
  readonly lostTo: number | null;
  readonly startedAt: string;
}

/** A session that comes into the journal out of a file. */
export interface SessionImport {
  /** The seal before the first row, where that is not position 1. */
  base(seal: Seal): Promise<void>;
  snapshot(stored: StoredSnapshot): Promise<void>;
  append(rows: readonly JournalRow[], seal: Seal): Promise<void>;
  finish(end: number, endedAt: string | null): Promise<void>;
  /** Takes back all of it. */
  remove(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes the row of a session that is imported: one at a time. It is marked from the beginning, so that nobody takes it for a
 * session to go on with, and kept, so that retention does not drop what is old already. Rests of a broken import are removed.
 */
export async function openImport(url: string, session: ImportedSession): Promise<SessionImport> {
  const doing = `while importing session ${session.id}`;
  const store = openJournalStore(url, { lockName: 'import' });
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'journal import' });
  // The error also rejects the query under way, which is where it is reported.
  client.on('error', () => {});
  async function ask<R extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<R[]> {
    try {
      return (await client.query<R>(text, [...values])).rows;
    } catch (error) {
      throw explain(error, url, doing);
    }
  }
  async function close(): Promise<void> {
    await store.close();
    await client.end();
  }

  try {
    await client.connect().catch((error: Error) => {
      throw explain(error, url, doing);
    });
    if (!(await store.lock())) throw new JournalError(`Another import is under way (${doing}): wait for its end.`);
    const [there] = await ask<{ number: number; imported_at: Date | null; status: string }>(
      'SELECT number, imported_at, status FROM sessions WHERE id = $1',
      [session.id],
    );
    if (there !== undefined) {
      if (there.imported_at === null) throw new JournalError(`Session ${session.id} is in this journal already: it was recorded here.`);
      if (there.status === 'ended')
        throw new JournalError(`Session ${session.id} is in this journal already: it was imported ${there.imported_at.toISOString()}.`);
      await removeImported(client, session.id);
    }
    const [record] = await ask<SessionRecord>(
      `INSERT INTO sessions (id, status, parent, parent_position, config_hash, config, versions, lost_from, lost_to, kept, started_at, imported_at)
       VALUES ($1, 'starting', $2, $3, $4, $5, $6, $7, $8, true, $9, clock_timestamp()) RETURNING ${SESSION_COLUMNS}`,
      [
        session.id,
        session.parent,
        session.parentPosition,
        session.configHash,
        session.config,
        JSON.stringify(session.versions),
        session.lostFrom,
        session.lostTo,
        session.startedAt,
      ],
    );
    const row = sessionRow(record as SessionRecord);
    return {
      async base({ from, to, market, ledger, head, turns }) {
        await ask(
          'INSERT INTO seals (session_number, from_position, to_position, market, ledger, head, turns) VALUES ($1, $2, $3, $4, $5, $6, $7)',
          [row.number, from, to, market, ledger, head, turns],
        );
      },
      async snapshot({ service, position, version, schema, sha256, body }) {
        // Not by save_snapshot: the exporter has chosen already which are kept.
        await ask('INSERT INTO snapshots (session, service, position, version, schema, sha256, body) VALUES ($1, $2, $3, $4, $5, $6, $7)', [
          row.id,
          service,
          position,
          version,
          schema,
          sha256,
          body,
        ]);
      },
      append: (rows, seal) => store.append(row, rows, seal),
      async finish(end, endedAt) {
        await ask(
          "UPDATE sessions SET status = 'ended', end_position = $2, ended_at = coalesce($3::timestamptz, clock_timestamp()) WHERE id = $1",
          [row.id, end, endedAt],
        );
      },
      remove: () => removeImported(client, row.id),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function removeImported(client: pg.Client, id: string): Promise<void> {
  const { rows } = await client.query<{ number: number }>('SELECT number FROM sessions WHERE id = $1 AND imported_at IS NOT NULL', [id]);
  const [found] = rows;
  if (found === undefined) return;
  const { rows: partitions } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relname ~ ('^events_(market|ledger)_s' || $1 || '_[0-9]+_[0-9]+$')
     AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'events_market'::regclass)`,
    [found.number],
  );
  for (const { name } of partitions) await client.query(`DROP TABLE ${client.escapeIdentifier(name)}`);
  await client.query('DELETE FROM seals WHERE session_number = $1', [found.number]);
  await client.query('DELETE FROM snapshots WHERE session = $1', [id]);
  await client.query('DELETE FROM sessions WHERE id = $1', [id]);
}
