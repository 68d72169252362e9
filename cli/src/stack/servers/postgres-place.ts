import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readJson, replaceFile } from '../file.ts';
import type { Home } from '../home.ts';
import type { Secrets } from '../secrets.ts';

export const DATABASE = 'arb';
export const OWNER = 'arb';

/** Where Postgres keeps its data, and whom it runs as. */
export interface PostgresPlace {
  /** Owned by the user it runs as; holds `data` and what is made beside it. */
  readonly folder: string;
  readonly data: string;
  /** Null: the user we are. Postgres refuses to run as root. */
  readonly user: ServerUser | null;
}

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** In the data folder, unless root's Postgres could not reach it there. Decided once for a data folder and written down. */
export function placeOfPostgres(home: Home, secrets: Secrets): PostgresPlace {
  const user = process.getuid?.() === 0 ? serverUser(readFileSync('/etc/passwd', 'utf8')) : null;
  const record = join(home.folder, 'postgres.json');
  const recorded = (readJson(record) as { folder?: string } | null)?.folder;
  const folder = recorded ?? chooseFolder(home, secrets, user);
  if (recorded === undefined) replaceFile(record, `${JSON.stringify({ folder })}\n`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user !== null) chownSync(folder, user.uid, user.gid);
  return { folder, data: join(folder, 'data'), user };
}

function chooseFolder(home: Home, secrets: Secrets, user: ServerUser | null): string {
  const own = join(home.folder, 'postgres');
  if (user === null || isReachable(home.folder, user)) return own;
  const name = createHash('sha256').update(`${home.folder}\0${secrets.id}`).digest('hex').slice(0, 12);
  return `/var/lib/arbitrage-lite-${name}`;
}

/** Whether this user may pass through a folder and all above it. */
export function isReachable(folder: string, user: ServerUser): boolean {
  for (let at = realpathSync(folder); ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** `postgres` where its package made that user, else `nobody`. */
export function serverUser(passwd: string): ServerUser {
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const fields = passwd
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':');
    const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw new Error(
    'Postgres does not run as root, and there is neither a user "postgres" nor "nobody": add one, or run this as another user',
  );
}

/** Its own settings come from its own data folder only, and its messages are English: they are read by programs too. */
export function postgresEnv(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  for (const name of Object.keys(env)) if (name.startsWith('PG')) delete env[name];
  return env;
}
