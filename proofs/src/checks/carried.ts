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

interface Carried {
  readonly open: readonly string[];
  /** Of those, without any word of them in the child. */
  readonly unheard: readonly string[];
  /** Of those, not ended in the child. */
  readonly going: readonly string[];
}

export function openTrips(facts: JournalFacts, session: string): Promise<readonly string[]> {
  return trips(facts, OPEN, session);
}

async function trips(facts: JournalFacts, sql: string, session: string): Promise<readonly string[]> {
  return (await facts.rows<{ trip: string }>(sql, [session])).map(({ trip }) => trip);
}

export async function carried(facts: JournalFacts, parent: string, child: string): Promise<Carried> {
  const open = await openTrips(facts, parent);
  const [heard, ended] = [new Set(await trips(facts, HEARD, child)), new Set(await trips(facts, ENDED, child))];
  return { open, unheard: open.filter((trip) => !heard.has(trip)), going: open.filter((trip) => !ended.has(trip)) };
}

/** What was open when the parent ended goes on in the child: there is nobody else who could close it. */
export async function claimCarried(facts: JournalFacts, parent: string, child: string, findings: Findings): Promise<void> {
  const { open, unheard, going } = await carried(facts, parent, child);
  findings.claim(
    open.length > 0 && unheard.length === 0,
    `${open.length} round trips were open at the end of ${parent}; ${open.length - going.length} of them ended in ${child}, ${unheard.length} were never heard of again${unheard.length === 0 ? '' : `: ${unheard.slice(0, 5).join(', ')}`}`,
  );
}
