import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Home, homeOf } from '@arb/cli';
import { familyOf, killNow, runs } from './family.ts';
import { type RunFile, type RunningProgram, readRunFile } from './run-file.ts';
import { until } from './until.ts';

/** The same distance from `src/stack` and from `dist/stack`. */
export const CHECKOUT = resolve(fileURLToPath(import.meta.url), '../../../..');
const CLI = join(CHECKOUT, 'cli', 'dist', 'main.js');

/** A proof that dies leaves no stack behind for longer than this. */
const LONGEST = '15m';
const START_WITHIN_MS = 90_000;
const GONE_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 5_000;

export interface StackWishes {
  /** A folder of an earlier stack; else a new one. */
  readonly home?: Home;
  /** `ARB_…` settings over those of the environment `paper`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** The whole stack as a person starts it, in a folder of its own. */
export interface LiveStack {
  readonly home: Home;
  /** The generator's own log of all that it has sent. */
  readonly sentLog: string;
  readonly natsUrl: string;
  readonly postgresUrl: string;
  readonly redisUrl: string;
  passwordOf(user: string): string;
  programs(): readonly RunningProgram[];
  program(name: string): RunningProgram;
  services(): readonly string[];
  /** SIGKILL (or another signal) to its present process; its pid, or null when it was down already. */
  kill(name: string, signal?: NodeJS.Signals): number | null;
  /** Resolves once another process of it than `pid` serves. */
  untilServesAgain(name: string, pid: number, withinMs: number): Promise<void>;
  /** Resolves once every service says that it is ready, asked now. */
  untilAllServe(withinMs: number): Promise<void>;
  logOf(name: string): string;
  /** SIGKILL to the supervisor and to all that it started, at one moment; resolves once none of them is there. */
  crash(): Promise<{ readonly killed: number }>;
  /** As Ctrl-C does; resolves with the exit code and what it printed at its end. */
  stop(): Promise<{ readonly code: number | null; readonly summary: string; readonly said: string }>;
}

export function newHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), 'arb-proof-'));
  chmodSync(folder, 0o755);
  return homeOf({ ARB_HOME: folder });
}

/** Also the database's folder, which stands elsewhere when its owner cannot reach into the home. */
export function removeHome(home: Home): void {
  let place: { folder?: string } | null = null;
  try {
    place = JSON.parse(readFileSync(join(home.folder, 'postgres.json'), 'utf8')) as { folder?: string };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  rmSync(home.folder, { recursive: true, force: true });
  if (place?.folder?.startsWith('/var/lib/arbitrage-lite-')) rmSync(place.folder, { recursive: true, force: true });
}

/** The environment without any setting of the person who runs the proof. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ARB_')));
  return { ...plain, NODE_OPTIONS: '' };
}

export async function startLiveStack({ home = newHome(), settings = {}, flags = [] }: StackWishes = {}): Promise<LiveStack> {
  const sentLog = join(home.folder, 'sent.log');
  const child = spawn(process.execPath, [CLI, 'start', '--json', '--for', LONGEST, ...flags], {
    cwd: CHECKOUT,
    env: { ...plainEnvironment(), ARB_HOME: home.folder, ARB_SIMULATOR_LOG: sentLog, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let summary = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    summary += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-20_000);
  });
  let over: { readonly code: number | null } | null = null;
  const ended = once(child, 'close').then(([code]) => {
    over = { code: code as number | null };
    return over;
  });

  const run = await until<RunFile>('the stack to run', START_WITHIN_MS, () => {
    if (over !== null) throw new Error(`the stack in ${home.folder} did not start:\n${said}`);
    const found = readRunFile(home.run);
    return found?.phase === 'running' ? found : null;
  }).catch(async (error: Error) => {
    child.kill('SIGTERM');
    await ended;
    throw error;
  });
  const secrets = JSON.parse(readFileSync(home.secrets, 'utf8')) as {
    readonly postgres: string;
    readonly redis: string;
    readonly nats: Readonly<Record<string, string>>;
  };
  const { ports } = run;

  function present(): RunFile {
    const found = readRunFile(home.run);
    if (found === null) throw new Error(`the stack in ${home.folder} runs no more:\n${said}`);
    return found;
  }

  function program(name: string): RunningProgram {
    const found = present().programs.find((running) => running.name === name);
    if (found === undefined) throw new Error(`${name} is not in ${home.run}`);
    return found;
  }

  async function unready(): Promise<readonly string[]> {
    const asked = present().programs.map(async ({ name, kind, url, ready }) =>
      (kind === 'service' ? await answersReady(url as string) : ready) ? [] : [name],
    );
    return (await Promise.all(asked)).flat();
  }

  return {
    home,
    sentLog,
    natsUrl: `nats://127.0.0.1:${ports.nats}`,
    postgresUrl: `postgres://arb:${secrets.postgres}@127.0.0.1:${ports.postgres}/arb`,
    redisUrl: `redis://:${secrets.redis}@127.0.0.1:${ports.redis}`,
    passwordOf: (user) => secrets.nats[user] ?? '',
    programs: () => present().programs,
    program,
    services: () =>
      present()
        .programs.filter(({ kind }) => kind === 'service')
        .map(({ name }) => name),
    kill(name, signal = 'SIGKILL') {
      const pid = program(name).process?.pid ?? null;
      if (pid === null) return null;
      try {
        process.kill(pid, signal);
        return pid;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
        throw error;
      }
    },
    async untilServesAgain(name, pid, withinMs) {
      await until(`${name} to serve again`, withinMs, () => {
        const now = program(name);
        return now.ready && now.process !== null && now.process.pid !== pid ? now : null;
      });
    },
    async untilAllServe(withinMs) {
      let waiting: readonly string[] = [];
      await until('all services to be ready', withinMs, async () => {
        waiting = await unready();
        return waiting.length === 0 ? true : null;
      }).catch((cause: Error) => {
        throw new Error(`${cause.message}: ${waiting.join(', ')}`, { cause });
      });
    },
    async crash() {
      const family = familyOf(child.pid as number);
      for (const pid of family) killNow(pid);
      await ended;
      await until('all that was killed to be gone', GONE_WITHIN_MS, () => (family.some(runs) ? null : true));
      return { killed: family.length };
    },
    logOf: (name) => readFileSync(join(home.logs, `${name}.log`), 'utf8'),
    async stop() {
      if (over === null) child.kill('SIGTERM');
      const { code } = await ended;
      return { code, summary, said };
    },
  };
}

export async function answersReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // down, or too busy to answer: not ready either way
  }
}
