import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { type PostgresPlace, postgresEnv } from './postgres-place.ts';

const MAX_SAID = 8_000;
const WITHIN_MS = 120_000;

/** Runs one of Postgres' programs to its end, as the user whose data it is. */
export async function runOnce(place: PostgresPlace, command: string, args: readonly string[], input = ''): Promise<void> {
  const child = spawn(command, args, {
    cwd: place.folder,
    env: postgresEnv(),
    ...place.user,
    timeout: WITHIN_MS,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  const keep = (chunk: Buffer): void => {
    said = (said + chunk.toString('utf8')).slice(-MAX_SAID);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.on('error', () => {}); // it ended before it read all: its exit code says so too
  child.stdin.end(input);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  // In single-user mode Postgres ends with 0 whatever became of the statement.
  if (code !== 0 || /\b(ERROR|FATAL|PANIC):/.test(said))
    throw new Error(`${basename(command)} in ${place.folder} failed (${signal ?? `exit code ${code}`}):\n${said.trim()}`);
}
