import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: three folders above this file, in `src` and in `dist` alike. */
export const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Where the data of this machine is, and how its files are called. */
export interface Home {
  readonly folder: string;
  /** What runs now: processes, ports, session. Gone when nothing runs. */
  readonly run: string;
  /** Held by the one process that may start and stop servers here. */
  readonly lock: string;
  readonly secrets: string;
  /** Ports of the last run, so that addresses stay the same. */
  readonly ports: string;
  readonly logs: string;
}

export function homeOf(env: NodeJS.ProcessEnv = process.env): Home {
  const folder = resolve(env.ARB_HOME || join(CHECKOUT, '.arb'));
  return {
    folder,
    run: join(folder, 'run.json'),
    lock: join(folder, 'run.lock'),
    secrets: join(folder, 'secrets'),
    ports: join(folder, 'ports.json'),
    logs: join(folder, 'logs'),
  };
}

export function makeHome(home: Home): void {
  try {
    mkdirSync(home.logs, { recursive: true });
    // Others may pass through it (Postgres does, as a user of its own); what is secret in it is closed by itself.
    if (process.getuid?.() === 0) chmodSync(home.folder, 0o755);
  } catch (cause) {
    throw new Error(`the data folder ${home.folder} cannot be made: give this user the right to write there, or set ARB_HOME`, { cause });
  }
}
