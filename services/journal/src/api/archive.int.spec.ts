import { mkdtempSync, rmSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { migrate, openArchive, type PostgresServer, startPostgres } from '@arb/shared/journal';
import { verifyInParallel } from '@arb/shared/replay';
import { recordSession, tinyCores } from '@arb/shared/replay/testing';
import { storeSession } from '@arb/shared/replay/testing-store';
import type { SessionRow } from '@arb/shared/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { archiveModule } from './archive.module.ts';
import { ENDPOINTS, type Endpoint } from './endpoints.ts';
import { openApi } from './openapi.ts';

const recorded = recordSession({ id: 's-1', events: 120 });
const end = recorded.session.end as number;
/** Sources as they are, in the processes that replay. */
const SOURCES = ['--conditions=arb-source', '--import', new URL('../../../../cli/fixtures/typescript.mjs', import.meta.url).href];
const CORES = new URL('../../../../libs/shared/src/replay/testing.ts', import.meta.url).href;

let server: PostgresServer;
let home: string;
const opened: INestApplication[] = [];
let url: string;

async function serve(postgresUrl: string): Promise<string> {
  const options = { postgresUrl, home, retentionDays: 30, httpHost: '127.0.0.1', cores: CORES, execArgv: SOURCES };
  const app = await NestFactory.create(archiveModule(options), { logger: false, bodyParser: false });
  await app.listen(0, '127.0.0.1');
  opened.push(app);
  return `${await app.getUrl()}/api`;
}

beforeAll(async () => {
  server = await startPostgres();
  home = mkdtempSync(join(tmpdir(), 'arb-api-'));
  await migrate(server.url);
  await storeSession(server.url, recorded);
  url = await serve(server.url);
});
afterAll(async () => {
  for (const app of opened) await app.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

async function listed(api: string): Promise<readonly unknown[]> {
  return (await (await fetch(`${api}/sessions`)).json()) as readonly unknown[];
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 10));
}

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is what the test looks at
async function ask(path: string, init?: RequestInit): Promise<{ readonly status: number; readonly body: any }> {
  const response = await fetch(`${url}/${path}`, init);
  return { status: response.status, body: await response.json() };
}

describe('the archive over HTTP', () => {
  it('answers what the command line answers', async () => {
    expect((await ask('sessions')).body).toMatchObject([{ id: 's-1', status: 'ended', head: end }]);
    expect((await ask('sessions/last')).body).toMatchObject({ id: 's-1', keptFrom: 1, mode: 'ACTIVE' });
    expect((await ask('events/order:last')).body).toMatchObject({ session: 's-1', taken: true, event: { type: 'order' } });
    expect((await ask('why/order:last')).body).toMatchObject({ event: { type: 'order' }, causes: [{ type: 'verdict', by: 'cause' }] });
    expect((await ask('why-not?route=btc&at=100')).body.rules.length).toBeGreaterThan(0);
    expect((await ask('storage')).body).toMatchObject({ retentionDays: 30, sessions: [{ session: 's-1' }] });
  });

  it('replays and proves in processes of their own', async () => {
    expect((await ask('state/risk?at=100')).body).toMatchObject({ service: 'risk', position: 100, state: { blocked: expect.any(Number) } });
    expect((await ask('replay/50?to=90')).body).toMatchObject({ ok: true, from: 50, to: 90 });
    expect((await ask('verify/s-1?jobs=2&strict=true')).body).toMatchObject({ ok: true, from: 1, to: end, faults: [] });
    expect((await ask(`verify/s-1?anchor=${'0'.repeat(64)}`)).body).toMatchObject({ ok: false });
  });

  it('shares a proof among processes, range by range, and ends them all when one fails', async () => {
    const archive = openArchive(server.url);
    const session = (await archive.session('s-1')) as SessionRow;
    const worker = { url: server.url, cores: CORES, execArgv: SOURCES };
    const parallel = { cores: tinyCores(), jobs: 2, leastPositions: 20, worker };
    const seen: number[] = [];
    const report = await verifyInParallel(archive, session, { ...parallel, progress: (done) => seen.push(done) });
    expect(report).toMatchObject({ ok: true, faults: [], from: 1, to: end });
    expect(report.ranges).toBeGreaterThan(1);
    expect(seen.at(-1)).toBe(end);
    const broken = { ...worker, cores: new URL('none.ts', CORES).href };
    await expect(verifyInParallel(archive, session, { ...parallel, worker: broken })).rejects.toThrow(/none\.ts/);
    await archive.close();
  });

  it('gives a session as a file, and takes it in elsewhere', async () => {
    const file = Buffer.from(await (await fetch(`${url}/sessions/s-1/export`)).arrayBuffer());
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query("CREATE DATABASE elsewhere ENCODING 'UTF8' TEMPLATE template0");
    await client.end();
    await migrate(server.urlOf('elsewhere'));
    const there = await serve(server.urlOf('elsewhere'));
    const post = (body: Buffer) =>
      fetch(`${there}/import`, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': 'application/octet-stream' } });
    const cut = await post(file.subarray(0, file.length - 500));
    expect([cut.status, ((await cut.json()) as { message: string }).message]).toEqual([
      409,
      expect.stringMatching(/was cut off after line \d+/),
    ]);
    // As curl sends a file when it is not told what it is.
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const other = await fetch(`${there}/import`, { method: 'POST', body: new Uint8Array(300_000).fill(120), headers: form });
    expect([other.status, ((await other.json()) as { message: string }).message]).toEqual([
      409,
      expect.stringMatching(/^line 1: .*no exported session/),
    ]);
    const empty = await fetch(`${there}/import`, { method: 'POST' });
    expect([empty.status, ((await empty.json()) as { message: string }).message]).toEqual([409, 'the file is empty']);
    // Who goes away in the middle leaves nothing behind, and the place to others.
    const lines = gunzipSync(file);
    for (let i = 0; i < 3; i++) {
      const asked = request(`${there}/import`, { method: 'POST' });
      asked.on('error', () => {}); // it is cut off below
      asked.write(lines.subarray(0, lines.length / 2));
      await until(async () => (await listed(there)).length > 0);
      asked.destroy();
      await until(async () => (await listed(there)).length === 0);
    }
    const whole = await post(file);
    expect([whole.status, await whole.json()]).toEqual([200, expect.objectContaining({ session: 's-1', whole: true })]);
    expect(await (await fetch(`${there}/verify/s-1`)).json()).toMatchObject({ ok: true });
  });

  it('takes a file for as long as it comes, not for the five minutes that Node.js gives a request', () => {
    expect(opened.map((app) => (app.getHttpServer() as Server).requestTimeout)).toEqual(opened.map(() => 0));
  });

  it('makes backups and lists them', async () => {
    const made = await ask('backups?check=true', { method: 'POST' });
    expect(made).toMatchObject({ status: 200, body: { sessions: [{ id: 's-1', head: end }] } });
    expect((await ask('backups')).body).toMatchObject([{ path: made.body.file }]);
  });

  it.each([
    ['why/soon', 400, /"soon" is no event: expected/],
    ['why/99999999', 404, new RegExp(`no position 99999999: its last is ${end}`)],
    ['why/-99999999', 404, /^"-99999999" goes further back than s-1 does: its events are 1 to \d+, so -\d+ is the furthest$/],
    ['events/-99999999', 404, /goes further back than s-1/],
    ['replay/-99999999', 404, /goes further back than s-1/],
    ['state/risk?at=-99999999', 404, /goes further back than s-1/],
    ['verify/s-1?from=-99999999', 404, /goes further back than s-1/],
    ['why/0', 404, /has no position 0: its first is 1/],
    ['why/fill:last', 404, /s-1 holds no fill/],
    ['why/none:5', 404, /no session none in the journal/],
    ['why/2001-01-01', 404, /is before s-1: its events begin at/],
    ['sessions/none', 404, /no session none in the journal/],
    ['verify/s-1?from=90&to=80', 404, /to is position 80, before from, 90/],
    ['verify/s-1?jobs=many', 400, /jobs: expected a whole number from 1 to 16/],
    ['verify/s-1?strict=yes', 400, /strict: expected true or false/],
    ['verify/s-1?anchor=1', 400, /anchor: expected a SHA-256/],
    ['sessions?limits=3', 400, /unknown parameter limits: there are limit/],
    ['why-not', 400, /route: expected/],
    ['why-not?route=BTC:upbit', 400, /neither a coin nor a route/],
    ['state/journal', 404, /journal keeps no state/],
    ['nothing', 404, /Cannot GET/],
  ])('answers %s with %d and one sentence', async (path, status, sentence) => {
    const answer = await ask(path);
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringMatching(sentence)]);
  });

  it('is not to be asked by pages of other sites, nor by another name of this machine', async () => {
    expect((await ask('sessions', { headers: { origin: 'http://evil.example' } })).status).toBe(403);
    expect((await ask('import', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await ask('sessions', { headers: { origin: url.replace('/api', '') } })).status).toBe(200);
  });
});

describe('openapi.json', () => {
  it('is what is served, and every path of it answers', async () => {
    const served = (await ask('openapi.json')).body;
    expect(served).toEqual(JSON.parse(JSON.stringify(openApi())));
    for (const endpoint of Object.values(ENDPOINTS) as Endpoint[]) {
      const path = `/api/${endpoint.path.replaceAll(/:([a-z]+)/g, '{$1}')}`;
      expect(served.paths[path]?.[endpoint.method]?.summary).toBe(endpoint.says);
      // A parameter that does not exist is refused by the endpoint itself: it is there, and looks at what it is given.
      const response = await fetch(`${url}/${endpoint.path.replaceAll(/:[a-z]+/g, 'x')}?surely-not=1`, {
        method: endpoint.method.toUpperCase(),
      });
      expect([endpoint.path, response.status, ((await response.json()) as { message: string }).message]).toEqual([
        endpoint.path,
        400,
        expect.stringContaining('unknown parameter surely-not'),
      ]);
    }
  });

  it('tells each parameter with its kind and whether it must be there', () => {
    const { paths } = openApi() as { paths: Record<string, Record<string, { parameters: unknown[] }>> };
    expect(paths['/api/why-not']?.get?.parameters[0]).toMatchObject({
      name: 'route',
      in: 'query',
      required: true,
      schema: { type: 'string' },
    });
    expect(paths['/api/verify/{session}']?.get?.parameters).toHaveLength(6);
  });
});
