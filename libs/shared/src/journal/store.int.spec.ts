import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { JournalRow } from '../runtime/ports.ts';
import { migrate } from './migrate.ts';
import { openJournalReader, type PostgresJournalReader } from './reader.ts';
import { sampleRow, sampleRows, sampleSeal, sampleSession } from './sample-rows.ts';
import { startChain } from './seal.ts';
import { openJournalStore, type PostgresJournalStore } from './store.ts';
import { type PostgresServer, startPostgres } from './testing.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let server: PostgresServer;
let reader: PostgresJournalReader;
beforeAll(async () => {
  server = await startPostgres();
  await migrate(server.url);
  reader = openJournalReader(server.url);
});
afterAll(async () => {
  await reader.close();
  await server.stop();
});

async function withStore<T>(work: (store: PostgresJournalStore) => Promise<T>): Promise<T> {
  const store = openJournalStore(server.url);
  try {
    expect(await store.lock()).toBe(true);
    return await work(store);
  } finally {
    await store.close();
  }
}

async function sql<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}

describe('journal store', () => {
  it('gives back every row as it was written, in order over both tables', () =>
    withStore(async (store) => {
      const session = await store.createSession(sampleSession('order'));
      const rows = sampleRows(1, 100);
      await store.append(session, rows, sampleSeal(startChain(), rows));
      const events = await reader.events('order', 1, 1000);
      expect(events).toEqual(rows.map(({ position, storedAt, subject, bytes, taken }) => ({ position, storedAt, subject, bytes, taken })));
      expect(await reader.head('order')).toBe(100);
    }));

  it('keeps payloads to the byte, well-formed or not', () =>
    withStore(async (store) => {
      const session = await store.createSession(sampleSession('bytes'));
      const texts = [
        '{"b":1,"a":1e-7,"c":0.1}',
        '{"x":"\\u00e9é김😀","x":1.0}',
        ' { "k" : [ 1E+5 , -0 ] }',
        `{"long":"${'ü'.repeat(120_000)}"}`,
      ];
      const rows: JournalRow[] = texts.map((text, i) => sampleRow(i + 1, { bytes: Buffer.from(text) }));
      const nameless = { source: null, n: null, type: null, v: null, at: null, cause: null, malformed: true, taken: false };
      rows.push(sampleRow(5, { ...nameless, bytes: Buffer.from([0, 255, 1, 128, 10]), subject: 'book.upbit.김치-KRW' }));
      rows.push(sampleRow(6, { ...nameless, bytes: Buffer.alloc(0), table: 'ledger' }));
      rows.push(sampleRow(7, { storedAt: 4_102_444_800_999_999, at: Number.MAX_SAFE_INTEGER, n: 2 ** 40, cause: 'other:12' }));
      rows.push(sampleRow(8, { storedAt: 1 }));
      await store.append(session, rows, sampleSeal(startChain(), rows));
      const events = await reader.events('bytes', 1, 1000);
      expect(events.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual(
        rows.map(({ bytes }) => Buffer.from(bytes).toString('hex')),
      );
      expect(events.map(({ storedAt }) => storedAt)).toEqual(rows.map(({ storedAt }) => storedAt));
      expect(events.map(({ taken }) => taken)).toEqual(rows.map(({ taken }) => taken));
      const stored = await sql(
        `SELECT position::int, source, n::text, type, v, at::text, cause, body IS NULL AS "bodyless", raw IS NULL AS "rawless",
                (extract(epoch FROM stored_at) * 1000000)::bigint::text AS stored FROM events WHERE session = 'bytes' ORDER BY position`,
      );
      expect(stored).toEqual(
        rows.map((row) => ({
          position: row.position,
          source: row.source,
          n: row.n === null ? null : String(row.n),
          type: row.type,
          v: row.v,
          at: row.at === null ? null : String(row.at),
          cause: row.cause,
          bodyless: row.malformed,
          rawless: !row.malformed,
          stored: String(row.storedAt),
        })),
      );
    }));

  it('reads on from any position, as far as asked', () =>
    withStore(async (store) => {
      const session = await store.createSession(sampleSession('resume'));
      let chain = startChain();
      for (const from of [1, 26, 51, 76]) {
        const rows = sampleRows(from, from + 24);
        const seal = sampleSeal(chain, rows);
        await store.append(session, rows, seal);
        chain = seal;
      }
      for (const from of [1, 25, 26, 60, 99, 100, 101]) {
        const positions = (await reader.events('resume', from, 7)).map(({ position }) => position);
        expect(positions).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => from + i).filter((position) => position <= 100));
      }
      const last = await reader.lastSeal('resume');
      expect(last).toMatchObject({ from: 76, to: 100, turns: '{"after":100}', head: chain.head });
      expect((await reader.seals('resume', 50, 10)).map(({ to }) => to)).toEqual([50, 75, 100]);
      expect(await reader.events('nobody', 1, 10)).toEqual([]);
    }));

  it('merges the tables by walking their keys, without sorting', () =>
    withStore(async (store) => {
      const { BY_KEY_ONLY, eventsQuery } = await import('./reader.ts');
      const session = await store.createSession(sampleSession('plan'));
      const rows = sampleRows(1, 50);
      await store.append(session, rows, sampleSeal(startChain(), rows));
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query(`BEGIN; ${BY_KEY_ONLY}`);
      const plan = (await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) ${eventsQuery(session.number, 1, 1000)}`)).rows;
      await client.end();
      const text = plan.map((line) => line['QUERY PLAN']).join('\n');
      expect(text).toContain('Merge Append');
      expect(text).toContain('Index Scan');
      expect(text).not.toMatch(/-> +Sort|Seq Scan|Bitmap/);
    }));

  it('writes nothing when a batch does not follow the last seal, or has a hole', () =>
    withStore(async (store) => {
      const session = await store.createSession(sampleSession('gaps'));
      const first = sampleRows(1, 20);
      const seal = sampleSeal(startChain(), first);
      await store.append(session, first, seal);
      for (const [from, to] of [
        [1, 20],
        [20, 30],
        [22, 30],
      ] as const) {
        const rows = sampleRows(from, to);
        await expect(store.append(session, rows, sampleSeal(seal, rows))).rejects.toThrow(
          'does not follow the last seal, which ends at 20',
        );
      }
      const holed = sampleRows(21, 30);
      const holedSeal = sampleSeal(seal, holed);
      await expect(store.append(session, holed.slice(1), holedSeal)).rejects.toThrow('expected 10 rows, found 9');
      const doubled = holed.with(4, sampleRow(24));
      await expect(store.append(session, doubled, holedSeal)).rejects.toThrow('expected position 25, found 24');
      expect((await reader.events('gaps', 1, 100)).length).toBe(20);
      await store.append(session, holed, holedSeal);
      expect(await reader.head('gaps')).toBe(30);
    }));

  it('writes nothing of a batch of which Postgres refuses one row', () =>
    withStore(async (store) => {
      const session = await store.createSession(sampleSession('poison'));
      const rows = sampleRows(1, 30).with(19, sampleRow(20, { bytes: Buffer.from('{"not json') }));
      await expect(store.append(session, rows, sampleSeal(startChain(), rows))).rejects.toThrow('invalid input syntax for type json');
      expect(await reader.head('poison')).toBe(0);
      expect(await reader.events('poison', 1, 100)).toEqual([]);
      const good = sampleRows(1, 30);
      await store.append(session, good, sampleSeal(startChain(), good));
      expect(await reader.head('poison')).toBe(30);
    }));

  it('keeps the order of batches that are handed over without waiting', () =>
    withStore(async (store) => {
      const session = await store.createSession(sampleSession('piped'));
      let chain = startChain();
      const waiting: Promise<void>[] = [];
      for (let from = 1; from < 600; from += 100) {
        const rows = sampleRows(from, from + 99);
        const seal = sampleSeal(chain, rows);
        waiting.push(store.append(session, rows, seal));
        chain = seal;
      }
      await Promise.all(waiting);
      const events = await reader.events('piped', 1, 1000);
      expect(events.map(({ bytes }) => String(bytes))).toEqual(sampleRows(1, 600).map(({ bytes }) => String(bytes)));
    }));

  it('lets one of two stores have the lock, and the other once that one is gone', async () => {
    const one = openJournalStore(server.url);
    const two = openJournalStore(server.url);
    const got = await Promise.all([one.lock(), two.lock()]);
    expect([...got].sort()).toEqual([false, true]);
    const [holder, other] = got[0] ? [one, two] : [two, one];
    await expect(other.createSession(sampleSession('intruder'))).rejects.toThrow("holder of the writer's lock");
    await holder.close();
    expect(await holder.lost).toBe('closed');
    expect(await waitForLock(other)).toBe(true);
    await other.close();
  });

  it('refuses a writer that lost its lock without noticing', async () => {
    const zombie = openJournalStore(server.url);
    await zombie.lock();
    const session = await zombie.createSession(sampleSession('zombie'));
    const rows = sampleRows(1, 10);
    const seal = sampleSeal(startChain(), rows);
    await zombie.append(session, rows, seal);
    await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'journal writer'");
    const heir = openJournalStore(server.url);
    expect(await waitForLock(heir)).toBe(true);
    const next = sampleRows(11, 20);
    const nextSeal = sampleSeal(seal, next);
    await expect(zombie.append(session, next, nextSeal)).rejects.toThrow();
    expect(await zombie.lost).toContain('connection');
    await heir.append(session, next, nextSeal);
    expect((await reader.events('zombie', 1, 100)).length).toBe(20);
    await zombie.close();
    await heir.close();
  });

  it('refuses a batch in the database itself while another connection holds the lock', () =>
    withStore(async (store) => {
      const session = await store.createSession(sampleSession('guard'));
      const call = `SELECT seal_batch('live', ${session.number}, 1, 5, 'a', 'b', 'c', '')`;
      await expect(sql(call)).rejects.toMatchObject({ code: 'JL001' });
      expect(await store.lastSeal('guard')).toBeNull();
    }));

  it('lets only one of two batches follow the same one, even under different locks', async () => {
    const stores = [openJournalStore(server.url, { lockName: 'a' }), openJournalStore(server.url, { lockName: 'b' })] as const;
    for (const store of stores) expect(await store.lock()).toBe(true);
    const session = await stores[0].createSession(sampleSession('race'));
    await stores[0].ensurePartitions(session, 100);
    const rows = sampleRows(1, 100);
    const results = await Promise.allSettled(stores.map((store) => store.append(session, rows, sampleSeal(startChain(), rows))));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await reader.events('race', 1, 1000)).length).toBe(100);
    for (const store of stores) await store.close();
  });

  it('creates a session once, however often it is asked, and finds the current one', () =>
    withStore(async (store) => {
      const row = await store.createSession(sampleSession('life'));
      expect(await store.createSession(sampleSession('life'))).toEqual(row);
      expect(row).toMatchObject({ id: 'life', status: 'starting', end: null, versions: { strategy: '1', risk: '2' } });
      await expect(store.createSession({ ...sampleSession('life'), configHash: 'other' })).rejects.toThrow('another configuration');
      await store.updateSession('life', { status: 'live', streamCreated: '2026-01-01T00:00:00.123456789Z' });
      const later = await store.createSession({ ...sampleSession('later'), parent: 'life', parentPosition: 12 });
      expect(later.parentPosition).toBe(12);
      await store.updateSession('later', { status: 'lost', end: 40, lostFrom: 41, lostTo: null });
      expect(await reader.session('later')).toMatchObject({ status: 'lost', end: 40, lostFrom: 41, lostTo: null });
      await sql("UPDATE sessions SET status = 'ended' WHERE id <> 'life'");
      expect(await reader.currentSession()).toMatchObject({ id: 'life', streamCreated: '2026-01-01T00:00:00.123456789Z' });
      await store.updateSession('life', { status: 'ended' });
      expect(await reader.currentSession()).toMatchObject({ id: 'later' });
      await expect(store.updateSession('none', { status: 'ended' })).rejects.toThrow('There is no session none');
      const [times] = await sql<{ started: string }>(
        "SELECT (extract(epoch FROM started_at) * 1000000)::bigint::text AS started FROM sessions WHERE id = 'life' AND ended_at IS NOT NULL",
      );
      expect(times?.started).toBe('1700000000123456');
    }));

  it('keeps the newest 20 snapshots and those a session starts from and ends with', () =>
    withStore(async (store) => {
      await store.createSession(sampleSession('snaps'));
      await store.updateSession('snaps', { status: 'ended', end: 3 });
      const snapshot = (position: number, service = 'risk', body = `{"at":${position}}`) => ({
        session: 'snaps',
        service,
        position,
        version: '1',
        schema: 2,
        sha256: body,
        body,
      });
      await reader.saveSnapshot(snapshot(5, 'strategy'));
      for (const position of [0, 1, 2, 3, ...Array.from({ length: 30 }, (_, i) => i + 10)]) await reader.saveSnapshot(snapshot(position));
      const kept = (await reader.snapshots('snaps', 'risk', 1000, 100)).map(({ position }) => position);
      expect(kept).toEqual([...Array.from({ length: 20 }, (_, i) => 39 - i), 3, 1, 0]);
      expect((await reader.snapshots('snaps', 'risk', 25, 2)).map(({ position }) => position)).toEqual([25, 24]);
      expect((await reader.snapshots('snaps', 'strategy', 1000, 100)).length).toBe(1);
      await reader.saveSnapshot(snapshot(39, 'risk', '{"again":true}'));
      await reader.saveSnapshot(snapshot(39, 'risk', '{"again":true}'));
      expect(await reader.snapshots('snaps', 'risk', 39, 1)).toEqual([snapshot(39, 'risk', '{"again":true}')]);
    }));

  it('keeps a sound snapshot, whoever saves another one at its position, and replaces one that is not what it should be', () =>
    withStore(async (store) => {
      await store.createSession(sampleSession('sound'));
      const snapshot = (version: string, body: string, hash = sha256(body)) => ({
        session: 'sound',
        service: 'risk',
        position: 3,
        version,
        schema: 1,
        sha256: hash,
        body,
      });
      const kept = async () => (await reader.snapshots('sound', 'risk', 3, 1))[0]?.version;
      await reader.saveSnapshot(snapshot('1', '{"won":"₩ 1"}', 'not its hash'));
      await reader.saveSnapshot(snapshot('2', '{"won":"₩ 2"}'));
      expect(await kept()).toBe('2');
      await reader.saveSnapshot(snapshot('1', '{"won":"₩ 1"}'));
      expect(await kept()).toBe('2');
    }));
});

/** The server needs a moment to let go of a lock whose connection has ended; every try is a round trip. */
async function waitForLock(store: PostgresJournalStore): Promise<boolean> {
  for (let i = 0; i < 5_000; i++) if (await store.lock()) return true;
  return false;
}
