import type { JournalFacts } from './journal.ts';

/** Longest time without an event of this type between two wall times, ms; null where there were fewer than two. */
export async function longestPauseMs(facts: JournalFacts, type: string, from: number, to: number): Promise<number | null> {
  const [row] = await facts.rows<{ ms: number | null }>(
    `SELECT max(ms) AS ms FROM (
       SELECT extract(epoch FROM stored_at - lag(stored_at) OVER (ORDER BY stored_at))::float8 * 1000 AS ms FROM events
       WHERE type = $1 AND taken AND stored_at > to_timestamp($2) AND stored_at < to_timestamp($3)) gaps`,
    [type, from / 1_000, to / 1_000],
  );
  return row?.ms ?? null;
}

/** How long events of this type waited for their answer, ms: in the middle, and the longest. */
export async function answeredInMs(
  facts: JournalFacts,
  asked: string,
  answer: string,
  from: number,
  to: number,
): Promise<{ readonly middle: number; readonly longest: number } | null> {
  const [row] = await facts.rows<{ middle: number | null; longest: number | null }>(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS middle, max(ms) AS longest FROM (
       SELECT extract(epoch FROM min(a.stored_at) - q.stored_at)::float8 * 1000 AS ms
       FROM events q JOIN events a ON a.session = q.session AND a.cause = q.position::text AND a.type = $2 AND a.taken
       WHERE q.type = $1 AND q.taken AND q.stored_at > to_timestamp($3) AND q.stored_at < to_timestamp($4)
       GROUP BY q.session, q.position, q.stored_at) answers`,
    [asked, answer, from / 1_000, to / 1_000],
  );
  return row?.middle == null || row.longest === null ? null : { middle: row.middle, longest: row.longest };
}

/** From the last event of this type in a session to the first in the one after it, ms; null where one of them has none. */
export async function acrossMs(facts: JournalFacts, type: string, from: string, to: string): Promise<number | null> {
  const [row] = await facts.rows<{ ms: number | null }>(
    `SELECT extract(epoch FROM (SELECT min(stored_at) FROM events WHERE session = $3 AND type = $1 AND taken)
       - (SELECT max(stored_at) FROM events WHERE session = $2 AND type = $1 AND taken))::float8 * 1000 AS ms`,
    [type, from, to],
  );
  return row?.ms ?? null;
}
