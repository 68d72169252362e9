import type { Findings } from '../findings.ts';
import type { JournalFacts } from './journal.ts';

interface Verdict {
  readonly session: string;
  readonly position: number;
  readonly trip: string;
  readonly at: number;
}
interface Outcome {
  readonly session: string;
  readonly position: number;
  readonly trip: string;
  readonly state: string;
  readonly cause: string;
  readonly basis: readonly (number | string)[] | null;
}
interface Placed {
  readonly root: string;
  readonly order: string;
  readonly intended: number;
  readonly over: number;
  readonly at: number;
}

const ALLOWED = `
  SELECT session, position::float8 AS position, body->'data'->>'trip' AS trip, at::float8 AS at
  FROM events WHERE type = 'verdict' AND taken AND body->'data'->>'outcome' IN ('ALLOW', 'REDUCE') ORDER BY session, position`;
const OUTCOMES = `
  SELECT session, position::float8 AS position, body->'data'->>'trip' AS trip, body->'data'->>'state' AS state, cause, body->'basis' AS basis
  FROM events WHERE type = 'position' AND taken AND body->'data'->>'state' <> 'CLOSING'`;
/** An order's name is its own in its session and all that descend from it; a session without a parent begins anew. */
const ORDERS = `
  WITH RECURSIVE line AS (
    SELECT id, id AS root FROM sessions WHERE parent IS NULL
    UNION ALL SELECT s.id, line.root FROM sessions s JOIN line ON s.parent = line.id)
  SELECT line.root, body->'data'->>'order' AS "order", max(at)::float8 AS at,
    (count(*) FILTER (WHERE body->'data'->>'state' = 'intended'))::int AS intended,
    (count(*) FILTER (WHERE body->'data'->>'state' IN ('filled', 'cancelled', 'rejected')))::int AS over
  FROM events JOIN line ON line.id = session WHERE type = 'order' AND taken GROUP BY line.root, 2`;
/** Where a session and all that descend from it have come to; what is open when one begins anew stays so. */
const LAST = `
  WITH RECURSIVE line AS (
    SELECT id, id AS root FROM sessions WHERE parent IS NULL
    UNION ALL SELECT s.id, line.root FROM sessions s JOIN line ON s.parent = line.id),
  ends AS (SELECT line.root, max(e.at)::float8 AS at FROM events e JOIN line ON line.id = e.session WHERE e.taken AND e.type = 'clock' GROUP BY 1)
  SELECT line.id, line.root, ends.at FROM line JOIN ends ON ends.root = line.root`;

/** An unwind is tried five times, a second apart; what is younger than this at the end may still be under way. */
const UNDER_WAY_MICROS = 7_000_000;

/** Every allowed decision came to one end, and every order to one. */
export async function claimOneOutcome(facts: JournalFacts, findings: Findings): Promise<void> {
  const lines = await facts.rows<{ id: string; root: string; at: number }>(LAST);
  const endOf = new Map(lines.map(({ id, at }) => [id, at]));
  const verdicts = await facts.rows<Verdict>(ALLOWED);
  const outcomes = await facts.rows<Outcome>(OUTCOMES);
  const byVerdict = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const named = new Set(
      [outcome.cause, ...(outcome.basis ?? [])].map((ref) => (String(ref).includes(':') ? String(ref) : `${outcome.session}:${ref}`)),
    );
    for (const ref of named) byVerdict.set(ref, [...(byVerdict.get(ref) ?? []), outcome]);
  }
  let [one, open] = [0, 0];
  for (const { session, position, trip, at } of verdicts) {
    const of = (byVerdict.get(`${session}:${position}`) ?? []).filter((outcome) => outcome.trip === trip);
    if (of.length === 1) one++;
    else if (of.length > 1)
      findings.fault(
        `the verdict ${session}:${position} on ${trip} has ${of.length} outcomes: ${of.map((o) => `${o.session}:${o.position} ${o.state}`).join(', ')}`,
      );
    else if ((endOf.get(session) ?? 0) - at < UNDER_WAY_MICROS) open++;
    else findings.fault(`the verdict ${session}:${position} on ${trip} has no outcome`);
  }
  findings.claim(one > 0, `${one} of ${verdicts.length} allowed verdicts have exactly one outcome, ${open} were under way at the end`);
  const orders = await facts.rows<Placed>(ORDERS);
  const bad = orders.filter(
    ({ root, intended, over, at }) => intended !== 1 || over > 1 || (over === 0 && (endOf.get(root) ?? 0) - at >= UNDER_WAY_MICROS),
  );
  for (const { order, intended, over } of bad.slice(0, 3))
    findings.fault(`order ${order} was intended ${intended} times and ended ${over} times`);
  findings.claim(bad.length === 0 && orders.length > 0, `each of ${orders.length} orders was intended once and ended at most once`);
}
