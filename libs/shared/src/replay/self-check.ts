import { CORE_SERVICES } from '../contracts/index.ts';
import type { SessionRow } from '../runtime/index.ts';
import { planRanges, type VerifyRange } from './ranges.ts';
import { type RecordReader, snapshotPositions } from './record.ts';
import type { RangeReport, VerifyFault } from './verify.ts';

export interface SelfCheck {
  readonly session: string;
  /** Positions fed again, and snapshots that came out of them as they were stored. */
  readonly from: number;
  readonly to: number;
  readonly snapshots: number;
  /** What it took to make the states again: as long as a recovery would. */
  readonly seconds: number;
  readonly fault: VerifyFault | null;
}

/**
 * Makes the newest snapshot of each core again, from the one before it and the events between them, and compares. Null where
 * there are not two of them yet.
 */
export async function selfCheck(
  journal: RecordReader,
  session: SessionRow,
  versions: Readonly<Record<string, string>>,
  verify: (range: VerifyRange) => Promise<RangeReport>,
): Promise<SelfCheck | null> {
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const service of CORE_SERVICES) {
    const [before, last] = (await snapshotPositions(journal, session.id, service)).slice(-2);
    if (before === undefined || last === undefined) return null;
    from = Math.min(from, before + 1);
    to = Math.max(to, last);
  }
  const [range] = await planRanges(journal, session, versions, { from, to });
  if (range === undefined) return null;
  const began = performance.now();
  const { faults, snapshots } = await verify(range);
  return {
    session: session.id,
    from: range.after + 1,
    to: range.to,
    snapshots,
    seconds: Math.round(performance.now() - began) / 1_000,
    fault: faults[0] ?? null,
  };
}
