import { configHash, loadConfig } from '@arb/shared/config';
import { CORE_VERSIONS } from '@arb/shared/core';
import { migrate, openJournalStore, type PostgresServer, startPostgres } from '@arb/shared/journal';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UsageError } from '../command.ts';
import { requireResumable, requireSession } from './resume.ts';

const { session: config } = loadConfig({ env: {} });
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  await migrate(server.url);
});
afterAll(() => server.stop());

async function begin(id: string, hash = configHash(config), versions: Readonly<Record<string, string>> = CORE_VERSIONS): Promise<void> {
  const store = openJournalStore(server.url);
  await store.lock();
  await store.createSession({
    id,
    parent: null,
    parentPosition: null,
    configHash: hash,
    config: '{}',
    versions,
    startedAt: 1_700_000_000_000_000,
  });
  await store.updateSession(id, { status: 'live' });
  await store.close();
}

async function end(id: string): Promise<void> {
  const store = openJournalStore(server.url);
  await store.lock();
  await store.updateSession(id, { status: 'ended', end: 7 });
  await store.close();
}

async function resume(named?: string): Promise<string> {
  let said = '';
  await requireSession(server.url, named, config, (line) => {
    said = line;
  });
  return said;
}

describe('a start that must go on', () => {
  it('is refused where there is nothing, and tells what it goes on with otherwise', async () => {
    await expect(resume()).rejects.toThrow('there is no session to go on with: start without --resume');
    await begin('one');
    expect(await resume()).toBe('going on with one');
    expect(await resume('one')).toBe('going on with one');
    await expect(resume('two')).rejects.toThrow('no session two in the journal');
    await end('one');
    expect(await resume()).toBe('going on from one in a child session: it is ended');
    await begin('other', 'another configuration');
    expect(await resume('other')).toBe('going on from other in a child session: the configuration has changed');
    await expect(resume('one')).rejects.toThrow(
      'one is over (its last position is 0); the newest session is other, and only that one can be gone on with',
    );
  });

  it('names the core whose version has changed, and takes no notice of code around the cores', async () => {
    await begin('newer', configHash(config), { ...CORE_VERSIONS, risk: 'before' });
    expect(await resume()).toBe(`going on from newer in a child session: risk was version before and is ${CORE_VERSIONS.risk}`);
  });

  it('cannot be a clean one as well, and a session is named only with it', () => {
    expect(() => requireResumable({ flags: { resume: true, clean: true }, words: [] })).toThrow(UsageError);
    expect(() => requireResumable({ flags: {}, words: ['one'] })).toThrow(UsageError);
    expect(() => requireResumable({ flags: { resume: true }, words: ['one'] })).not.toThrow();
  });
});
