import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadConfig, type SessionConfig } from '@arb/shared/config';
import pg from 'pg';
import { findServers, installCommand, missingServers } from '../../../bootstrap/servers.mjs';
import type { Home } from '../stack/home.ts';
import { lockHolder } from '../stack/lock.ts';
import { HOST, isFree } from '../stack/ports.ts';
import { readRun } from '../stack/run-file.ts';
import { readSecrets } from '../stack/secrets.ts';
import { NATS_PORT } from '../stack/servers/nats.ts';
import { postgresUrl } from '../stack/servers/postgres.ts';
import { redisUrl } from '../stack/servers/redis.ts';
import { checkRedis } from './check-redis.ts';

export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly remedy: string | null;
}

const OLDEST_NODE = [20, 19] as const;
const OLDEST_NATS = [2, 9] as const;

/** Everything that can be looked at without starting anything. */
export async function checkUp(home: Home): Promise<readonly Finding[]> {
  const config = checkConfig();
  return [
    checkNode(process.versions.node),
    ...checkServers(),
    config.finding,
    checkFolder(home),
    checkDisk(home, config.session),
    await checkPorts(home),
    ...(await checkDatabase(home)),
    ...(await checkKeys(home)),
  ];
}

export function checkNode(version: string): Finding {
  const ok = isAtLeast(version, OLDEST_NODE);
  return {
    name: 'Node.js',
    ok,
    found: version,
    remedy: ok ? null : `install Node.js ${OLDEST_NODE.join('.')} or newer: https://nodejs.org`,
  };
}

export function isAtLeast(version: string, [oldestMajor, oldestMinor]: readonly [number, number]): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor);
}

function checkServers(): readonly Finding[] {
  const found = findServers();
  const missing = missingServers(found);
  const of = (name: string, version: () => string, isGood: (said: string) => boolean): Finding => {
    if (missing.includes(name)) return { name, ok: false, found: 'not found', remedy: installCommand([name]) };
    const said = version();
    const ok = isGood(said);
    return { name, ok, found: said, remedy: ok ? null : `a newer one is needed: ${installCommand([name])}` };
  };
  return [
    of(
      'nats-server',
      () => say(found.natsServer as string, '-v'),
      (said) => isAtLeast(said, OLDEST_NATS),
    ),
    of(
      'redis-server',
      () => say(found.redisServer as string, '-v'),
      () => true,
    ),
    of(
      'postgres',
      () => found.postgres.map(({ bin, major }) => `${major} in ${bin}`).join(', '),
      () => true,
    ),
  ];
}

function say(command: string, flag: string): string {
  const said = execFileSync(command, [flag], { encoding: 'utf8', timeout: 10_000 });
  return `${/\bv=?\s*([\d.]+)/.exec(said)?.[1] ?? said.trim()} in ${dirname(command)}`;
}

function checkConfig(): { readonly finding: Finding; readonly session: SessionConfig | null } {
  try {
    const { infrastructure, session } = loadConfig({ env: process.env });
    return { finding: { name: 'configuration', ok: true, found: `${infrastructure.environment} is valid`, remedy: null }, session };
  } catch (error) {
    return {
      finding: { name: 'configuration', ok: false, found: (error as Error).message, remedy: 'correct these lines' },
      session: null,
    };
  }
}

function checkFolder(home: Home): Finding {
  // Not made yet: then it is the folder above that counts.
  let folder = home.folder;
  while (!existsSync(folder)) folder = dirname(folder);
  const name = 'data folder';
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { name, ok: true, found: `${home.folder} is writable`, remedy: null };
  } catch {
    return {
      name,
      ok: false,
      found: `${folder} is not writable`,
      remedy: `give this user the right to write there, or set ARB_HOME to another folder`,
    };
  }
}

const DEFAULT_FREE_MB = 1024;

function checkDisk(home: Home, config: SessionConfig | null): Finding {
  const recorded = readRun(home)?.postgresData;
  let folder = recorded ?? home.folder;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  const freeMb = Math.floor((bavail * bsize) / 1024 / 1024);
  const neededMb = config?.journal.minFreeDiskMb ?? DEFAULT_FREE_MB;
  const ok = freeMb >= neededMb;
  return {
    name: 'disk',
    ok,
    found: `${freeMb} MB free at ${folder}, ${neededMb} MB needed`,
    remedy: ok ? null : 'free some space, or set ARB_HOME to another disk',
  };
}

async function checkPorts(home: Home): Promise<Finding> {
  const name = 'ports';
  const running = lockHolder(home);
  if (running !== null) return { name, ok: true, found: `in use by process ${running.pid}, which runs here`, remedy: null };
  if (await isFree(NATS_PORT))
    return { name, ok: true, found: `${NATS_PORT} is free for NATS; others are taken as they are free`, remedy: null };
  // Nothing breaks: another port is taken, and the line to listen with says which.
  return { name, ok: true, found: `${NATS_PORT} is taken by another program: NATS will use another port`, remedy: null };
}

/** Only where it runs: a look must not start anything. */
async function checkDatabase(home: Home): Promise<readonly Finding[]> {
  const run = readRun(home);
  const secrets = readSecrets(home);
  const port = run?.ports.postgres;
  if (lockHolder(home) === null || port === undefined || secrets === null) return [];
  const name = 'encoding';
  const client = new pg.Client({ connectionString: postgresUrl(port, secrets), connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ encoding: string }>("SELECT current_setting('server_encoding') AS encoding");
    const found = rows[0]?.encoding ?? 'none';
    const ok = found === 'UTF8';
    return [{ name, ok, found: `the journal's database has ${found}`, remedy: ok ? null : 'make it anew with encoding UTF8' }];
  } catch (error) {
    return [{ name, ok: false, found: `${HOST}:${port}: ${(error as Error).message}`, remedy: `see ${home.logs}/postgres.log` }];
  } finally {
    await client.end().catch(() => {}); // it never connected
  }
}

/** The same of Redis. */
async function checkKeys(home: Home): Promise<readonly Finding[]> {
  const secrets = readSecrets(home);
  const port = readRun(home)?.ports.redis;
  return lockHolder(home) === null || port === undefined || secrets === null ? [] : [await checkRedis(redisUrl(port, secrets))];
}
