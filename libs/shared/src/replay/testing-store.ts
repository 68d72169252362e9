import { openJournalStore, rowOf } from '../journal/index.ts';
import { Intake } from '../runtime/index.ts';
import type { RecordedSession } from './testing.ts';

/** Puts a session that was recorded in memory into a journal, as its recorder would have. */
export async function storeSession(url: string, { session, rows, seals, snapshots }: RecordedSession): Promise<void> {
  const store = openJournalStore(url);
  try {
    if (!(await store.lock())) throw new Error('another writer holds the lock of this journal');
    const { id, parent, parentPosition, configHash, versions, end } = session;
    const created = await store.createSession({
      id,
      parent,
      parentPosition,
      configHash,
      config: '{}',
      versions,
      startedAt: rows[0]?.storedAt ?? 0,
    });
    const intake = new Intake(id, new Set(['all']));
    for (const seal of seals) {
      const batch = rows.filter(({ position }) => position >= seal.from && position <= seal.to);
      await store.append(
        created,
        batch.map((row) => ({ ...rowOf(row, intake.judge(row), intake), taken: row.taken })),
        seal,
      );
    }
    await store.updateSession(id, { status: 'ended', end });
    for (const snapshot of snapshots) await store.saveSnapshot(snapshot);
  } finally {
    await store.close();
  }
}
