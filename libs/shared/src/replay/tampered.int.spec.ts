import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrate, openArchive, type PostgresServer, startPostgres } from '../journal/index.ts';
import type { SessionRow } from '../runtime/index.ts';
import { exportSession } from './file/export.ts';
import { planRanges } from './ranges.ts';
import { NotThere, resolveSession } from './resolve.ts';
import { stateAt } from './state.ts';
import { recordSession, tinyCores } from './testing.ts';
import { storeSession } from './testing-store.ts';
import { type VerifyReport, verifySession } from './verify.ts';

const cores = tinyCores();
const first = recordSession({ id: 'first-1', events: 100 });
const second = recordSession({ id: 'second-1', seed: 'other', events: 60, parent: first });
const end = first.session.end as number;
const positionOf = (root: string) => first.rows.filter((row) => row.taken && row.subject.startsWith(`${root}.`))[5]?.position as number;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  await migrate(server.url);
  await storeSession(server.url, first);
  await storeSession(server.url, second);
});
afterAll(async () => {
  await server.stop();
});

async function within<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

let copies = 0;
/** A copy of the journal, changed by somebody who may do all that a superuser may. */
async function changed(...statements: readonly string[]): Promise<string> {
  const name = `changed_${++copies}`;
  await within(server.urlOf('postgres'), (client) => client.query(`CREATE DATABASE ${name} TEMPLATE journal`));
  const url = server.urlOf(name);
  await within(url, async (client) => {
    // Neither foreign keys nor triggers stand in the way.
    await client.query('SET session_replication_role = replica');
    for (const statement of statements) await client.query(statement);
  });
  return url;
}

async function verified(url: string, id = 'first-1', options: { from?: number; anchor?: string } = {}): Promise<VerifyReport> {
  const archive = openArchive(url);
  try {
    const session = (await archive.session(id)) as SessionRow;
    return await verifySession(archive, session, { cores, ...options });
  } finally {
    await archive.close();
  }
}

const checks = ({ faults }: VerifyReport) => [...new Set(faults.map(({ check }) => check))];

/** Where a column is changed; and those that say nothing of the events: they are told to people, or choose what is kept. */
const PLACES: Readonly<Record<string, { readonly where: string; readonly unproven: readonly string[] }>> = {
  sessions: {
    where: "id = 'first-1'",
    unproven: ['stream_created', 'kept', 'started_at', 'ended_at', 'imported_at'],
  },
  events_market: { where: `session_number = 1 AND position = ${positionOf('book')}`, unproven: [] },
  events_ledger: { where: `session_number = 1 AND position = ${positionOf('verdict')}`, unproven: [] },
  seals: { where: 'session_number = 1 AND from_position = 15', unproven: ['stored_at'] },
  snapshots: {
    where: `session = 'first-1' AND service = 'strategy' AND position = ${first.snapshots[0]?.position}`,
    // One that is not where it was is one less: replays begin at the one before it.
    unproven: ['session', 'service', 'position', 'created_at'],
  },
};

/** Another value of a column's kind. */
const OTHER: Readonly<Record<string, (column: string) => string>> = {
  text: (column) => `coalesce(${column}, 'x') || 'x'`,
  json: (column) => `replace(${column}::text, '":"', '":"x')::json`,
  bytea: () => `'\\x7b7d'::bytea`,
  bigint: (column) => `coalesce(${column}, 1) + 1`,
  integer: (column) => `${column} + 1000`,
  boolean: (column) => `NOT ${column}`,
  'timestamp with time zone': (column) => `coalesce(${column}, now()) + interval '1 microsecond'`,
};

async function columnsOf(table: string): Promise<readonly { readonly name: string; readonly kind: string }[]> {
  return within(server.url, async (client) => {
    const { rows } = await client.query<{ name: string; kind: string }>(
      'SELECT column_name AS name, data_type AS kind FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position',
      [table],
    );
    return rows;
  });
}

/** Whether it is found: by a fault, by an error that names the row, or because the session is not to be had any more. */
async function isFound(url: string): Promise<boolean> {
  const reports = [];
  for (const id of ['first-1', 'second-1'])
    try {
      reports.push(await verified(url, id));
    } catch {
      return true;
    }
  return reports.some(({ ok }) => !ok);
}

describe('a change of the journal', () => {
  it('is none where nobody changed anything', async () => {
    for (const id of ['first-1', 'second-1']) expect((await verified(server.url, id)).faults).toEqual([]);
  });

  it.each(Object.keys(PLACES))('in any column of %s is found by verify', async (table) => {
    const { where, unproven } = PLACES[table] as (typeof PLACES)[string];
    const unseen: string[] = [];
    for (const { name, kind } of await columnsOf(table)) {
      const value =
        name === 'status'
          ? "'live'"
          : name === 'config'
            ? `'{"other":1}'`
            : name === 'end_position'
              ? 'end_position - 1'
              : OTHER[kind]?.(name);
      const url = await changed(
        ...(name === 'number' ? ['ALTER TABLE sessions ALTER COLUMN number DROP IDENTITY'] : []),
        `UPDATE ${table} SET ${name} = ${value} WHERE ${where}`,
      ).catch((error: Error) => error);
      // What Postgres itself does not take needs no finding.
      if (url instanceof Error) continue;
      if (!(await isFound(url))) unseen.push(name);
    }
    expect(unseen).toEqual(unproven);
  });

  it('of what a row is asked by is named with its position, table and column', async () => {
    const at = positionOf('verdict');
    const { faults } = await verified(await changed(`UPDATE events_ledger SET cause = '1' WHERE session_number = 1 AND position = ${at}`));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ check: 'column', position: at, found: 'cause 1' });
  });

  it('is found where the bytes stand in the other column, or the row in the other table', async () => {
    const at = positionOf('verdict');
    const row = `session_number = 1 AND position = ${at}`;
    const columns = 'session_number, position, stored_at, subject, source, n, type, v, at, cause, body, raw, taken';
    const hidden = await changed(`UPDATE events_ledger SET raw = convert_to(body::text, 'UTF8'), body = NULL WHERE ${row}`);
    expect(checks(await verified(hidden))).toEqual(['column']);
    const moved = await changed(
      `INSERT INTO events_market (${columns}) SELECT ${columns} FROM events_ledger WHERE ${row}`,
      `DELETE FROM events_ledger WHERE ${row}`,
    );
    expect(checks(await verified(moved))).toEqual(['column']);
    const malformed = first.rows.find(({ subject }) => subject === 'universe')?.position;
    const shown = await changed(`UPDATE events_ledger SET type = 'position', n = 1 WHERE session_number = 1 AND position = ${malformed}`);
    expect(checks(await verified(shown))).toEqual(['column']);
  });

  it('is found where a row was put in above the last seal, or below the first position', async () => {
    for (const position of [end + 1, end + 1_000]) {
      const url = await changed(
        `INSERT INTO events_ledger (session_number, position, stored_at, subject, type, body, taken)
         VALUES (1, ${position}, now(), 'position.t', 'position', '{"data":{"pnl":{"amount":"1","currency":"USDT"}}}', true)`,
      );
      expect((await verified(url)).faults).toMatchObject([{ check: 'gap', position }]);
    }
    const url = await changed(
      `CREATE TABLE events_ledger_s1_0_0 PARTITION OF events_ledger FOR VALUES FROM (1, -5) TO (1, 1)`,
      `INSERT INTO events_ledger (session_number, position, stored_at, subject, type, body, taken) VALUES (1, -1, now(), 'x', 'position', '{}', true)`,
    );
    expect((await verified(url)).ok).toBe(false);
  });

  it('is found where the first rows were taken out, with their seals or without, though retention takes whole partitions', async () => {
    const rows = ['events_market', 'events_ledger'].map((table) => `DELETE FROM ${table} WHERE session_number = 1 AND position <= 21`);
    expect(checks(await verified(await changed(...rows)))).toContain('gap');
    expect((await verified(await changed(...rows, 'DELETE FROM seals WHERE session_number = 1 AND to_position <= 21'))).ok).toBe(false);
  });

  it('is found where all rows were taken out', async () => {
    const rows = ['events_market', 'events_ledger'].map((table) => `DELETE FROM ${table} WHERE session_number = 1`);
    expect((await verified(await changed(...rows))).ok).toBe(false);
  });

  it('of a lost range is found in the child, whose first event names it', async () => {
    const lost = await changed(`UPDATE sessions SET status = 'lost', lost_from = ${end + 1} WHERE id = 'first-1'`);
    expect((await verified(lost)).faults).toEqual([]);
    expect(checks(await verified(lost, 'second-1'))).toEqual(['parent']);
  });
});

describe('where a row is missing', () => {
  it('no state is told that leaves it out, and no file is written that would be refused', async () => {
    const at = positionOf('decision');
    const begin = Math.max(...first.snapshots.filter(({ position }) => position < at).map(({ position }) => position), 0);
    const url = await changed(`DELETE FROM events_ledger WHERE session_number = 1 AND position = ${at}`);
    const archive = openArchive(url);
    try {
      const missing = `position ${at} is missing in the journal`;
      expect(at).toBeGreaterThan(begin);
      await expect(stateAt(archive, first.session, 'risk', at + 2, cores)).rejects.toThrow(missing);
      await expect(exportSession(archive, first.session, new PassThrough().resume())).rejects.toThrow(missing);
    } finally {
      await archive.close();
    }
  });
});

describe('a session that is named by what is no name', () => {
  it('is not there', async () => {
    const archive = openArchive(server.url);
    for (const text of ["first-1'; DROP TABLE seals; --", 'first\u0000', '%', '../first-1', 'ü'])
      await expect(resolveSession(archive, text)).rejects.toThrow(NotThere);
    await archive.close();
  });
});

describe('an anchor', () => {
  it('from before the range that is asked for is found in the chain of the seals up to there', async () => {
    const [, , third] = first.seals;
    const from = first.snapshots[5]?.position as number;
    const archive = openArchive(server.url);
    const [range] = await planRanges(archive, first.session, first.session.versions, { from: from + 1 });
    await archive.close();
    expect(range?.after).toBeGreaterThan(third?.to as number);
    expect((await verified(server.url, 'first-1', { from: from + 1, anchor: third?.head as string })).faults).toEqual([]);
    const url = await changed(`UPDATE seals SET ledger = market WHERE session_number = 1 AND from_position = 8`);
    expect((await verified(url, 'first-1', { from: from + 1, anchor: third?.head as string })).ok).toBe(false);
  });
});
