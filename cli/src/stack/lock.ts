import { randomBytes } from 'node:crypto';
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere } from './file.ts';
import type { Home } from './home.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

/** `stack`: for as long as it runs. `journal`: for one command that needs the database. */
export type LockUse = 'stack' | 'journal';
export interface LockHolder extends ProcessIdentity {
  readonly use: LockUse;
}
export interface Lock {
  release(): void;
}

const POLL_MS = 50;

/** Another process has the servers of this folder. */
export class AlreadyRunning extends Error {
  readonly holder: LockHolder;
  constructor(home: Home, holder: LockHolder) {
    super(
      holder.use === 'stack'
        ? `already running here, as process ${holder.pid} (data in ${home.folder}): see it with "npx arb status", end it with "npx arb stop"`
        : `another arb command (process ${holder.pid}) is using the journal in ${home.folder}: try again when it has ended`,
    );
    this.name = 'AlreadyRunning';
    this.holder = holder;
  }
}

/**
 * Takes the lock of a data folder. A holder that has ended, however it ended, holds nothing. Waits only for a command,
 * which ends by itself; a running stack is refused at once.
 */
export async function takeLock(home: Home, use: LockUse, waitMs = 30_000): Promise<Lock> {
  const me = identityOf(process.pid);
  if (me === null) throw new Error(`the start time of this process (${process.pid}) cannot be read, so it cannot hold ${home.lock}`);
  const mine = JSON.stringify({ ...me, use, nonce: randomBytes(8).toString('hex') });
  const deadline = performance.now() + waitMs;
  for (;;) {
    if (place(home.lock, mine)) return { release: () => releaseLock(home, mine) };
    const there = readIfThere(home.lock);
    if (there === null) continue;
    const holder = holderOf(there);
    if (holder === null || !isAlive(holder)) takeAway(home.lock, there);
    else if (holder.use === 'stack' || performance.now() > deadline) throw new AlreadyRunning(home, holder);
    else await sleep(POLL_MS);
  }
}

/** Who has it now, if that process is still alive. */
export function lockHolder(home: Home): LockHolder | null {
  const there = readIfThere(home.lock);
  const holder = there === null ? null : holderOf(there);
  return holder !== null && isAlive(holder) ? holder : null;
}

function releaseLock(home: Home, mine: string): void {
  if (readIfThere(home.lock) === mine) rmSync(home.lock, { force: true });
}

/** A link appears with its content, and only where nothing was. */
function place(path: string, content: string): boolean {
  const own = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  writeFileSync(own, content, { mode: 0o600 });
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes a dead holder's lock. Whoever was quicker has a new one there by now: that one is put back. */
function takeAway(path: string, stale: string): void {
  const aside = `${path}.stale-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readIfThere(aside);
  if (moved !== null && moved !== stale) place(path, moved);
  rmSync(aside, { force: true });
}

function holderOf(content: string): LockHolder | null {
  try {
    const found = JSON.parse(content) as LockHolder;
    return typeof found.pid === 'number' && typeof found.start === 'string' ? found : null;
  } catch {
    return null; // half a file of a crashed machine: nobody holds it
  }
}
