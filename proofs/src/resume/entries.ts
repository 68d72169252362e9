import type { JournalFacts } from '../checks/journal.ts';
import type { Findings } from '../findings.ts';

interface Entry {
  readonly position: number;
  readonly trip: string;
  readonly coin: string;
  readonly buy: string;
  readonly sell: string;
  readonly buyEpoch: number;
  readonly sellEpoch: number;
}
interface Epoch {
  readonly venue: string;
  readonly coin: string;
  readonly epoch: number;
}
interface Filled {
  readonly position: number;
  readonly order: string;
  /** Wall time, ms; null where it names no book of its session. */
  readonly bookAt: number | null;
}

/** Orders that are sent after it went on, on a verdict that lets a round trip begin. What was intended before and only said again is known by its verdict. */
const ENTRIES = `
  SELECT o.position::float8 AS position, o.body->'data'->>'trip' AS trip, v.body->'data'->>'coin' AS coin,
    v.body->'data'->'decision'->'route'->>'buy' AS buy, v.body->'data'->'decision'->'route'->>'sell' AS sell,
    (v.body->'data'->'decision'->'numbers'->>'buyEpoch')::float8 AS "buyEpoch",
    (v.body->'data'->'decision'->'numbers'->>'sellEpoch')::float8 AS "sellEpoch"
  FROM events o JOIN events v ON v.session = o.session AND v.type = 'verdict' AND o.cause = v.position::text
  WHERE o.session = $1 AND v.position > $2 AND o.type = 'order' AND o.taken AND o.body->'data'->>'state' = 'intended'
    AND v.body->'data'->'decision'->>'kind' = 'enter' ORDER BY o.position`;
const EPOCHS = `
  SELECT body->'data'->>'venue' AS venue, split_part(body->'data'->>'symbol', '-', 1) AS coin, max((body->'data'->>'epoch')::float8) AS epoch
  FROM events WHERE session = $1 AND position <= $2 AND type = 'book' AND taken GROUP BY 1, 2`;
/**
 * Fills of orders that were sent after it went on. What was sent before arrives in its own time, as if nobody had been killed: its
 * answer is only said later. The venue's book that a fill was matched with stands in its cause or its basis.
 */
const FILLS = `
  SELECT f.position::float8 AS position, f.body->'data'->>'order' AS "order",
    extract(epoch FROM max(b.stored_at))::float8 * 1000 AS "bookAt"
  FROM events f
  JOIN events o ON o.session = f.session AND o.type = 'order' AND o.taken AND o.body->'data'->>'state' = 'intended'
    AND o.body->'data'->>'order' = f.body->'data'->>'order' AND o.cause ~ '^[0-9]+$' AND o.cause::numeric > $2
  CROSS JOIN LATERAL (SELECT f.cause AS ref UNION ALL SELECT json_array_elements_text(coalesce(f.body->'basis', '[]'::json))) refs
  LEFT JOIN events b ON b.session = f.session AND b.type = 'book' AND b.position::text = refs.ref
  WHERE f.session = $1 AND f.position > $2 AND f.type = 'fill' AND f.taken GROUP BY 1, 2 ORDER BY 1`;

export interface Resumption {
  /** Where it stopped, and when: wall time, ms. */
  readonly before: { readonly session: string; readonly head: number; readonly killedAt: number };
  /** Where it went on. */
  readonly after: { readonly session: string; readonly position: number };
}

/** Whatever is entered after it went on rests on books that both venues began anew since. */
export async function claimFreshEntries(facts: JournalFacts, { before, after }: Resumption, findings: Findings): Promise<void> {
  const known = new Map<string, number>();
  for (const { venue, coin, epoch } of await facts.rows<Epoch>(EPOCHS, [before.session, before.head])) known.set(`${venue} ${coin}`, epoch);
  const entries = await facts.rows<Entry>(ENTRIES, [after.session, after.position]);
  const stale = entries.filter(
    ({ coin, buy, sell, buyEpoch, sellEpoch }) =>
      buyEpoch <= (known.get(`${buy} ${coin}`) ?? 0) || sellEpoch <= (known.get(`${sell} ${coin}`) ?? 0),
  );
  for (const { position, trip } of stale.slice(0, 3))
    findings.fault(`an order that enters ${trip} is sent at ${after.session}:${position}, on a book from before the kill`);
  findings.claim(
    stale.length === 0,
    `${entries.length} orders entered after it went on, each on new epochs of both venues (${known.size} books were known before)`,
  );
}

/** And no order that is sent then is matched with a book from before, entry or exit. */
export async function claimFreshFills(facts: JournalFacts, { before, after }: Resumption, findings: Findings): Promise<void> {
  const fills = await facts.rows<Filled>(FILLS, [after.session, after.position]);
  const stale = fills.filter(({ bookAt }) => bookAt === null || bookAt <= before.killedAt);
  for (const { position, order } of stale.slice(0, 3))
    findings.fault(`${order} is filled at ${after.session}:${position} on a book from before the kill`);
  findings.claim(stale.length === 0, `${fills.length} fills of orders that were sent since, each on a book from after the kill`);
}
