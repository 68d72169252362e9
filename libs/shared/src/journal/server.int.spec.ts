import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { explain, JournalError } from './errors.ts';
import { createReaderRole, migrate } from './migrate.ts';
import { openJournalReader } from './reader.ts';
import { sampleRows, sampleSeal, sampleSession } from './sample-rows.ts';
import { startChain } from './seal.ts';
import { openJournalStore } from './store.ts';
import { type PostgresServer, startPostgres } from './testing.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

async function onServer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  await client.query(text);
  await client.end();
}

describe('migrate', () => {
  it('may be called by several processes at once, and again', async () => {
    await Promise.all([1, 2, 3, 4].map(() => migrate(server.url)));
    await migrate(server.url);
    const reader = openJournalReader(server.url);
    expect(await reader.currentSession()).toBeNull();
    await reader.close();
  });

  it('refuses a database of another encoding', async () => {
    await onServer("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    await expect(migrate(server.urlOf('latin'))).rejects.toThrow('has the encoding LATIN1; the journal needs UTF8');
  });
});

describe('a role for readers', () => {
  it('reads all and keeps snapshots, and can change nothing else', async () => {
    await migrate(server.url);
    await createReaderRole(server.url, 'looks "on"', "it's secret");
    await createReaderRole(server.url, 'looks "on"', 'se/cret');
    const store = openJournalStore(server.url);
    await store.lock();
    const session = await store.createSession(sampleSession('roles'));
    const rows = sampleRows(1, 20);
    await store.append(session, rows, sampleSeal(startChain(), rows));
    await store.close();

    const address = new URL(server.url);
    address.username = encodeURIComponent('looks "on"');
    address.password = encodeURIComponent('se/cret');
    const reader = openJournalReader(address.href);
    expect((await reader.events('roles', 1, 100)).length).toBe(20);
    expect((await reader.currentSession())?.id).toBe('roles');
    const snapshot = { session: 'roles', service: 'risk', position: 3, version: '1', schema: 1, sha256: 'x', body: '{}' };
    for (let position = 2; position < 30; position++) await reader.saveSnapshot({ ...snapshot, position });
    await reader.saveSnapshot({ ...snapshot, position: 29, sha256: 'y' });
    expect((await reader.snapshots('roles', 'risk', 100, 100)).length).toBe(20);
    await reader.close();

    const client = new pg.Client({ connectionString: address.href });
    await client.connect();
    const forbidden = [
      'DELETE FROM events_market',
      'UPDATE seals SET head = 1',
      'UPDATE sessions SET kept = true',
      'UPDATE snapshots SET body = 1',
      'DROP TABLE seals',
    ];
    for (const text of forbidden) await expect(client.query(text)).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });
});

describe('errors', () => {
  it('say what is wrong, where, and what to do, and never the password', async () => {
    const wrongPassword = new URL(server.url);
    wrongPassword.password = 'guessed';
    const nobody = new URL(server.url);
    nobody.port = '1';
    const cases: [string, RegExp][] = [
      [wrongPassword.href, /refuses user journal: correct user and password/],
      [server.urlOf('missing'), /has no database missing: create it with "createdb -E UTF8 missing"/],
      [nobody.href, /Postgres at 127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\): start it or correct/],
      [server.urlOf('postgres'), /lacks the journal's tables: run the migrations/],
    ];
    for (const [url, sentence] of cases) {
      const reader = openJournalReader(url);
      const error = await reader.currentSession().catch((thrown: unknown) => thrown as JournalError);
      await reader.close();
      expect(error).toBeInstanceOf(JournalError);
      expect((error as JournalError).message).toMatch(sentence);
      expect((error as JournalError).message).not.toContain(new URL(url).password);
      expect((error as JournalError).cause).toHaveProperty('code');
      const store = openJournalStore(url);
      if (!url.endsWith('/postgres')) {
        await expect(store.lock()).rejects.toThrow(sentence);
        expect(await store.lost).toMatch(sentence);
      }
      await store.close();
    }
    await expect(migrate(nobody.href)).rejects.toThrow('cannot be reached');
  });

  it('name a full disk', () => {
    const cause = Object.assign(new Error('could not extend file'), { code: '53100' });
    const error = explain(cause, server.url, 'while appending');
    expect(error.message).toMatch(/disk of Postgres at 127\.0\.0\.1:\d+ is full: free space .* \(while appending\)/);
    expect(error.cause).toBe(cause);
  });
});
