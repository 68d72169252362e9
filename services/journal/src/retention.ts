import type { PostgresJournalStore } from '@arb/shared/journal';
import type { Log } from '@arb/shared/runtime';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Drops whole partitions that are older than the limit, and the snapshots that lead nowhere without them: once at the start
 * and then every hour. Returns what ends it.
 */
export function keepRetention(
  store: Pick<PostgresJournalStore, 'dropPartitionsBefore'>,
  dropSnapshots: () => Promise<number>,
  days: number,
  log: Log,
): () => void {
  const drop = async (): Promise<void> => {
    const before = new Date(Date.now() - days * DAY_MS);
    for (const table of ['market', 'ledger'] as const) {
      const dropped = await store.dropPartitionsBefore(before, table);
      if (dropped.length > 0) log('info', 'old partitions dropped', { dropped, olderThanDays: days });
    }
    const snapshots = await dropSnapshots();
    if (snapshots > 0) log('info', 'snapshots without events dropped', { snapshots });
  };
  const run = (): void => {
    drop().catch((error: Error) => log('warn', `retention: ${error.message}`));
  };
  run();
  const timer = setInterval(run, EVERY_MS);
  return () => clearInterval(timer);
}
