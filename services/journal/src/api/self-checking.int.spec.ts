import { migrate, type PostgresServer, startPostgres } from '@arb/shared/journal';
import { versionsOf } from '@arb/shared/replay';
import { type RecordedSession, recordSession, tinyCores } from '@arb/shared/replay/testing';
import { storeSession } from '@arb/shared/replay/testing-store';
import { sha256 } from '@arb/shared/runtime';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { keepSelfChecking } from './self-checking.ts';

const recorded = recordSession({ id: 's-1', events: 200 });
const execArgv = ['--conditions=arb-source', '--import', new URL('../../../../cli/fixtures/typescript.mjs', import.meta.url).href];
const cores = new URL('../../../../libs/shared/src/replay/testing.ts', import.meta.url).href;

let server: PostgresServer;
beforeEach(async () => {
  server = await startPostgres();
  await migrate(server.url);
});
afterEach(() => server.stop());

/** The trouble and the metrics after the first check of this session, as if it were live. */
async function checked(session: RecordedSession) {
  await storeSession(server.url, session);
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query("UPDATE sessions SET status = 'live', end_position = NULL");
  await client.end();
  const checking = keepSelfChecking({ url: server.url, log: () => {}, everyMs: 20, cores, versions: versionsOf(tinyCores()), execArgv });
  try {
    while (checking.numbers().self_check_ok === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    return { trouble: checking.trouble(), numbers: checking.numbers() };
  } finally {
    await checking.stop();
  }
}

describe('the self-check', () => {
  it('has nothing to say while the states come out as they were stored', async () => {
    expect(await checked(recorded)).toMatchObject({ trouble: null, numbers: { self_check_ok: 1, self_check_failures: 0 } });
  });

  it('says what a state should be where the events do not lead to it', async () => {
    const snapshots = recorded.snapshots.map((one) => {
      if (one.service !== 'executor' || one.position !== recorded.session.end) return one;
      const body = one.body.replace(/"orders":\d+/, '"orders":9999');
      return { ...one, body, sha256: sha256(body) };
    });
    const { trouble, numbers } = await checked({ ...recorded, snapshots });
    expect(trouble).toContain(
      `self-check: what s-1 recorded cannot be derived again: snapshot at ${recorded.session.end}, snapshot of executor`,
    );
    expect(numbers.self_check_ok).toBe(0);
  });
});
