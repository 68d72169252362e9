import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { natsBus } from '@arb/shared/nats';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type FakeStack, newHome, programOf, removeHome, startFakeStack, told, until } from '../../fixtures/fake-stack.ts';
import type { Home } from './home.ts';
import { HOST } from './ports.ts';
import { identityOf, isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';
import { readRun, writeRun } from './run-file.ts';
import { readSecrets, type Secrets } from './secrets.ts';
import { NATS_PORT } from './servers/nats.ts';
import { postgresUrl } from './servers/postgres.ts';
import { redisUrl } from './servers/redis.ts';
import { withJournal } from './with-journal.ts';

let home: Home;
let stack: FakeStack | null = null;
beforeAll(() => {
  home = newHome();
});
afterEach(async () => {
  await stack?.stop();
  stack = null;
});
afterAll(() => removeHome(home));

function processOf(name: string): ProcessIdentity {
  const { process } = programOf(home, name);
  if (process === null) throw new Error(`${name} has no process`);
  return process;
}

/** Kills it and waits until another process of it serves. */
async function killAndAwait(name: string): Promise<void> {
  const before = processOf(name);
  const { port } = new URL(programOf(home, name).url as string);
  signalProcess(before, 'SIGKILL');
  await until(() => {
    const { process, ready } = programOf(home, name);
    return ready && process !== null && process.pid !== before.pid;
  });
  expect(new URL(programOf(home, name).url as string).port).toBe(port);
  expect(programOf(home, name).restarts).toBe(1);
}

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client(postgresUrl(readRun(home)?.ports.postgres as number, readSecrets(home) as Secrets));
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

function journalLink() {
  const port = readRun(home)?.ports.nats as number;
  const password = (readSecrets(home) as Secrets).nats.journal;
  return natsBus({ servers: `nats://${HOST}:${port}`, user: 'journal', password, name: 'test', admin: true }).connect();
}

describe('the stack', () => {
  it('starts servers and services, and leaves no process behind when it stops', async () => {
    stack = await startFakeStack(home, 'journal,risk');
    const programs = readRun(home)?.programs ?? [];
    expect(programs.map(({ name, ready, restarts }) => [name, ready, restarts])).toEqual(
      ['postgres', 'nats', 'redis', 'journal', 'risk'].map((name) => [name, true, 0]),
    );
    const processes = programs.map(({ process }) => process as ProcessIdentity);
    expect(processes.every(isAlive)).toBe(true);
    expect(await query("SELECT current_setting('server_encoding') AS encoding, current_setting('data_checksums') AS checksums")).toEqual([
      { encoding: 'UTF8', checksums: 'on' },
    ]);
    expect(await stack.stop()).toBe(0);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(readRun(home)).toBeNull();
    expect(readdirSync(home.folder)).not.toContain('run.lock');
    // The journal ends last: it has to write down what the others say at their end.
    expect(
      told(home)
        .filter(({ what }) => what === 'stopped')
        .map(({ name }) => name),
    ).toEqual(['risk', 'journal']);
    expect(readFileSync(join(home.logs, 'risk.log'), 'utf8')).toContain('risk speaks');
  });

  it('refuses a second start in the same folder, and goes on', async () => {
    stack = await startFakeStack(home, 'risk');
    const second = await startFakeStack(home, 'risk');
    expect(await second.ended).toBe(1);
    expect(second.said()).toContain(`already running here, as process ${stack.process.pid}`);
    expect(isAlive(processOf('risk'))).toBe(true);
  });

  it('brings each killed server back on the same port with the same data', async () => {
    stack = await startFakeStack(home, 'risk');
    await query('CREATE TABLE kept AS SELECT 7 AS seven');
    const redisPort = readRun(home)?.ports.redis as number;
    const redis = new Redis(redisUrl(redisPort, readSecrets(home) as Secrets));
    redis.on('error', () => {});
    await redis.set('kept', 'yes');
    const link = await journalLink();
    await link.admin.create('SESSION_kept', ['session.>'], 1024 * 1024);
    await link.admin.publish('SESSION_kept', 'session.started', new TextEncoder().encode('kept'));
    await link.close();

    for (const name of ['postgres', 'redis', 'nats']) await killAndAwait(name);

    expect(await query('SELECT seven FROM kept')).toEqual([{ seven: 7 }]);
    expect(await redis.get('kept')).toBe('yes');
    redis.disconnect();
    const again = await journalLink();
    expect((await again.streamInfo('SESSION_kept'))?.lastPosition).toBe(1);
    await again.admin.remove('SESSION_kept');
    await again.close();
    expect(programOf(home, 'risk').restarts).toBe(0);
  });

  it('brings a killed service back, and tells it only once to begin a new session', async () => {
    const before = told(home).length;
    stack = await startFakeStack(home, 'journal', 'clean');
    await killAndAwait('journal');
    expect(
      told(home)
        .slice(before)
        .filter(({ what }) => what === 'started')
        .map(({ start }) => start),
    ).toEqual(['clean', null]);
  });

  it('starts all services anew in a handover, and leaves the servers alone', async () => {
    stack = await startFakeStack(home, 'journal,risk,market-data');
    const before = new Map((readRun(home)?.programs ?? []).map(({ name, process }) => [name, process?.pid]));
    stack.process.kill('SIGUSR2');
    await until(() => readRun(home)?.handover?.refused === null);
    expect(readRun(home)).toMatchObject({ phase: 'running', session: 'handed-over' });
    for (const { name, kind, process, ready, restarts } of readRun(home)?.programs ?? [])
      expect([name, ready, restarts, process?.pid === before.get(name)]).toEqual([name, true, 0, kind === 'server']);
  });

  it('stops everything when a service refuses its configuration, and shows what it said', async () => {
    stack = await startFakeStack(home, 'journal,risk', 'misconfigured:risk');
    expect(await stack.ended).toBe(1);
    expect(stack.said()).toContain('risk cannot run with this configuration: risk: risk.maxExposure: -1 is below 0');
    expect(stack.said()).not.toContain('starting it again');
    expect(readRun(home)).toBeNull();
  });

  it('ends what a killed supervisor left, keeps the data, and lets strangers alone', async () => {
    stack = await startFakeStack(home, 'risk');
    await query('CREATE TABLE lasting AS SELECT 8 AS eight');
    const left = (readRun(home)?.programs ?? []).map(({ process }) => process as ProcessIdentity);
    stack.process.kill('SIGKILL');
    await stack.ended;
    const run = readRun(home);
    if (run === null) throw new Error('the run file is gone');
    // This very process stands for a stranger that was given the pid of one that has ended since.
    const stranger = { ...run.programs[0], name: 'stranger', process: { pid: process.pid, start: 'earlier' } } as (typeof run.programs)[0];
    writeRun(home, { ...run, programs: [...run.programs, stranger] });
    stack = await startFakeStack(home, 'risk');
    expect(left.filter(isAlive)).toEqual([]);
    expect(isAlive(identityOf(process.pid) as ProcessIdentity)).toBe(true);
    expect(await query('SELECT eight FROM lasting')).toEqual([{ eight: 8 }]);
  });

  it('starts although postmaster.pid names a process that is not Postgres by now', async () => {
    const { folder } = JSON.parse(readFileSync(join(home.folder, 'postgres.json'), 'utf8')) as { folder: string };
    writeFileSync(join(folder, 'data', 'postmaster.pid'), `${process.pid}\n${folder}/data\n1\n1\n\n\n`);
    stack = await startFakeStack(home, '');
    expect(programOf(home, 'postgres').ready).toBe(true);
    expect(isAlive(identityOf(process.pid) as ProcessIdentity)).toBe(true);
  });

  it('takes another port for NATS when its usual one is taken, and keeps the others', async () => {
    const ports = JSON.parse(readFileSync(home.ports, 'utf8')) as Record<string, number>;
    const other = createServer();
    // Where another program has it already, the case is the same.
    await new Promise((resolve) => other.once('error', resolve).listen(NATS_PORT, HOST, () => resolve(null)));
    try {
      stack = await startFakeStack(home, '');
      expect(readRun(home)?.ports.nats).not.toBe(NATS_PORT);
      expect(readRun(home)?.ports.postgres).toBe(ports.postgres);
      expect(programOf(home, 'nats').ready).toBe(true);
    } finally {
      other.close();
    }
  });

  it('starts beside another that starts at the same moment, each with its own servers', async () => {
    const other = newHome();
    const [first, second] = await Promise.all([startFakeStack(home, 'risk'), startFakeStack(other, 'risk')]);
    stack = first;
    try {
      const portsOf = (folder: Home) => Object.values(readRun(folder)?.ports ?? {});
      expect(portsOf(home).length).toBeGreaterThan(2);
      expect(portsOf(home).filter((port) => portsOf(other).includes(port))).toEqual([]);
      for (const folder of [home, other])
        expect(readRun(folder)?.programs.map(({ name, ready, restarts }) => [name, ready, restarts])).toEqual(
          ['postgres', 'nats', 'redis', 'risk'].map((name) => [name, true, 0]),
        );
    } finally {
      await second.stop();
      removeHome(other);
    }
  });

  it('makes new passwords work with old data when the secrets were lost', async () => {
    writeFileSync(home.secrets, '{}');
    stack = await startFakeStack(home, '');
    expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('the journal while the stack is down', () => {
  it('is there for one command, and nothing stays', async () => {
    let during: ProcessIdentity | null = null;
    const rows = await withJournal(
      home,
      () => {},
      async (url) => {
        during = processOf('postgres');
        const client = new pg.Client(url);
        await client.connect();
        const found = await client.query('SELECT count(*)::int AS count FROM sessions');
        await client.end();
        return found.rows as unknown[];
      },
    );
    expect(rows).toEqual([{ count: 0 }]);
    expect(isAlive(during as unknown as ProcessIdentity)).toBe(false);
    expect(readRun(home)).toBeNull();
  });

  it('is stopped when the command fails', async () => {
    const failing = withJournal(
      home,
      () => {},
      () => Promise.reject(new Error('no such session')),
    );
    await expect(failing).rejects.toThrow('no such session');
    expect(readRun(home)).toBeNull();
  });

  it('stays after Ctrl-C, however often npm passes it on, until the command has taken back what was half done', async () => {
    let takenBack = false;
    const work = async (url: string) => {
      const client = new pg.Client(url);
      await client.connect();
      process.emit('SIGINT');
      process.emit('SIGINT');
      // The stop of the database would be under way by the third answer.
      for (let i = 0; i < 3; i++) await client.query('SELECT pg_sleep(0.1)');
      await client.end();
      takenBack = true;
      throw new Error('interrupted');
    };
    await expect(withJournal(home, () => {}, work, { takesBack: true })).rejects.toThrow('interrupted');
    expect(takenBack).toBe(true);
    expect(readRun(home)).toBeNull();
  });
});

describe('a data folder', () => {
  it('that was left half made is made anew, and nothing is deleted that might be missed', async () => {
    const own = newHome();
    mkdirSync(join(own.folder, 'postgres', 'data'), { recursive: true });
    writeFileSync(join(own.folder, 'postgres', 'data', 'something'), 'of someone');
    mkdirSync(join(own.folder, 'postgres', 'data.new-abc', 'base'), { recursive: true });
    try {
      stack = await startFakeStack(own, '');
      expect(programOf(own, 'postgres').ready).toBe(true);
      expect(await stack.stop()).toBe(0);
      expect(readdirSync(join(own.folder, 'postgres')).sort()).toEqual(['data', 'data.incomplete-1', 'password-of']);
    } finally {
      removeHome(own);
    }
  });

  it('that only root may enter has its database elsewhere', async () => {
    if (process.getuid?.() !== 0) return;
    const own = newHome(0o700);
    mkdirSync(join(own.folder, 'checkout'));
    const inner = { ...own, folder: join(own.folder, 'checkout') };
    try {
      stack = await startFakeStack(inner, '');
      const run = JSON.parse(readFileSync(join(inner.folder, 'run.json'), 'utf8')) as { postgresData: string };
      expect(run.postgresData).toMatch(/^\/var\/lib\/arbitrage-lite-[0-9a-f]{12}\/data$/);
      expect(await stack.stop()).toBe(0);
    } finally {
      removeHome(inner);
      removeHome(own);
    }
  });
});
