import pg from 'pg';

export const STAGES = ['receive→stream', 'book→l2', 'l2→decision', 'decision→verdict', 'verdict→order'] as const;
export type Stage = (typeof STAGES)[number];
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** What one run has brought into the journal. */
export interface JournalSummary {
  readonly events: Readonly<Record<string, number>>;
  readonly firstPosition: number | null;
  readonly lastPosition: number | null;
  /** Null for a stage that no event has passed. */
  readonly latencyMs: Readonly<Record<Stage, Latency | null>>;
}

const COUNTS = `
  SELECT type, count(*)::int AS count, min(position)::float8 AS first, max(position)::float8 AS last
  FROM events WHERE session = $1 AND position >= $2 GROUP BY type ORDER BY type NULLS LAST`;

/** From the stream's time of an event to that of its answer; for books from their arrival to the stream's time. */
const LATENCIES = `
  WITH hop AS (
    SELECT CASE e.type WHEN 'l2' THEN 'book→l2' WHEN 'decision' THEN 'l2→decision' WHEN 'verdict' THEN 'decision→verdict' ELSE 'verdict→order' END AS stage,
      extract(epoch FROM e.stored_at - c.stored_at)::float8 * 1000 AS ms
    FROM events e JOIN events c
      ON c.session = $1 AND c.position >= $2
      AND c.position = CASE WHEN e.cause ~ '^[0-9]{1,18}$' THEN e.cause::bigint END
    WHERE e.session = $1 AND e.position >= $2 AND e.taken
      AND (e.type, c.type) IN (('l2', 'book'), ('decision', 'l2'), ('verdict', 'decision'), ('order', 'verdict'))
    UNION ALL
    SELECT 'receive→stream', extract(epoch FROM stored_at)::float8 * 1000 - at::float8 / 1000
    FROM events WHERE session = $1 AND position >= $2 AND type = 'book' AND taken
  )
  SELECT stage, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50, percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99
  FROM hop GROUP BY stage`;

/** Of a session's events from `from` on. */
export async function summarise(url: string, session: string, from: number): Promise<JournalSummary> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, statement_timeout: 120_000 });
  await client.connect();
  try {
    // Not the least of memory for two sorts of some hundred thousand rows each.
    await client.query("SET work_mem = '64MB'");
    const counts = (await client.query<{ type: string | null; count: number; first: number; last: number }>(COUNTS, [session, from])).rows;
    const latencies = (await client.query<{ stage: Stage } & Latency>(LATENCIES, [session, from])).rows;
    return {
      events: Object.fromEntries(counts.map(({ type, count }) => [type ?? 'unreadable', count])),
      firstPosition: counts.length === 0 ? null : Math.min(...counts.map(({ first }) => first)),
      lastPosition: counts.length === 0 ? null : Math.max(...counts.map(({ last }) => last)),
      latencyMs: Object.fromEntries(STAGES.map((stage) => [stage, latencyOf(latencies.find((row) => row.stage === stage))])) as Record<
        Stage,
        Latency | null
      >,
    };
  } finally {
    await client.end();
  }
}

function latencyOf(row: Latency | undefined): Latency | null {
  return row === undefined ? null : { p50: rounded(row.p50), p99: rounded(row.p99) };
}

/** To the microsecond: the stream's clock says no more. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
