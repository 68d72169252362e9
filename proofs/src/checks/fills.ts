import type { Findings } from '../findings.ts';
import type { JournalFacts } from './journal.ts';

/** An order's fills over all sessions that go on from each other, against what was ordered. Exact: they are decimals, not floats. */
const FILLED = `
  WITH RECURSIVE line AS (
    SELECT id, id AS root FROM sessions WHERE parent IS NULL
    UNION ALL SELECT s.id, line.root FROM sessions s JOIN line ON s.parent = line.id),
  fills AS (
    SELECT line.root, body->'data'->>'order' AS "order", count(*)::int AS fills, sum((body->'data'->>'quantity')::numeric) AS filled
    FROM events JOIN line ON line.id = session WHERE type = 'fill' AND taken GROUP BY 1, 2),
  orders AS (
    SELECT line.root, body->'data'->>'order' AS "order", max((body->'data'->>'quantity')::numeric) AS quantity,
      max((body->'data'->>'filled')::numeric) AS said
    FROM events JOIN line ON line.id = session WHERE type = 'order' AND taken GROUP BY 1, 2)
  SELECT f."order", f.fills, f.filled::text AS filled, o.quantity::text AS quantity,
    (o.quantity IS NOT NULL AND f.filled <= o.quantity) AS within, (f.filled = o.said) AS same
  FROM fills f LEFT JOIN orders o ON o.root = f.root AND o."order" = f."order"`;

interface Filled {
  readonly order: string;
  readonly fills: number;
  readonly filled: string;
  readonly quantity: string | null;
  readonly within: boolean;
  readonly same: boolean | null;
}

/** No order is filled beyond what it asked for, whichever process and session filled it, and none that was never ordered. */
export async function claimFilledWithin(facts: JournalFacts, findings: Findings): Promise<void> {
  const orders = await facts.rows<Filled>(FILLED);
  const beyond = orders.filter(({ within, same }) => !within || same !== true);
  for (const { order, fills, filled, quantity } of beyond.slice(0, 3))
    findings.fault(`order ${order} over ${quantity ?? 'nothing'} has ${fills} fills of ${filled} in all`);
  findings.claim(
    beyond.length === 0 && orders.length > 0,
    `the fills of each of ${orders.length} filled orders add up to what it says, and to no more than it asked for`,
  );
}
