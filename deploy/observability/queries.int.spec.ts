import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openJournalStore, type PostgresServer, startChain, startPostgres } from '@arb/shared/journal';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { sampleRow, sampleSeal, sampleSession } from '../../libs/shared/src/journal/sample-rows.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PASSWORDS = { reader: 'ReaderReaderReader1', viewer: 'ViewerViewerViewer1' };
const NOW_S = 1_700_000_000;

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly rawSql?: string }[];
}
const queries = ['trading', 'fx'].flatMap((name) => {
  const { panels } = JSON.parse(readFileSync(new URL(`grafana/dashboards/${name}.json`, import.meta.url), 'utf8')) as { panels: Panel[] };
  return panels.flatMap(({ title, targets }) =>
    targets.flatMap(({ rawSql }) => (rawSql === undefined ? [] : [[`${name}: ${title}`, rawSql] as const])),
  );
});

const EVENTS: Readonly<Record<string, unknown>> = {
  kpi: {
    trips: { open: 2, closed: 7, unwound: 1, failed: 0, won: 5, lost: 2 },
    realised: { amount: '12.5', currency: 'USDT' },
    unrealised: null,
    drawdown: { amount: '3', currency: 'USDT' },
    numbers: { winRate: 0.7, tradesPerHour: null, fillRatio: 1, slippageBps: 0.5, ackLatencyMs: 30, ackLatencyMaxMs: 80 },
  },
  guard: {
    mode: 'ACTIVE',
    exposure: { amount: '1000', currency: 'USDT' },
    equity: { amount: '10012.5', currency: 'USDT' },
    dailyPnl: { amount: '12.5', currency: 'USDT' },
  },
  fx: {
    pair: 'KRW-USDT',
    rate: 1400,
    tier: 'multi',
    bankRate: 1386,
    stableRate: 1400,
    sources: [
      { source: 'upbit', rate: 1400, ageMs: 10, used: true },
      { source: 'bithumb', rate: 1414, ageMs: 20, used: false },
    ],
  },
  verdict: { outcome: 'BLOCK', tier: 'coin', rule: 'coin-daily-loss' },
  position: { trip: 't-1', coin: 'BTC', state: 'CLOSED', pnl: { amount: '1.25', currency: 'USDT' }, why: 'target' },
  order: { venue: 'upbit', state: 'rejected', reason: 'no book' },
};

describe('what the dashboards ask the journal', () => {
  let server: PostgresServer;
  let folder: string;
  let viewer: pg.Client;
  let reader: pg.Client;

  beforeAll(async () => {
    server = await startPostgres();
    folder = mkdtempSync(join(tmpdir(), 'arb-roles-'));
    writeFileSync(join(folder, 'postgres-url'), server.url);
    for (const [name, password] of Object.entries(PASSWORDS)) writeFileSync(join(folder, name), password);
    await makeRoles();
    // Passwords that are changed later, and a database that is there already, are nothing special.
    await makeRoles();
    await record();
    viewer = await login('arb_viewer', PASSWORDS.viewer);
    reader = await login('arb_reader', PASSWORDS.reader);
  });
  afterAll(async () => {
    await viewer?.end();
    await reader?.end();
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  const makeRoles = () =>
    promisify(execFile)(
      process.execPath,
      ['--conditions=arb-source', '--import', './cli/fixtures/typescript.mjs', 'deploy/secrets/roles.mjs'],
      {
        cwd: ROOT,
        env: { PATH: process.env.PATH, ARB_POSTGRES_URL_FILE: join(folder, 'postgres-url') },
      },
    );

  async function record(): Promise<void> {
    const store = openJournalStore(server.url);
    expect(await store.lock()).toBe(true);
    const session = await store.createSession(sampleSession('s1'));
    const rows = Object.entries(EVENTS).map(([type, data], i) =>
      sampleRow(i + 1, { type, subject: type, table: 'ledger', at: NOW_S * 1e6 + i, bytes: Buffer.from(JSON.stringify({ data })) }),
    );
    await store.append(session, rows, sampleSeal(startChain(), rows));
    await store.close();
  }

  async function login(user: string, password: string): Promise<pg.Client> {
    const url = new URL(server.url);
    const client = new pg.Client({ host: url.hostname, port: Number(url.port), database: url.pathname.slice(1), user, password });
    await client.connect();
    return client;
  }

  /** As Grafana fills its own words in. */
  const asked = (sql: string) =>
    sql
      .replaceAll('$__unixEpochFrom()', String(NOW_S - 3600))
      .replaceAll('$__unixEpochTo()', String(NOW_S + 3600))
      .replaceAll('$session', 's1');

  it.each(queries)('%s has an answer', async (title, sql) => {
    const { rows } = await viewer.query(asked(sql));
    expect([title, rows.length > 0]).toEqual([title, true]);
  });

  it('comes out as it was recorded', async () => {
    const first = async (title: string) =>
      Object.values((await viewer.query(asked(queries.find(([name]) => name === title)?.[1] as string))).rows[0])[0];
    expect(await first('trading: Realised')).toBe(12.5);
    expect(await first('trading: Unrealised')).toBeNull();
    expect(await first('trading: Win rate')).toBe(0.7);
    expect(await first('trading: Mode')).toBe('ACTIVE');
    expect(await first('fx: Rate')).toBe(1400);
    expect(await first('fx: Sources')).toBe(2);
    const { rows } = await viewer.query(asked(queries.find(([name]) => name === 'fx: Sources against the rate')?.[1] as string));
    expect(rows.map(({ metric, value }) => [metric, Math.round(value)])).toEqual([
      ['upbit', 0],
      ['bithumb', 100],
    ]);
  });

  it('leaves the journal connections of its own, whoever takes all that he may', async () => {
    const { rows } = await viewer.query("SELECT rolname, rolconnlimit AS most FROM pg_roles WHERE rolname LIKE 'arb_%' ORDER BY rolname");
    expect(rows).toEqual([
      { rolname: 'arb_reader', most: 45 },
      { rolname: 'arb_viewer', most: 40 },
    ]);
    const FOR_ITSELF = 3;
    for (const file of ['docker-compose.yml', 'deploy/k8s/servers/postgres.yaml', 'deploy/k8s/ha/postgres.yaml']) {
      const all = /max_connections[=:] ?"?(\d+)/.exec(readFileSync(join(ROOT, file), 'utf8'))?.[1];
      expect([file, Number(all) - FOR_ITSELF - 45 - 40 >= 12]).toEqual([file, true]);
    }
  });

  it('can change nothing: the viewer looks, readers keep snapshots, only the owner writes events', async () => {
    for (const sql of ['DELETE FROM snapshots', "UPDATE sessions SET kept = true WHERE id = 's1'"])
      await expect(viewer.query(sql)).rejects.toThrow(/read-only|permission denied/);
    await viewer.query('SET default_transaction_read_only = off');
    await expect(viewer.query('DELETE FROM snapshots')).rejects.toThrow('permission denied');
    await reader.query('DELETE FROM snapshots');
    await expect(reader.query('DELETE FROM events_ledger')).rejects.toThrow('permission denied');
    await expect(reader.query("UPDATE sessions SET kept = true WHERE id = 's1'")).rejects.toThrow('permission denied');
  });
});
