import pg from 'pg';
import { homeOf } from '../stack/home.ts';
import { withJournal } from '../stack/with-journal.ts';

export interface ListedAlert {
  readonly at: string;
  readonly session: string;
  readonly position: number;
  readonly id: string;
  readonly key: string;
  readonly severity: string;
  readonly step: string;
  readonly summary: string;
  /** The event that began it. */
  readonly about: string | null;
  /** What became of it, channel by channel. */
  readonly delivered: string | null;
}

/** Of the newest session and its parents, newest first. What is open is what was raised last of its key. */
const LIST = `
  WITH RECURSIVE family AS (
    (SELECT id, parent, 1 AS age FROM sessions ORDER BY number DESC LIMIT 1)
    UNION ALL
    SELECT s.id, s.parent, f.age + 1 FROM sessions s JOIN family f ON s.id = f.parent WHERE f.age < 100
  ),
  told AS (
    SELECT a.*, f.age, row_number() OVER (PARTITION BY a.key ORDER BY f.age, a.position DESC) AS place
    FROM alerts a JOIN family f ON f.id = a.session WHERE a.at > now() - interval '30 days'
  )
  SELECT to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at, t.session, t.position::float8 AS position, t.id, t.key, t.severity,
    coalesce(t.step, t.state) AS step, t.summary, t.about,
    (SELECT string_agg(d.meant || ' ' || d.state || CASE WHEN d.meant = d.channel THEN '' ELSE ' by ' || d.channel END, ', ' ORDER BY d.position)
     FROM alert_deliveries d WHERE d.session = t.session AND d.id = t.id AND d.state <> 'failed') AS delivered
  FROM told t WHERE $1 OR (t.place = 1 AND t.state = 'raised')
  ORDER BY t.age, t.position DESC LIMIT $2`;

export async function listAlerts(all: boolean, limit: number, say: (line: string) => void): Promise<readonly ListedAlert[]> {
  return withJournal(homeOf(), say, async (url) => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, statement_timeout: 30_000 });
    await client.connect();
    try {
      return (await client.query<ListedAlert>(LIST, [all, limit])).rows;
    } finally {
      await client.end();
    }
  });
}
