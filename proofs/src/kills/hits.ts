import { CORE_SERVICES } from '@arb/shared/contracts';
import type { JournalFacts } from '../checks/journal.ts';
import type { Findings } from '../findings.ts';

export interface Kill {
  readonly name: string;
  /** Wall time, ms. */
  readonly at: number;
  /** Until another process of it served. */
  readonly backMs: number;
  /** It fell again before it was back. */
  readonly again: boolean;
}

/** Outputs in the stream after the kill whose cause stands before it: they were owed when it fell. */
const OWED = `
  SELECT count(*)::int AS owed FROM events e JOIN events c ON c.session = e.session AND c.position = e.cause::bigint
  WHERE e.taken AND e.source = $1 AND e.cause ~ '^[0-9]{1,18}$'
    AND e.stored_at > to_timestamp($2) AND e.stored_at < to_timestamp($2) + interval '60 s' AND c.stored_at <= to_timestamp($2)`;

/** How many kills of each core left outputs owed, and how many outputs that were. */
export async function hitsOf(
  facts: JournalFacts,
  kills: readonly Kill[],
): Promise<{ readonly byName: ReadonlyMap<string, number>; readonly owed: number }> {
  const byName = new Map<string, number>();
  let owed = 0;
  for (const { name, at } of kills) {
    if (!(CORE_SERVICES as readonly string[]).includes(name)) continue;
    const [row] = await facts.rows<{ owed: number }>(OWED, [name, at / 1_000]);
    if ((row?.owed ?? 0) === 0) continue;
    owed += row?.owed ?? 0;
    byName.set(name, (byName.get(name) ?? 0) + 1);
  }
  return { byName, owed };
}

/** A kill that finds nothing under way proves little: at least one must have left outputs owed. */
export async function claimHit(facts: JournalFacts, kills: readonly Kill[], findings: Findings): Promise<void> {
  const { byName, owed } = await hitsOf(facts, kills);
  findings.claim(
    owed > 0,
    `kills that found outputs owed: ${[...byName].map(([name, count]) => `${name} ${count}`).join(', ') || 'none'}; ${owed} outputs came after them`,
  );
}
