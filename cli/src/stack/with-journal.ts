import { migrate } from '@arb/shared/journal';
import { onInterrupt } from '../interrupts.ts';
import { type Home, makeHome } from './home.ts';
import { stopLeftovers } from './leftovers.ts';
import { lockHolder, takeLock } from './lock.ts';
import { openPorts } from './ports.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';
import { readRun, removeRun, writeRun } from './run-file.ts';
import { ensureSecrets, readSecrets } from './secrets.ts';
import { postgresUrl } from './servers/postgres.ts';
import { openSupervisor } from './supervisor.ts';

const READY_WITHIN_MS = 60_000;

export interface JournalUse {
  /** `work` hears of Ctrl-C itself and needs the database to take back what is half done: it stays until then. */
  readonly takesBack?: boolean;
}

/**
 * Calls `work` with the address of the journal's database: that of the running stack, or of one that is started for
 * just this long. Where ARB_POSTGRES_URL names one, it is that.
 */
export async function withJournal<T>(
  home: Home,
  say: (line: string) => void,
  work: (url: string) => Promise<T>,
  { takesBack = false }: JournalUse = {},
): Promise<T> {
  const named = process.env.ARB_POSTGRES_URL;
  if (named !== undefined && named !== '') return work(named);
  const running = urlOfRunning(home);
  return running === null ? withOwnPostgres(home, say, work, takesBack) : work(running);
}

function urlOfRunning(home: Home): string | null {
  if (lockHolder(home)?.use !== 'stack') return null;
  const run = readRun(home);
  const port = run?.ports.postgres;
  const secrets = readSecrets(home);
  const ready = run?.programs.some(({ name, ready }) => name === 'postgres' && ready) ?? false;
  return port === undefined || secrets === null || !ready ? null : postgresUrl(port, secrets);
}

async function withOwnPostgres<T>(
  home: Home,
  say: (line: string) => void,
  work: (url: string) => Promise<T>,
  takesBack: boolean,
): Promise<T> {
  makeHome(home);
  const lock = await takeLock(home, 'journal');
  try {
    await stopLeftovers(home, say);
    const ports = openPorts(home);
    // Not needed beside a running stack.
    const { planPostgres } = await import('./private-servers.ts');
    const { program, url, data } = await planPostgres({ home, ports, secrets: ensureSecrets(home), say });
    const startedAt = new Date().toISOString();
    const record = (): void =>
      writeRun(home, {
        version: 1,
        supervisor: identityOf(process.pid) as ProcessIdentity,
        startedAt,
        session: null,
        phase: 'running',
        market: null,
        postgresData: data,
        ports: ports.taken,
        programs: supervisor.states(),
      });
    const supervisor = openSupervisor(home.logs, record, say);
    // Ctrl-C in the middle ends the command by its error, and the database with it.
    const interrupted = new AbortController();
    const over = onInterrupt(() => interrupted.abort(new Error('interrupted')));
    try {
      supervisor.add([program]);
      await supervisor.untilReady([program.name], READY_WITHIN_MS);
      await migrate(url);
      interrupted.signal.throwIfAborted();
      const done = work(url);
      return await (takesBack ? done : Promise.race([done, rejection(interrupted.signal)]));
    } finally {
      await supervisor.stop([[program.name]]);
      over();
      removeRun(home);
      ports.release();
    }
  } finally {
    lock.release();
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
