import pg from 'pg';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { parseCount } from '../parse.ts';
import { homeOf } from '../stack/home.ts';
import { withJournal } from '../stack/with-journal.ts';
import { table } from '../table.ts';

interface ListedSession {
  readonly session: string;
  readonly status: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Last journaled position. */
  readonly head: number;
  readonly parent: string | null;
  readonly parentPosition: number | null;
}

/** The last seal's end is the journal's head; the seals outlive dropped events. */
const LIST = `
  SELECT s.id AS session, s.status, s.started_at, s.ended_at, s.parent, s.parent_position::float8 AS parent_position,
    coalesce((SELECT max(to_position) FROM seals WHERE session_number = s.number), 0)::float8 AS head
  FROM sessions s ORDER BY s.number DESC LIMIT $1`;
const LISTED = 50;

interface Row {
  readonly session: string;
  readonly status: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly parent: string | null;
  readonly parent_position: number | null;
  readonly head: number;
}

export const sessions: Command = {
  name: 'sessions',
  says: 'the sessions in the journal, newest first',
  words: [],
  flags: { ...JSON_FLAG, limit: { type: 'string', value: 'N', says: `how many at most (${LISTED})` } },
  async run({ flags }, { out, say }) {
    const limit = typeof flags.limit === 'string' ? parseCount('limit', flags.limit) : LISTED;
    const found = await withJournal(homeOf(), say, (url) => list(url, limit));
    if (flags.json === true) out(JSON.stringify(found));
    else if (found.length === 0) out('no session yet: "npm start" begins one');
    else for (const line of table(['session', 'status', 'started', 'ended', 'positions', 'parent'], found.map(cells))) out(line);
    return EXIT_GOOD;
  },
};

async function list(url: string, limit: number): Promise<readonly ListedSession[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, statement_timeout: 30_000 });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(LIST, [limit]);
    return rows.map((row) => ({
      session: row.session,
      status: row.status,
      startedAt: row.started_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      head: row.head,
      parent: row.parent,
      parentPosition: row.parent_position,
    }));
  } finally {
    await client.end();
  }
}

function cells(row: ListedSession): readonly (string | number | null)[] {
  return [
    row.session,
    row.status,
    row.startedAt,
    row.endedAt,
    row.head,
    row.parent === null ? null : `${row.parent}:${row.parentPosition ?? '?'}`,
  ];
}
