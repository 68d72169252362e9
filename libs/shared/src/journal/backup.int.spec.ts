import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { backup, backupsIn, restore } from './backup.ts';
import { migrate } from './migrate.ts';
import { openJournalReader } from './reader.ts';
import { sampleRows, sampleSeal, sampleSession } from './sample-rows.ts';
import { startChain } from './seal.ts';
import { dropSnapshotsWithoutEvents, storageOf } from './storage.ts';
import { openJournalStore } from './store.ts';
import { type PostgresServer, startPostgres } from './testing.ts';

let server: PostgresServer;
let folder: string;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

afterEach(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
let url: string;
beforeEach(async () => {
  const name = `journal_${++count}`;
  await sql(server.urlOf('postgres'), `CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
  url = server.urlOf(name);
  await migrate(url);
  folder = mkdtempSync(join(tmpdir(), 'arb-backup-'));
});

async function sql<R extends pg.QueryResultRow>(on: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: on });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

async function record(id: string, from: number, to: number): Promise<void> {
  const store = openJournalStore(url, { partitionPositions: 50 });
  await store.lock();
  const session = await store.createSession(sampleSession(id));
  const rows = sampleRows(from, to);
  const last = await store.lastSeal(id);
  await store.append(session, rows, sampleSeal(last ?? startChain(), rows));
  await store.close();
}

async function events(id: string) {
  const reader = openJournalReader(url);
  try {
    return await reader.events(id, 1, 1_000);
  } finally {
    await reader.close();
  }
}

const options = () => ({ folder, keep: 2, check: false });

describe('a backup', () => {
  it('gives back the journal as it was, and keeps what was there under another name', async () => {
    await record('kept', 1, 120);
    const before = await events('kept');
    const made = await backup(url, { ...options(), check: true });
    expect(made.sessions).toEqual([{ id: 'kept', head: 120, hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    await record('kept', 121, 150);
    await record('later', 1, 10);
    const restored = await restore(url, made.file);
    expect(restored.sessions).toBe(1);
    expect(await events('kept')).toEqual(before);
    expect(await events('later')).toEqual([]);
    expect(await sql(server.urlOf(restored.before), 'SELECT id FROM sessions ORDER BY number')).toEqual([{ id: 'kept' }, { id: 'later' }]);
    // What was restored is a journal to write on.
    await record('kept', 121, 130);
    expect((await events('kept')).length).toBe(130);
  });

  it('leaves no database of its check behind, and no file where it fails', async () => {
    await record('s', 1, 10);
    const names = async () => (await sql<{ datname: string }>(url, 'SELECT datname FROM pg_database')).map(({ datname }) => datname);
    const before = await names();
    await backup(url, { ...options(), check: true });
    expect(await names()).toEqual(before);
    const [away, midway] = [new AbortController(), new AbortController()];
    away.abort(new Error('interrupted'));
    await expect(backup(url, { ...options(), signal: away.signal })).rejects.toThrow();
    const progress = () => midway.abort(new Error('interrupted'));
    await expect(backup(url, { ...options(), signal: midway.signal, progress })).rejects.toThrow('interrupted');
    // A program that is still dying could write its file once more.
    await sleep(200);
    expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  it('takes away what a run that was killed has left, and nothing of one that may still be alive', async () => {
    const [old, young] = [Date.now() - 4 * 3_600_000, Date.now() - 3_600_000];
    const names = [old, young].map((at) => `arb_check_${at.toString(36)}_deadbeef`);
    for (const name of names) await sql(server.urlOf('postgres'), `CREATE DATABASE ${name}`);
    const files = ['journal-20260101T000000000Z.dump.unfinished', 'journal-20260102T000000000Z.dump.unfinished'];
    for (const file of files) writeFileSync(join(folder, file), '');
    utimesSync(join(folder, files[0] as string), old / 1_000, old / 1_000);
    await backup(url, { folder, keep: 7, check: false });
    const left = await sql<{ name: string }>(
      server.urlOf('postgres'),
      "SELECT datname AS name FROM pg_database WHERE datname LIKE 'arb_check_%'",
    );
    await sql(server.urlOf('postgres'), `DROP DATABASE ${names[1]}`);
    expect(left.map(({ name }) => name)).toEqual([names[1]]);
    expect(readdirSync(folder).filter((file) => file.endsWith('.unfinished'))).toEqual([files[1]]);
  });

  it('makes the folder it is given, and says so where none can be made', async () => {
    const inner = join(folder, 'a', 'b');
    expect(dirname((await backup(url, { ...options(), folder: inner })).file)).toBe(inner);
    const file = join(folder, 'a file');
    writeFileSync(file, '');
    for (const wrong of [file, join(file, 'x'), '/proc/backups'])
      await expect(backup(url, { ...options(), folder: wrong })).rejects.toThrow(/^Backups cannot be kept in .*Name another folder\.$/);
  });

  it('is passed over where what stands beside it is broken, and refused by name', async () => {
    await record('s', 1, 10);
    const [broken, whole] = [(await backup(url, options())).file, (await backup(url, options())).file];
    for (const text of ['', '{"sha256":', '{}', 'null']) {
      writeFileSync(`${broken}.json`, text);
      expect(backupsIn(folder).map(({ path }) => path)).toEqual([whole]);
      await expect(restore(url, broken)).rejects.toThrow(`${broken}.json does not say what the backup must hold: it is damaged.`);
    }
    await expect(restore(url, folder)).rejects.toThrow(`${folder} is a folder: name the file in it`);
  });

  it('makes room: so many stay, the newest', async () => {
    await record('s', 1, 10);
    const files: string[] = [];
    for (let i = 0; i < 3; i++) files.push((await backup(url, options())).file);
    writeFileSync(join(folder, 'of somebody else'), '');
    expect(backupsIn(folder).map(({ path }) => path)).toEqual([files[2], files[1]]);
    expect(existsSync(files[0] as string)).toBe(false);
    expect(existsSync(join(folder, 'of somebody else'))).toBe(true);
  });

  it('that was damaged, or stands without what it must hold, is refused and changes nothing', async () => {
    await record('s', 1, 10);
    const { file } = await backup(url, options());
    appendFileSync(file, 'x');
    await expect(restore(url, file)).rejects.toThrow(/is damaged: expected the SHA-256/);
    rmSync(`${file}.json`);
    await expect(restore(url, file)).rejects.toThrow(/which says what the backup must hold/);
    await expect(restore(url, join(folder, 'none'))).rejects.toThrow(/There is no file/);
    expect((await events('s')).length).toBe(10);
  });

  it('is not put under the feet of somebody who uses the journal', async () => {
    await record('s', 1, 10);
    const { file } = await backup(url, options());
    const client = new pg.Client({ connectionString: url, application_name: 'journal writer' });
    await client.connect();
    await expect(restore(url, file)).rejects.toThrow(/1 clients use the journal \(journal writer\)/);
    await client.end();
  });
});

describe('storage', () => {
  it('says where the space goes and when retention takes it', async () => {
    await record('s', 1, 120);
    const live = await storageOf(url, 30);
    expect(live.sessions).toEqual([expect.objectContaining({ session: 's', dropsFrom: null, partitions: 6 })]);
    expect(live.eventBytes).toBeGreaterThan(0);
    await sql(url, "UPDATE sessions SET status = 'ended', end_position = 120");
    const stored = 1_700_000_000_000 + 30 * 86_400_000;
    const ended = await storageOf(url, 30, stored - 1);
    expect(Date.parse(ended.sessions[0]?.dropsFrom as string)).toBeGreaterThanOrEqual(stored);
    expect(ended.dueBytes).toBe(0);
    expect((await storageOf(url, 30, stored + 1_000)).dueBytes).toBe(ended.eventBytes);
    await sql(url, 'UPDATE sessions SET kept = true');
    expect(await storageOf(url, 30, stored + 1_000)).toMatchObject({ dueBytes: 0, sessions: [{ dropsFrom: null, kept: true }] });
  });
});

describe('snapshots', () => {
  const saveAll = async (positions: readonly number[]): Promise<void> => {
    const reader = openJournalReader(url);
    for (const position of positions)
      await reader.saveSnapshot({ session: 's', service: 'risk', position, version: '1', schema: 1, sha256: 'x', body: '{}' });
    await reader.close();
  };
  const kept = async (): Promise<readonly number[]> => {
    const reader = openJournalReader(url);
    const positions = await reader.snapshotPositions('s', 'risk');
    await reader.close();
    return positions;
  };

  it('stay all along a session, one in 20,000 positions, and the newest 20', async () => {
    await record('s', 1, 10);
    await saveAll(Array.from({ length: 60 }, (_, i) => (i + 1) * 3_000));
    const newest = Array.from({ length: 20 }, (_, i) => (i + 41) * 3_000);
    const along = Array.from({ length: 6 }, (_, i) => Math.ceil(((i + 1) * 20_000) / 3_000) * 3_000);
    expect(await kept()).toEqual([...along, ...newest]);
  });

  it('go with the events they lead to, but for those a session begins from and ends with', async () => {
    await record('s', 1, 120);
    await saveAll([0, 1, 20, 60, 100, 120]);
    expect(await dropSnapshotsWithoutEvents(url)).toBe(0);
    await sql(url, 'DROP TABLE events_market_s1_1_50, events_ledger_s1_1_50');
    expect(await dropSnapshotsWithoutEvents(url)).toBe(1);
    expect(await kept()).toEqual([0, 1, 60, 100, 120]);
    await sql(url, "UPDATE sessions SET status = 'ended', end_position = 100");
    await sql(url, 'DROP TABLE events_market_s1_51_100, events_ledger_s1_51_100, events_market_s1_101_150, events_ledger_s1_101_150');
    expect(await dropSnapshotsWithoutEvents(url)).toBe(2);
    expect(await kept()).toEqual([0, 1, 100]);
  });

  it('and where no event is missing is known from what is left', async () => {
    await record('s', 1, 120);
    const reader = openJournalReader(url);
    expect(await reader.keptFrom('s')).toBe(1);
    await sql(url, 'DROP TABLE events_market_s1_1_50');
    expect(await reader.keptFrom('s')).toBe(51);
    await sql(url, 'DROP TABLE events_ledger_s1_1_50, events_ledger_s1_51_100');
    expect(await reader.keptFrom('s')).toBe(101);
    await sql(url, 'DROP TABLE events_market_s1_51_100, events_market_s1_101_150, events_ledger_s1_101_150');
    expect(await reader.keptFrom('s')).toBeNull();
    await reader.close();
  });
});
