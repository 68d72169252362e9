import { migrate, openJournalStore, type PostgresServer, sealBatch, startChain, startPostgres } from '@arb/shared/journal';
import type { JournalRow } from '@arb/shared/runtime';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { summarise } from './summary.ts';

const BEGAN = 1_700_000_000_000_000;
let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
  await migrate(postgres.url);
});
afterAll(() => postgres.stop());

/** Stored `afterMicros` after the beginning, received half a millisecond before. */
function row(position: number, type: string, cause: number | null, afterMicros: number): JournalRow {
  const storedAt = BEGAN + afterMicros;
  return {
    position,
    storedAt,
    subject: `${type}.x`,
    source: type,
    n: position,
    type,
    v: 1,
    at: storedAt - 500,
    cause: cause === null ? null : String(cause),
    bytes: new TextEncoder().encode('{}'),
    taken: true,
    malformed: false,
    table: type === 'book' || type === 'l2' ? 'market' : 'ledger',
  };
}

it('a run is summed up from where it began: events by type, positions, latency of each stage', async () => {
  const store = openJournalStore(postgres.url);
  await store.lock();
  const begun = { id: 's-1', parent: null, parentPosition: null, configHash: '0'.repeat(64), config: '{}', versions: {}, startedAt: BEGAN };
  const session = await store.createSession(begun);
  const rows = [
    row(1, 'book', null, 0),
    row(2, 'l2', 1, 9_000),
    row(3, 'book', null, 20_000),
    row(4, 'l2', 3, 21_000),
    row(5, 'book', null, 30_000),
    row(6, 'l2', 5, 33_000),
    row(7, 'decision', 6, 33_250),
  ];
  await store.append(session, rows, { ...sealBatch(startChain(), rows, 1, 7), from: 1, to: 7, turns: '[]' });
  const summary = await summarise(postgres.url, 's-1', 3);
  expect(summary).toEqual({
    events: { book: 2, decision: 1, l2: 2 },
    firstPosition: 3,
    lastPosition: 7,
    latencyMs: {
      'receive→stream': { p50: 0.5, p99: 0.5 },
      'book→l2': { p50: 2, p99: 2.98 },
      'l2→decision': { p50: 0.25, p99: 0.25 },
      'decision→verdict': null,
      'verdict→order': null,
    },
  });
  expect((await summarise(postgres.url, 'unknown', 1)).firstPosition).toBeNull();
  await store.close();
});
