import type { Findings } from '../findings.ts';
import type { JournalFacts } from './journal.ts';

/** A bare number is a position of the same session: what came after, or stands in a parent and was not named so, is a wrong one. */
const AHEAD = `
  SELECT e.session, e.position::float8 AS position, e.subject, ref
  FROM events e CROSS JOIN LATERAL (
    SELECT e.cause AS ref UNION ALL SELECT json_array_elements_text(coalesce(e.body->'basis', '[]'::json))) refs
  WHERE e.taken AND e.type NOT IN ('book', 'trade', 'clock') AND CASE WHEN ref ~ '^[0-9]+$' THEN ref::numeric >= e.position END
  ORDER BY 1, 2 LIMIT 10`;

/** Whatever an event is said to rest on stands before it. */
export async function claimRestsOnBefore(facts: JournalFacts, findings: Findings): Promise<void> {
  const ahead = await facts.rows<{ session: string; position: number; subject: string; ref: string }>(AHEAD);
  for (const { session, position, subject, ref } of ahead.slice(0, 3))
    findings.fault(`${subject} at ${session}:${position} rests on position ${ref} of its session, which comes later`);
  findings.claim(ahead.length === 0, 'every cause and basis stands before what rests on it');
}
