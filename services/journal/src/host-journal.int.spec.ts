import { loadConfig } from '@arb/shared/config';
import { type Hosted, realTime } from '@arb/shared/hosting';
import { migrate, openJournalStore, type PostgresServer, startPostgres } from '@arb/shared/journal';
import { type NatsServer, startNatsServer } from '@arb/shared/nats';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hostJournal } from './host-journal.ts';

let postgres: PostgresServer;
let nats: NatsServer;
let hosted: Hosted;
beforeEach(async () => {
  postgres = await startPostgres();
  nats = await startNatsServer();
  await migrate(postgres.url);
  const env = { ARB_NATS_URL: nats.url, ARB_POSTGRES_URL: postgres.url, ARB_JOURNAL_MIN_FREE_DISK_MB: '1' };
  hosted = hostJournal({ config: loadConfig({ env }), time: realTime, log: () => {} });
});
afterEach(async () => {
  await hosted.stop();
  await nats.stop();
  await postgres.stop();
});

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 20)))
    if (Date.now() > end) throw new Error(`${what} did not come about: ${hosted.unready()}`);
}

describe('the journal as a process', () => {
  it('is ready while it stands by another one, says so, and takes over when that one ends', async () => {
    const other = openJournalStore(postgres.url);
    expect(await other.lock()).toBe(true);
    const running = hosted.start();
    expect([hosted.unready(), hosted.facts?.(), hosted.numbers()]).toEqual(['starting', {}, { live: 0, standing_by: 0 }]);
    await until('a journal that is ready', () => hosted.unready() === null);
    expect([hosted.facts?.(), hosted.numbers()]).toEqual([{ standsBy: 'another journal is the writer' }, { live: 0, standing_by: 1 }]);
    expect(await other.currentSession()).toBeNull();
    await other.close();
    await until('a journal that writes', () => hosted.numbers().live === 1);
    expect([hosted.unready(), hosted.facts?.(), hosted.numbers()]).toMatchObject([null, {}, { live: 1, standing_by: 0 }]);
    await hosted.stop();
    await running;
  });
});
