import pg from 'pg';
import type { Findings } from '../findings.ts';

export interface SessionFacts {
  readonly id: string;
  readonly status: string;
  readonly parent: string | null;
  readonly parentPosition: number | null;
  readonly end: number | null;
  readonly lostFrom: number | null;
  readonly head: number;
}

/** The journal's database, asked in plain SQL: nothing of the code that wrote it is between. */
export interface JournalFacts {
  readonly url: string;
  rows<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** Oldest first. */
  sessions(): Promise<readonly SessionFacts[]>;
  close(): Promise<void>;
}

const STATEMENT_TIMEOUT_MS = 120_000;

export async function openFacts(url: string): Promise<JournalFacts> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, statement_timeout: STATEMENT_TIMEOUT_MS });
  // The query under way rejects as well, and that one is looked at.
  client.on('error', () => {});
  await client.connect();
  await client.query("SET work_mem = '64MB'");
  async function rows<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    return (await client.query<R>(text, [...values])).rows;
  }
  return {
    url,
    rows,
    sessions: () =>
      rows<SessionFacts>(
        `SELECT id, status, parent, parent_position::float8 AS "parentPosition", end_position::float8 AS "end", lost_from::float8 AS "lostFrom",
           coalesce((SELECT max(to_position) FROM seals WHERE session_number = s.number), 0)::float8 AS head
         FROM sessions s ORDER BY number`,
      ),
    close: () => client.end(),
  };
}

/** Wall time in ms, finer than `Date` tells it. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

export async function noteSessions(facts: JournalFacts, findings: Findings): Promise<void> {
  for (const { id, status, head, parent, parentPosition, lostFrom } of await facts.sessions())
    findings.note(
      `session ${id}: ${status}, ${head} positions${parent === null ? '' : `, goes on from ${parent}:${parentPosition}`}${lostFrom === null ? '' : `, lost from ${lostFrom} on`}`,
    );
}
