import { type Archive, migrate, openArchive, openJournalStore, type PostgresServer, startPostgres } from '@arb/shared/journal';
import { sessionFacts } from '@arb/shared/replay';
import { recordSession } from '@arb/shared/replay/testing';
import { storeSession } from '@arb/shared/replay/testing-store';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommandLine } from '../command-line.ts';
import { session } from '../record/session.ts';
import { sessions } from './sessions.ts';

let postgres: PostgresServer;
let archive: Archive;
beforeAll(async () => {
  postgres = await startPostgres();
  await migrate(postgres.url);
  await storeSession(postgres.url, recordSession({ id: 'ended-1', events: 40 }));
  const writer = openJournalStore(postgres.url);
  await writer.lock();
  await writer.createSession({
    id: 'live-2',
    parent: null,
    parentPosition: null,
    configHash: '0'.repeat(64),
    config: '{}',
    versions: {},
    startedAt: 1_700_000_000_000_000,
  });
  await writer.updateSession('live-2', { status: 'live' });
  await writer.close();
  archive = openArchive(postgres.url);
  process.env.ARB_POSTGRES_URL = postgres.url;
});
afterAll(async () => {
  delete process.env.ARB_POSTGRES_URL;
  await archive.close();
  await postgres.stop();
});

async function said(...argv: string[]): Promise<string> {
  const out: string[] = [];
  const say = (line: string): never => {
    throw new Error(line);
  };
  expect(await runCommandLine(argv, { out: (line) => out.push(line), say }, [sessions, session])).toBe(0);
  return out.join('\n');
}

describe('the sessions of a journal', () => {
  it('are told to a program by the names that the HTTP API has for them', async () => {
    // /api/sessions and /api/sessions/ID answer with these very objects.
    expect(JSON.parse(await said('sessions', '--json'))).toEqual(await archive.list(50));
    expect(JSON.parse(await said('session', 'ended-1', '--json'))).toEqual(await sessionFacts(archive, 'ended-1'));
    expect(JSON.parse(await said('sessions', '--json', '--limit', '1'))).toMatchObject([{ id: 'live-2', status: 'live', running: false }]);
  });

  it('are told to a person as not running where nothing writes to them, and as live while a journal does', async () => {
    expect(await said('sessions')).toMatch(/live-2 +live, not running/);
    expect(await said('sessions')).toMatch(/ended-1 +ended /);
    expect(await said('session', 'live-2')).toMatch(/status +live, not running/);
    const writer = openJournalStore(postgres.url);
    expect(await writer.lock()).toBe(true);
    expect(await said('sessions')).toMatch(/live-2 +live {2}/);
    expect(await said('session', 'live-2')).toMatch(/status +live$/m);
    expect(JSON.parse(await said('session', 'live-2', '--json'))).toMatchObject({ id: 'live-2', running: true });
    await writer.close();
  });
});
