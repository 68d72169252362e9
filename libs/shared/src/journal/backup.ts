import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { explain, JournalError, shownAddress } from './errors.ts';
import { migrate } from './migrate.ts';

/** What a backup must hold when it is restored: of each session the head it had when the backup began. */
export interface BackupFacts {
  readonly file: string;
  readonly createdAt: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly postgres: string;
  readonly sessions: readonly { readonly id: string; readonly head: number; readonly hash: string }[];
}

export interface BackupOptions {
  readonly folder: string;
  /** So many stay; the oldest go. */
  readonly keep: number;
  /** Restores it at once into a database beside the journal, looks whether all of it is there, and removes that again. */
  readonly check: boolean;
  readonly progress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

const NAME = /^journal-\d{8}T\d{9}Z\.dump$/;
const UNFINISHED = /^journal-\d{8}T\d{9}Z\.dump\.unfinished$/;
/** When it was begun stands in its name. */
const SCRATCH = /^arb_check_([0-9a-z]{8,9})_[0-9a-f]{8}$/;
/** No run takes so long that is still alive. */
const ABANDONED_MS = 3 * 3_600_000;
const DEBIAN = '/usr/lib/postgresql';

/** `pg_dump` and `pg_restore`, from PATH or where Debian puts them, newest first. */
function programOf(name: string): string {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...debian.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    '/opt/homebrew/bin',
    '/usr/local/bin',
  ];
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (found === undefined)
    throw new JournalError(`${name} is not here: it comes with PostgreSQL's client programs (Debian: postgresql-client); install them.`);
  return found;
}

interface Access {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Never the password on a command line, where everybody on the machine can read it. */
function accessOf(url: string): Access {
  const { hostname, port, username, password, pathname } = new URL(url);
  const env: NodeJS.ProcessEnv = { ...process.env, PGPASSWORD: decodeURIComponent(password), PGCONNECT_TIMEOUT: '10', LC_ALL: 'C' };
  const args = [
    '-h',
    hostname.replace(/^\[|\]$/g, ''),
    '-p',
    port || '5432',
    '-U',
    decodeURIComponent(username),
    '-d',
    decodeURIComponent(pathname.slice(1)),
  ];
  return { args, env };
}

export function urlOfDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.toString();
}

const LINES_KEPT = 20;

async function runProgram(
  name: string,
  args: readonly string[],
  { env }: Access,
  each: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const program = programOf(name);
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'], ...(signal === undefined ? {} : { signal }) });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    each(line);
    said.push(line);
    if (said.length > LINES_KEPT) said.shift();
  });
  // Killed by the signal it says so at once, but may still be writing its file: only `close` says that it is gone.
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', (error) => {
      if (child.pid === undefined) reject(error);
    });
    child.once('close', (exit, killedBy) => resolve(exit ?? killedBy));
  });
  signal?.throwIfAborted();
  if (code !== 0) {
    const wrong = said.filter((line) => /error|fatal/i.test(line)).slice(-3);
    throw new JournalError(`${name} failed (${code}): ${(wrong.length > 0 ? wrong : said.slice(-3)).join(' ') || 'it said nothing'}`);
  }
}

async function within<T>(url: string, doing: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'journal backup' });
  client.on('error', () => {}); // it also rejects the query under way, which is where it is reported
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw explain(error, url, doing);
  } finally {
    await client.end();
  }
}

async function headsOf(url: string): Promise<BackupFacts['sessions']> {
  return within(url, 'while reading the heads of the sessions', async (client) => {
    const { rows } = await client.query<{ id: string; head: string; hash: string }>(
      `SELECT DISTINCT ON (s.number) s.id, l.to_position AS head, l.head AS hash FROM sessions s JOIN seals l ON l.session_number = s.number
       ORDER BY s.number, l.to_position DESC`,
    );
    return rows.map(({ id, head, hash }) => ({ id, head: Number(head), hash }));
  });
}

/** One file of the whole journal, beside it what it must hold. Old ones are removed when the new one is whole. */
export async function backup(url: string, options: BackupOptions): Promise<BackupFacts & { readonly removed: readonly string[] }> {
  const { folder, keep, check, progress, signal } = options;
  const sessions = await headsOf(url);
  const { tables, version } = await within(url, 'while looking what there is to back up', async (client) => {
    const { rows } = await client.query<{ tables: string; version: string }>(
      "SELECT (SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) AS tables, current_setting('server_version') AS version",
    );
    return { tables: Number(rows[0]?.tables ?? 0), version: rows[0]?.version ?? 'unknown' };
  });
  makeFolder(folder);
  await removeAbandoned(url, folder);
  const createdAt = new Date().toISOString();
  const name = `journal-${createdAt.replaceAll(/[-:.]/g, '')}.dump`;
  const file = join(folder, name);
  const unfinished = `${file}.unfinished`;
  const access = accessOf(url);
  let done = 0;
  try {
    await runProgram(
      'pg_dump',
      ['--format=custom', '--compress=3', '--no-owner', '--no-privileges', '--verbose', `--file=${unfinished}`, ...access.args],
      access,
      (line) => {
        if (line.includes('dumping contents of table')) progress?.(Math.min(++done, tables), tables);
      },
      signal,
    );
    const facts: BackupFacts = {
      file: name,
      createdAt,
      bytes: statSync(unfinished).size,
      sha256: await sha256Of(unfinished),
      postgres: version,
      sessions,
    };
    if (check) await checkDump(url, unfinished, facts, signal);
    writeFileSync(`${file}.json`, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
    renameSync(unfinished, file);
    progress?.(tables, tables);
    return { ...facts, file, removed: rotate(folder, keep) };
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** What a run that was killed has left: files, and whole copies of the journal beside it, which would fill its disk run by run. */
async function removeAbandoned(url: string, folder: string): Promise<void> {
  const before = Date.now() - ABANDONED_MS;
  for (const name of readdirSync(folder).filter((one) => UNFINISHED.test(one)))
    if (statSync(join(folder, name)).mtimeMs < before) rmSync(join(folder, name), { force: true });
  await within(url, 'while looking for copies that a killed run has left', async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database WHERE datname LIKE $1 AND datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)',
      ['arb\\_check\\_%'],
    );
    for (const { name } of rows) {
      const [, at] = SCRATCH.exec(name) ?? [];
      if (at !== undefined && Number.parseInt(at, 36) < before) await client.query(`DROP DATABASE IF EXISTS ${name}`);
    }
  });
}

/** Step by step: asked for all at once, Node.js tries for ever where the system takes no folders. */
function makeFolder(folder: string): void {
  try {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
    if (dirname(folder) !== folder) makeFolder(dirname(folder));
    mkdirSync(folder);
  } catch (error) {
    if (error instanceof JournalError) throw error;
    throw new JournalError(`Backups cannot be kept in ${folder}: ${(error as Error).message}. Name another folder.`, error);
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Newest first. */
export function backupsIn(folder: string): readonly (BackupFacts & { readonly path: string })[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name) && existsSync(join(folder, `${name}.json`)))
    .sort()
    .reverse()
    .flatMap((name) => {
      const facts = factsOf(join(folder, name));
      return facts === null ? [] : [{ ...facts, path: join(folder, name) }];
    });
}

/** What stands beside a backup; null where that is no such thing. */
function factsOf(file: string): BackupFacts | null {
  try {
    const facts = JSON.parse(readFileSync(`${file}.json`, 'utf8')) as Partial<BackupFacts> | null;
    return typeof facts?.sha256 === 'string' && Array.isArray(facts.sessions) ? (facts as BackupFacts) : null;
  } catch {
    return null; // broken, or gone meanwhile: whoever needs it says so
  }
}

function rotate(folder: string, keep: number): readonly string[] {
  const old = backupsIn(folder).slice(Math.max(1, keep));
  for (const { path } of old) {
    rmSync(path, { force: true });
    rmSync(`${path}.json`, { force: true });
  }
  return old.map(({ path }) => path);
}

async function checkDump(url: string, dump: string, facts: BackupFacts, signal?: AbortSignal): Promise<void> {
  const scratch = `arb_check_${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`;
  try {
    await restoreInto(url, scratch, dump, () => {}, signal);
    await requireHeads(urlOfDatabase(url, scratch), facts);
  } finally {
    await within(url, `while removing the database ${scratch}`, (client) => client.query(`DROP DATABASE IF EXISTS ${scratch}`));
  }
}

async function restoreInto(
  url: string,
  database: string,
  dump: string,
  progress: (done: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  await within(url, `while creating the database ${database}`, (client) =>
    client.query(`CREATE DATABASE ${database} ENCODING 'UTF8' TEMPLATE template0`),
  );
  const access = accessOf(urlOfDatabase(url, database));
  let done = 0;
  await runProgram(
    'pg_restore',
    ['--no-owner', '--no-privileges', '--exit-on-error', '--verbose', ...access.args, dump],
    access,
    (line) => {
      if (line.includes('processing data for table')) progress(++done);
    },
    signal,
  );
}

/** A session may have gone on while the backup was made; what it had at the beginning must be there, and every row under it. */
async function requireHeads(url: string, facts: BackupFacts): Promise<void> {
  await within(url, 'while looking at what was restored', async (client) => {
    for (const { id, head, hash } of facts.sessions) {
      const { rows } = await client.query<{ head: string }>(
        'SELECT l.head FROM seals l JOIN sessions s ON s.number = l.session_number WHERE s.id = $1 AND l.to_position = $2',
        [id, head],
      );
      if (rows[0]?.head !== hash)
        throw new JournalError(
          `The backup does not hold ${id} as it was: expected the seal ${hash} at position ${head}, found ${rows[0]?.head ?? 'none'}. Use another backup.`,
        );
      // Each table holds every position of its partitions once: what retention has taken aside, rows and seals must agree.
      const { rows: counts } = await client.query<{ rows: string; span: string }>(
        `SELECT count(*) AS rows, coalesce(max(position) - min(position) + 1, 0) AS span FROM
           (SELECT session_number, position FROM events_market UNION ALL SELECT session_number, position FROM events_ledger) e
         WHERE session_number = (SELECT number FROM sessions WHERE id = $1)`,
        [id],
      );
      if (counts[0] !== undefined && Number(counts[0].rows) > Number(counts[0].span))
        throw new JournalError(`The backup holds ${counts[0].rows} events of ${id} in ${counts[0].span} positions. Use another backup.`);
    }
  });
}

export interface Restored {
  readonly file: string;
  readonly sessions: number;
  /** The database that was the journal's until now; null where it held nothing. */
  readonly before: string;
}

export interface RestoreOptions {
  readonly progress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Puts a backup in the place of the journal. It is restored beside the present one and looked at first; only then do the two
 * change names. The present one is kept under another name. Nobody may be connected to it.
 */
export async function restore(url: string, file: string, { progress, signal }: RestoreOptions = {}): Promise<Restored> {
  if (!existsSync(file)) throw new JournalError(`There is no file ${file}.`);
  if (statSync(file).isDirectory()) throw new JournalError(`${file} is a folder: name the file in it, or "last" with --folder.`);
  if (!existsSync(`${file}.json`))
    throw new JournalError(`Beside ${file} there is no ${file}.json, which says what the backup must hold: copy it too.`);
  const facts = factsOf(file);
  if (facts === null) throw new JournalError(`${file}.json does not say what the backup must hold: it is damaged. Use another backup.`);
  const found = await sha256Of(file);
  if (found !== facts.sha256)
    throw new JournalError(`${file} is damaged: expected the SHA-256 ${facts.sha256}, found ${found}. Use another backup.`);
  const { database } = shownAddress(url);
  const stamp = new Date().toISOString().replaceAll(/[-:.TZ]/g, '');
  const fresh = `${database}_restored_${stamp}`;
  const before = `${database}_before_${stamp}`;
  const admin = urlOfDatabase(url, 'postgres');
  await requireAlone(admin, database);
  try {
    const tables = facts.sessions.length * 2;
    await restoreInto(admin, fresh, file, (done) => progress?.(Math.min(done, tables), tables), signal);
    await migrate(urlOfDatabase(url, fresh));
    await requireHeads(urlOfDatabase(url, fresh), facts);
    await requireAlone(admin, database);
  } catch (error) {
    await within(admin, `while removing the database ${fresh}`, (client) => client.query(`DROP DATABASE IF EXISTS ${quoted(fresh)}`));
    throw error;
  }
  await within(admin, 'while putting the restored database in its place', async (client) => {
    // One transaction: there is never a moment without a journal.
    await client.query(
      `BEGIN; ALTER DATABASE ${quoted(database)} RENAME TO ${quoted(before)}; ALTER DATABASE ${quoted(fresh)} RENAME TO ${quoted(database)}; COMMIT`,
    );
  });
  return { file, sessions: facts.sessions.length, before };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function requireAlone(admin: string, database: string): Promise<void> {
  await within(admin, 'while looking who uses the journal', async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT coalesce(nullif(application_name, ''), 'a client without a name') AS name FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
      [database],
    );
    if (rows.length > 0)
      throw new JournalError(
        `${rows.length} clients use the journal (${[...new Set(rows.map(({ name }) => name))].slice(0, 5).join(', ')}): stop everything that runs on it first ("arb stop").`,
      );
  });
}
