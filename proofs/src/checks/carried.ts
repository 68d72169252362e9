import type { Findings } from '../findings.ts';
import type { JournalFacts } from './journal.ts';

/** Trips with an order or a position in the session that no position event has ended. */
const OPEN = `
  SELECT DISTINCT e.body->'data'->>'trip' AS trip FROM events e
  WHERE e.session = $1 AND e.taken AND e.type IN ('order', 'position') AND NOT EXISTS (
    SELECT 1 FROM events x WHERE x.session = $1 AND x.taken AND x.type = 'position' AND x.body->'data'->>'trip' = e.body->'data'->>'trip'
      AND x.body->'data'->>'state' IN ('CLOSED', 'UNWOUND', 'FAILED'))`;
const HEARD = `SELECT DISTINCT body->'data'->>'trip' AS trip FROM events WHERE session = $1 AND taken AND type IN ('order', 'position')`;
const ENDED = `${HEARD} AND body->'data'->>'state' IN ('CLOSED', 'UNWOUND', 'FAILED')`;

/** What was open when the parent ended goes on in the child: there is nobody else who could close it. */
export async function claimCarried(facts: JournalFacts, parent: string, child: string, findings: Findings): Promise<void> {
  const trips = async (sql: string, session: string) =>
    new Set((await facts.rows<{ trip: string }>(sql, [session])).map(({ trip }) => trip));
  const [open, heard, ended] = [await trips(OPEN, parent), await trips(HEARD, child), await trips(ENDED, child)];
  const forgotten = [...open].filter((trip) => !heard.has(trip));
  const closed = [...open].filter((trip) => ended.has(trip));
  findings.claim(
    open.size > 0 && forgotten.length === 0,
    `${open.size} round trips were open at the end of ${parent}; ${closed.length} of them ended in ${child}, ${forgotten.length} were never heard of again${forgotten.length === 0 ? '' : `: ${forgotten.slice(0, 5).join(', ')}`}`,
  );
}
