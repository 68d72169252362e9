import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FoundServers, PostgresFolder } from '../../../../bootstrap/servers.mjs';
import { readIfThere } from '../file.ts';
import { commandLineOf, identityOf, isAlive, signalProcess } from '../process-identity.ts';
import type { Secrets } from '../secrets.ts';
import { DATABASE, OWNER, type PostgresPlace } from './postgres-place.ts';
import { runOnce } from './run-once.ts';

const PASSWORD_MARK = 'password-of';
const HALF_MADE = /^data\.new-/;

/** Makes the data folder where there is none. Returns the programs of the version that made it. */
export async function preparePostgresData(
  place: PostgresPlace,
  found: FoundServers,
  secrets: Secrets,
  say: (line: string) => void,
): Promise<PostgresFolder> {
  for (const name of readdirSync(place.folder)) if (HALF_MADE.test(name)) rmSync(join(place.folder, name), { recursive: true });
  const version = readIfThere(join(place.data, 'PG_VERSION'))?.trim();
  if (version === undefined || !existsSync(join(place.data, 'global', 'pg_control'))) {
    const newest = found.postgres[0];
    if (newest === undefined) throw new Error('PostgreSQL is not installed');
    if (existsSync(place.data)) setAside(place, say);
    await makeData(place, newest, secrets, say);
    return newest;
  }
  const same = found.postgres.find((candidate) => candidate.major === Number(version));
  if (same === undefined)
    throw new Error(
      `the journal in ${place.data} was made by PostgreSQL ${version}, found is ${found.postgres.map(({ major }) => major).join(', ')}: install version ${version} again, or move that folder away to begin anew`,
    );
  if (readIfThere(join(place.folder, PASSWORD_MARK)) !== secrets.id) await setPassword(place, same, secrets);
  return same;
}

/** Under another name until it is whole: what has its final name is complete. */
async function makeData(place: PostgresPlace, { bin }: PostgresFolder, secrets: Secrets, say: (line: string) => void): Promise<void> {
  say('making the database of the journal');
  const made = join(place.folder, `data.new-${randomBytes(4).toString('hex')}`);
  const passwordFile = join(place.folder, 'password');
  writeFileSync(passwordFile, `${secrets.postgres}\n`, { mode: 0o600 });
  if (place.user !== null) chownSync(passwordFile, place.user.uid, place.user.gid);
  try {
    await runOnce(place, join(bin, 'initdb'), [
      ...['-D', made, '-U', OWNER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
      ...['--encoding=UTF8', '--locale=C', '--data-checksums', '--no-instructions'],
    ]);
    await runOnce(place, join(bin, 'postgres'), ['--single', '-D', made, 'postgres'], `CREATE DATABASE ${DATABASE};\n`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  writeFileSync(join(place.folder, PASSWORD_MARK), secrets.id);
  renameSync(made, place.data);
}

/** The secrets were lost and made anew: whoever may write the data may set the password. */
async function setPassword(place: PostgresPlace, { bin }: PostgresFolder, secrets: Secrets): Promise<void> {
  await clearStalePid(place, () => {});
  await runOnce(
    place,
    join(bin, 'postgres'),
    ['--single', '-D', place.data, 'postgres'],
    `ALTER ROLE ${OWNER} PASSWORD '${secrets.postgres}';\n`,
  );
  writeFileSync(join(place.folder, PASSWORD_MARK), secrets.id);
}

/** It cannot be used, and it may hold something that someone misses. */
function setAside(place: PostgresPlace, say: (line: string) => void): void {
  let number = 1;
  while (existsSync(`${place.data}.incomplete-${number}`)) number++;
  const aside = `${place.data}.incomplete-${number}`;
  renameSync(place.data, aside);
  say(`${place.data} is not a whole database: moved to ${aside}, making a new one`);
}

const WAIT_MS = 10_000;

/**
 * `postmaster.pid` names the process that has the data folder. Ours by then is gone, so: a server that really has this
 * folder is an orphan and is stopped; a pid that belongs to some other program by now means nothing, yet would keep
 * Postgres from starting.
 */
export async function clearStalePid(place: PostgresPlace, say: (line: string) => void): Promise<void> {
  const file = join(place.data, 'postmaster.pid');
  const pid = Number.parseInt(readIfThere(file) ?? '', 10);
  const holder = Number.isNaN(pid) ? null : identityOf(pid);
  // A dead pid stays: from this file Postgres also learns whether another one's children still use the data.
  if (holder === null) return;
  if (commandLineOf(pid).includes(place.data)) {
    say(`stopping a database server that an earlier run left behind (process ${pid})`);
    signalProcess(holder, 'SIGINT');
    for (const deadline = performance.now() + WAIT_MS; isAlive(holder) && performance.now() < deadline; ) await sleep(50);
    signalProcess(holder, 'SIGQUIT');
    for (const deadline = performance.now() + WAIT_MS; isAlive(holder); await sleep(50))
      if (performance.now() > deadline)
        throw new Error(`the database server of ${place.data} (process ${pid}) does not end: end it by hand`);
  }
  rmSync(file, { force: true });
}
