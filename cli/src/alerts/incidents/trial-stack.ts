import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { readJson } from '../../stack/file.ts';
import { CHECKOUT, homeOf } from '../../stack/home.ts';
import { readRun } from '../../stack/run-file.ts';
import { readSecrets } from '../../stack/secrets.ts';
import { postgresUrl } from '../../stack/servers/postgres.ts';

/** A whole stack of its own, in a folder of its own: what is done to it is done to nobody's session. */
export interface TrialStack {
  /** A signal to the present process of a program; where it was down already, none. */
  signal(program: string, signal: NodeJS.Signals): void;
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
  /** `arb` as a person at this stack types it; rejects with what it said where it failed. */
  arb(...words: readonly string[]): Promise<void>;
  /** Lets something befall the simulated exchanges, as `/control/faults` takes it. */
  befall(...faults: readonly object[]): Promise<void>;
  /** Ends all that befalls them, and all that would. */
  relent(): Promise<void>;
  /** A request to a simulated exchange from this machine's address, beside those of the stack: `/binance/api/v3/ping`. */
  ask(path: string): Promise<Response>;
  wait(ms: number): Promise<void>;
  /** Resolves when the query gives a row; rejects when that takes too long. */
  until(what: string, sql: string, withinMs: number): Promise<void>;
  stop(): Promise<void>;
}

const START_WITHIN_MS = 120_000;
const POLL_MS = 100;
const ASK_WITHIN_MS = 5_000;
const COMMAND_WITHIN_MS = 30_000;
/** It ends by itself, should whoever started it die. */
const LONGEST = '10m';

/** Two stacks that start at the same moment both find 4222 and 8080 free, and one of them is late. */
const LATE = /is taken by another process|nats ended \(exit code 1\)/;

export async function startTrialStack(settings: Readonly<Record<string, string>>): Promise<TrialStack> {
  try {
    return await start(settings);
  } catch (error) {
    if (!LATE.test((error as Error).message)) throw error;
    return start(settings);
  }
}

async function start(settings: Readonly<Record<string, string>>): Promise<TrialStack> {
  const folder = mkdtempSync(join(tmpdir(), 'arb-incident-'));
  chmodSync(folder, 0o755);
  const home = homeOf({ ARB_HOME: folder });
  const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ARB_')));
  const child = spawn(process.execPath, [join(CHECKOUT, 'cli', 'dist', 'main.js'), 'start', '--for', LONGEST], {
    cwd: CHECKOUT,
    env: { ...plain, ARB_HOME: folder, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-5_000);
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      for (const program of readRun(home)?.programs ?? []) if (program.process !== null) kill(program.process.pid, 'SIGCONT');
      child.kill('SIGTERM');
      await ended;
    }
    const place = readJson(join(folder, 'postgres.json')) as { readonly folder?: string } | null;
    rmSync(folder, { recursive: true, force: true });
    if (place?.folder?.startsWith('/var/lib/arbitrage-lite-')) rmSync(place.folder, { recursive: true, force: true });
  };
  try {
    await until('the stack to run', START_WITHIN_MS, async () => {
      if (child.exitCode !== null) throw new Error(`the stack did not start:\n${said}`);
      return readRun(home)?.phase === 'running';
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const run = readRun(home);
  const secrets = readSecrets(home);
  if (run === null || secrets === null || run.ports.postgres === undefined) throw new Error(`the stack in ${folder} has left no run file`);
  const url = postgresUrl(run.ports.postgres, secrets);
  const simulator = `http://127.0.0.1:${run.ports.simulator}`;
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${simulator}${path}`, { ...init, signal: AbortSignal.timeout(ASK_WITHIN_MS) });
  const control = async (init: RequestInit): Promise<void> => {
    const answer = await ask('/control/faults', init);
    if (!answer.ok) throw new Error(`the simulated exchanges refuse a fault: ${answer.status} ${await answer.text()}`);
  };
  const sql = async (text: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, statement_timeout: 5_000 });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    signal(name, signal) {
      const pid = readRun(home)?.programs.find((program) => program.name === name)?.process?.pid;
      if (pid !== undefined) kill(pid, signal);
    },
    sql,
    async arb(...words) {
      const command = [join(CHECKOUT, 'cli', 'dist', 'main.js'), ...words];
      const env = { ...plain, ARB_HOME: folder };
      await promisify(execFile)(process.execPath, command, { cwd: CHECKOUT, env, timeout: COMMAND_WITHIN_MS });
    },
    befall: (...faults) => control({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(faults) }),
    relent: () => control({ method: 'DELETE' }),
    ask: (path) => ask(path),
    wait: (ms) => sleep(ms),
    until: (what, text, withinMs) => until(what, withinMs, async () => (await sql(text)).length > 0),
    stop,
  };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function until(what: string, withinMs: number, look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`expected ${what} within ${withinMs / 1000} s; it did not come`);
    await sleep(POLL_MS);
  }
}
