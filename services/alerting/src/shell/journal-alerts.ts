import pg from 'pg';
import { type Letter, letterOf } from './letter.ts';
import type { Queued } from './queue/redis-queue.ts';

/** Alerts of a session as the journal has them. */
export interface JournalAlerts {
  from(session: string, position: number, limit: number): Promise<readonly Queued[]>;
  close(): Promise<void>;
}

const READ_MS = 5_000;

interface Row {
  readonly position: number;
  readonly body: string;
}

export function openJournalAlerts(url: string): JournalAlerts {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: READ_MS,
    statement_timeout: READ_MS,
    idleTimeoutMillis: 30_000,
  });
  pool.on('error', () => {}); // an idle connection was lost: the next query opens another
  return {
    async from(session, position, limit) {
      const { rows } = await pool.query<Row>(
        `SELECT position::float8 AS position, body::text AS body FROM events_ledger
         WHERE session_number = (SELECT number FROM sessions WHERE id = $1) AND type = 'alert' AND taken AND position >= $2
         ORDER BY position LIMIT $3`,
        [session, position, limit],
      );
      return rows.map((row) => ({ position: row.position, body: JSON.stringify(letterFromBody(row)) }));
    },
    close: () => pool.end(),
  };
}

function letterFromBody({ position, body }: Row): Letter {
  return letterOf({ ...(JSON.parse(body) as Parameters<typeof letterOf>[0]), position });
}
