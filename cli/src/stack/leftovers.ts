import { setTimeout as sleep } from 'node:timers/promises';
import type { Home } from './home.ts';
import { isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';
import { readRun, removeRun } from './run-file.ts';

const GRACE_MS = 5_000;
const POLL_MS = 25;

/**
 * Ends what a supervisor left running that was killed. Only for the holder of the lock: then the one that wrote the run
 * file has ended. A pid that belongs to another program by now is let alone.
 */
export async function stopLeftovers(home: Home, say: (line: string) => void): Promise<number> {
  const run = readRun(home);
  if (run === null) return 0;
  const left = run.programs.flatMap((program) =>
    program.process !== null && isAlive(program.process) ? [{ ...program, process: program.process }] : [],
  );
  if (left.length > 0) say(`stopping ${left.length} processes that an earlier run left behind`);
  // Services first, so that none of them sees its server go.
  for (const kind of ['service', 'server'] as const)
    await Promise.all(left.filter((program) => program.kind === kind).map((program) => end(program.process, program.stopSignal)));
  removeRun(home);
  return left.length;
}

async function end(process: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  signalProcess(process, signal);
  if (await ended(process)) return;
  signalProcess(process, 'SIGKILL');
  if (!(await ended(process))) throw new Error(`process ${process.pid} of an earlier run does not end: end it by hand, then try again`);
}

async function ended(process: ProcessIdentity): Promise<boolean> {
  for (const deadline = performance.now() + GRACE_MS; isAlive(process); await sleep(POLL_MS))
    if (performance.now() > deadline) return false;
  return true;
}
