import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { freePort } from '../free-port.ts';

export interface PostgresServer {
  /** Of the database `journal`, UTF8, with the owner's password. */
  readonly url: string;
  /** Where its data lies; gone after `stop` unless it was given. */
  readonly dir: string;
  /** The address of another database on the same server. */
  urlOf(database: string): string;
  stop(): Promise<void>;
  /** As a power cut sees it: the server and all its processes at once. */
  kill9(): Promise<void>;
  /** On the same port and data, recovering what the last end left. */
  restart(): Promise<void>;
}

/** A private Postgres for tests: its own data, a free port, the same safety against power cuts as a real one. */
export async function startPostgres(options: { readonly dir?: string } = {}): Promise<PostgresServer> {
  const bin = findBinaries();
  const owner = findOwner();
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'journal-postgres-'));
  const data = join(dir, 'data');
  const passwordFile = join(dir, 'password');
  mkdirSync(dir, { recursive: true });
  if (owner !== null) chownSync(dir, owner.uid, owner.gid);

  const fresh = !existsSync(join(data, 'PG_VERSION'));
  if (fresh) {
    writeFileSync(passwordFile, randomBytes(12).toString('hex'), { mode: 0o600 });
    if (owner !== null) chownSync(passwordFile, owner.uid, owner.gid);
    const init = command(owner, join(bin, 'initdb'), [
      '-D',
      data,
      '-U',
      'journal',
      '-E',
      'UTF8',
      '--locale=C',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--no-sync',
    ]);
    execFileSync(init.file, init.args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: dir });
  }
  const password = readFileSync(passwordFile, 'utf8');
  const port = await freePort();
  const urlOf = (database: string) => `postgres://journal:${password}@127.0.0.1:${port}/${database}`;

  let server: ChildProcess | null = null;
  const killOnExit = () => server?.kill('SIGKILL');
  process.once('exit', killOnExit);

  async function start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const said = await tryStart();
      if (said === null) return;
      // After a kill the last of the old processes may still hold the shared memory.
      if (attempt === 50 || !/shared memory|lock file/.test(said)) throw new Error(`Postgres in ${data} did not start; it said:\n${said}`);
    }
  }

  /** Null when it accepts connections, else what it said before it ended. */
  function tryStart(): Promise<string | null> {
    const { file, args } = command(owner, join(bin, 'postgres'), [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-k',
      dir,
    ]);
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: dir });
    server = child;
    const said: string[] = [];
    return new Promise((resolve, reject) => {
      createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
        if (said.length < 200) said.push(line);
        if (line.includes('database system is ready to accept connections')) resolve(null);
      });
      child.once('error', reject);
      child.once('close', () => resolve(said.join('\n')));
    });
  }

  async function endWith(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const child = server;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const processes = signal === 'SIGKILL' ? childrenOf(child.pid as number) : [];
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    for (const pid of processes) killIfThere(pid);
    await gone;
    server = null;
  }

  await start();
  if (fresh) await createDatabase(urlOf('postgres'));

  return {
    url: urlOf('journal'),
    dir,
    urlOf,
    restart: start,
    kill9: () => endWith('SIGKILL'),
    async stop() {
      await endWith('SIGINT');
      process.removeListener('exit', killOnExit);
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("CREATE DATABASE journal ENCODING 'UTF8' TEMPLATE template0");
  await client.end();
}

/** In PATH, or where Debian puts it, newest first. */
function findBinaries(): string {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => folder !== '');
  const debian = '/usr/lib/postgresql';
  const installed = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...path, ...installed.map((version) => join(debian, version, 'bin'))];
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
  if (found === undefined) throw new Error(`No Postgres server found (initdb and postgres) in PATH or ${debian}/*/bin: install one.`);
  return found;
}

/** Postgres refuses to run as root: then it runs as the user `postgres`. */
function findOwner(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  if (line === undefined) throw new Error('Postgres cannot run as root and there is no user "postgres": create it or run as another user.');
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

function command(owner: { readonly uid: number; readonly gid: number } | null, file: string, args: readonly string[]) {
  if (owner === null) return { file, args: [...args] };
  return { file: 'setpriv', args: [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', '--', file, ...args] };
}

function childrenOf(pid: number): number[] {
  const list = `/proc/${pid}/task/${pid}/children`;
  return existsSync(list)
    ? readFileSync(list, 'utf8')
        .split(' ')
        .filter((text) => text.trim() !== '')
        .map(Number)
    : [];
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
