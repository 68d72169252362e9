import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrate } from './migrate.ts';
import { openJournalReader } from './reader.ts';
import { sampleRows, sampleSeal, sampleSession } from './sample-rows.ts';
import { type Chain, sealBatch, startChain } from './seal.ts';
import { openJournalStore } from './store.ts';
import { startPostgres } from './testing.ts';

/** Ends like a machine that has lost its network: nothing answers, nothing closes. */
describe('a server that falls silent', () => {
  it('is given up by the writer, and its unfinished batch is either whole or not there when the next one has the lock', async () => {
    const server = await startPostgres();
    try {
      await migrate(server.url);
      const reader = openJournalReader(server.url);
      const store = openJournalStore(server.url, { timeoutMs: 2_000 });
      await store.lock();
      const session = await store.createSession(sampleSession('silent'));
      const first = sampleRows(1, 10);
      const seal = sampleSeal(startChain(), first);
      await store.append(session, first, seal);
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      const { rows } = await client.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE application_name = 'journal writer'");
      const [writer] = rows;
      process.kill(writer?.pid as number, 'SIGSTOP');
      const second = sampleRows(11, 20);
      await expect(store.append(session, second, sampleSeal(seal, second))).rejects.toThrow();
      expect(await store.lost).toContain('did not answer within 2000 ms');
      await expect(store.append(session, second, sampleSeal(seal, second))).rejects.toThrow('did not answer within 2000 ms');

      const heir = openJournalStore(server.url);
      expect(await heir.lock()).toBe(false);
      process.kill(writer?.pid as number, 'SIGCONT');
      while (!(await heir.lock())) await client.query('SELECT 1');
      const last = await heir.lastSeal('silent');
      expect([10, 20]).toContain(last?.to);
      expect((await reader.events('silent', 1, 100)).length).toBe(last?.to);
      await client.end();
      await heir.close();
      await store.close();
      await reader.close();
    } finally {
      await server.stop();
    }
  });
});

const BATCH = 2_000;

describe('a kill -9 of Postgres', () => {
  it('leaves whole batches, all that were acknowledged among them, and the next writer goes on after them', async () => {
    const server = await startPostgres();
    try {
      await migrate(server.url);
      let head = 0;
      let chain: Chain = startChain();
      for (let round = 0; round < 3; round++) {
        const store = openJournalStore(server.url);
        expect(await store.lock()).toBe(true);
        const session = await store.createSession(sampleSession('crash'));
        let acknowledged = head;
        let building = chain;
        const appends: Promise<void>[] = [];
        for (let i = 0; i < 6; i++) {
          const from = head + 1 + i * BATCH;
          const rows = sampleRows(from, from + BATCH - 1);
          const seal = sampleSeal(building, rows);
          building = seal;
          appends.push(
            store.append(session, rows, seal).then(() => {
              acknowledged = seal.to;
            }),
          );
        }
        const settled = Promise.allSettled(appends);
        await appends[round];
        await server.kill9();
        const results = await settled;
        expect(await store.lost).not.toBe('');
        expect(results.some(({ status }) => status === 'rejected')).toBe(true);
        await store.close();

        await server.restart();
        const reader = openJournalReader(server.url);
        const found = await reader.head('crash');
        expect(found).toBeGreaterThanOrEqual(acknowledged);
        expect(found % BATCH).toBe(0);
        const events = await reader.events('crash', 1, 100_000);
        expect(events.map(({ position }) => position)).toEqual(Array.from({ length: found }, (_, i) => i + 1));

        const expected = sampleRows(1, found);
        chain = startChain();
        for (let from = 1; from <= found; from += BATCH) {
          const stored = expected.slice(from - 1, from - 1 + BATCH).map((row, i) => ({ ...row, ...events[from - 1 + i] }));
          chain = sealBatch(chain, stored, from, from + BATCH - 1);
        }
        expect(await reader.lastSeal('crash')).toMatchObject({ to: found, head: chain.head });
        head = found;
        await reader.close();
      }
    } finally {
      await server.stop();
    }
  });
});
