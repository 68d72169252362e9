import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { homeOf } from '../stack/home.ts';
import { stopLeftovers } from '../stack/leftovers.ts';
import { lockHolder, takeLock } from '../stack/lock.ts';
import { isAlive, signalProcess } from '../stack/process-identity.ts';

const WITHIN_MS = 60_000;

export const stop: Command = {
  name: 'stop',
  says: 'stops what runs here',
  words: [],
  flags: JSON_FLAG,
  async run({ flags }, { out, say }) {
    const home = homeOf();
    const holder = lockHolder(home);
    if (holder !== null) {
      if (flags.json !== true) say(`stopping process ${holder.pid} and what it runs`);
      signalProcess(holder, 'SIGTERM');
      for (const deadline = performance.now() + WITHIN_MS; isAlive(holder); await sleep(50))
        if (performance.now() > deadline)
          throw new Error(`process ${holder.pid} has not ended within ${WITHIN_MS / 1000} s: see ${home.logs}`);
    }
    // A supervisor that was killed could not stop anything.
    const left = await clearLeftovers(say);
    const stopped = holder !== null || left > 0;
    out(
      flags.json === true
        ? JSON.stringify({ stopped, pid: holder?.pid ?? null, leftovers: left })
        : stopped
          ? 'stopped'
          : 'nothing runs here',
    );
    return EXIT_GOOD;
  },
};

async function clearLeftovers(say: (line: string) => void): Promise<number> {
  const home = homeOf();
  const lock = await takeLockIfHome(home);
  if (lock === null) return 0;
  try {
    return await stopLeftovers(home, say);
  } finally {
    lock.release();
  }
}

/** Where nothing was ever started there is no folder to hold a lock in, and nothing to stop. */
async function takeLockIfHome(home: ReturnType<typeof homeOf>) {
  try {
    return await takeLock(home, 'journal');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
