import type { JournalFacts } from '../checks/journal.ts';
import type { Findings } from '../findings.ts';

export interface Kill {
  readonly targets: readonly string[];
  /** Wall time, ms. */
  readonly at: number;
  /** Until the killed processes served again. */
  readonly backMs: number;
  /** Until every service did. */
  readonly allMs: number;
}

/** Its first output that stands in the stream after the kill, where the cause of it stands before: it was owed. */
const OWED = `
  SELECT count(*)::int AS owed FROM events e JOIN events c ON c.session = e.session AND c.position = e.cause::bigint
  WHERE e.taken AND e.source = $1 AND e.cause ~ '^[0-9]{1,18}$'
    AND e.stored_at > to_timestamp($2) AND e.stored_at < to_timestamp($2) + interval '20 s' AND c.stored_at <= to_timestamp($2)`;

const CORES = new Set(['aggregator', 'strategy', 'risk', 'executor', 'alerting']);

/** A kill that finds nothing under way proves little: at least one must have left outputs owed, and these came. */
export async function claimHit(facts: JournalFacts, kills: readonly Kill[], findings: Findings): Promise<void> {
  const hit = new Map<string, number>();
  let owed = 0;
  for (const { targets, at } of kills)
    for (const name of targets.filter((target) => CORES.has(target))) {
      const [row] = await facts.rows<{ owed: number }>(OWED, [name, at / 1_000]);
      if ((row?.owed ?? 0) === 0) continue;
      owed += row?.owed ?? 0;
      hit.set(name, (hit.get(name) ?? 0) + 1);
    }
  findings.claim(
    owed > 0,
    `kills that found outputs owed: ${[...hit].map(([name, count]) => `${name} ${count}`).join(', ') || 'none'}; all ${owed} outputs came afterwards`,
  );
}
