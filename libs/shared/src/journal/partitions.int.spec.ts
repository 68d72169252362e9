import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { SessionRow } from '../runtime/ports.ts';
import { migrate } from './migrate.ts';
import { sampleRows, sampleSeal, sampleSession } from './sample-rows.ts';
import { type Chain, startChain } from './seal.ts';
import { openJournalStore, type PostgresJournalStore } from './store.ts';
import { type PostgresServer, startPostgres } from './testing.ts';

const OLD = 1_600_000_000_000_000;
const NEW = 1_700_000_000_000_000;
const BETWEEN = new Date(1_650_000_000_000);

let server: PostgresServer;
let store: PostgresJournalStore;
let client: pg.Client;
beforeAll(async () => {
  server = await startPostgres();
  await migrate(server.url);
  store = openJournalStore(server.url, { partitionPositions: 20 });
  await store.lock();
  client = new pg.Client({ connectionString: server.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await store.close();
  await server.stop();
});

async function partitions(session: SessionRow, kind = 'market'): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE relkind = 'r' AND relname LIKE 'events\\_${kind}\\_s${session.number}\\_%' ORDER BY oid`,
  );
  return rows.map(({ name }) => name.split('_').slice(3).join('-'));
}

async function fill(id: string, batches: readonly (readonly [from: number, to: number, storedAt: number])[]): Promise<[SessionRow, Chain]> {
  const session = await store.createSession(sampleSession(id));
  let chain = startChain();
  for (const [from, to, storedAt] of batches) {
    const rows = sampleRows(from, to, { storedAt });
    const seal = sampleSeal(chain, rows);
    await store.append(session, rows, seal);
    chain = seal;
  }
  return [session, chain];
}

describe('partitions', () => {
  it('are there before they are needed, for both tables, and a batch may cross them', async () => {
    const [session] = await fill('ahead', [
      [1, 15, NEW],
      [16, 75, NEW],
    ]);
    await store.ensurePartitions(session, 81);
    expect(await partitions(session)).toEqual(['1-20', '21-40', '41-60', '61-80', '81-100']);
    expect(await partitions(session, 'ledger')).toEqual(await partitions(session));
    expect((await store.events('ahead', 1, 1000)).length).toBe(75);
  });

  it('go on where others of another size end, without overlapping them', async () => {
    const [session] = await fill('resized', [[1, 30, NEW]]);
    const other = openJournalStore(server.url, { partitionPositions: 1000, lockName: 'resized' });
    await other.lock();
    await other.ensurePartitions(session, 200);
    const made = await partitions(session);
    const last = Number(made.at(-2)?.split('-')[1]);
    expect(made.at(-1)).toBe(`${last + 1}-${last + 1000}`);
    await other.close();
  });

  it('are made while a long read is under way', async () => {
    const [session] = await fill('longread', [[1, 5, NEW]]);
    await client.query('BEGIN; SELECT count(*) FROM events');
    await store.ensurePartitions(session, 200);
    await client.query('COMMIT');
    expect((await partitions(session)).at(-1)).toBe('181-200');
  });

  it('are dropped by age and kind, never those of a kept session or one being filled; seals stay', async () => {
    const old: [number, number, number][] = [
      [1, 20, OLD],
      [21, 45, OLD],
    ];
    const [plain, chain] = await fill('plain', [...old, [46, 50, NEW]]);
    const [kept] = await fill('kept', old);
    await store.keepSession('kept', true);
    await store.updateSession('kept', { status: 'ended', end: 45 });
    const [ended] = await fill('done', old);
    await store.updateSession('done', { status: 'ended', end: 45 });
    const [idle] = await fill('idle', old);
    const keptBefore = await partitions(kept);

    const dropped = await store.dropPartitionsBefore(BETWEEN, 'market');
    expect(dropped).toContain(`events_market_s${plain.number}_1_20`);
    expect((await partitions(plain))[0]).toBe('41-60');
    expect((await partitions(plain, 'ledger'))[0]).toBe('1-20');
    expect(await partitions(kept)).toEqual(keptBefore);
    expect((await partitions(idle))[0]).toBe('41-60');
    expect((await partitions(ended)).includes('41-60')).toBe(false);

    expect(await store.lastSeal('plain')).toMatchObject({ to: 50, head: chain.head });
    expect((await store.seals('plain', 1, 100)).length).toBe(3);
    const left = (await store.events('plain', 1, 1000)).map(({ position }) => position);
    expect(left).toEqual([10, 20, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
    expect((await store.events('kept', 1, 1000)).length).toBe(45);
    expect(await store.dropPartitionsBefore(BETWEEN, 'market')).toEqual([]);

    const more = sampleRows(51, 70, { storedAt: NEW });
    await store.append(plain, more, sampleSeal(chain, more));
    expect(await store.head('plain')).toBe(70);
  });

  it('that an interrupted run had detached are dropped by the next', async () => {
    const [session] = await fill('halfway', [[1, 20, NEW]]);
    const name = `events_market_s${session.number}_1_20`;
    await client.query(`ALTER TABLE events_market DETACH PARTITION ${name} CONCURRENTLY`);
    expect(await store.dropPartitionsBefore(BETWEEN, 'market')).toEqual([name]);
  });
});
