import { CORE_VERSIONS } from '@arb/shared/core';
import { type Archive, openArchive } from '@arb/shared/journal';
import { runTask, type SelfCheck, selfCheck } from '@arb/shared/replay';
import type { Log } from '@arb/shared/runtime';
import { CORES_MODULE } from './cores-module.ts';

const EVERY_MS = 300_000;
const WITHIN_MS = 600_000;

/** A check that cannot be made now and then says nothing: the machine is busy, the database away. So often in a row it does. */
const MOST_UNMADE = 3;
const MOST_SAID = 400;

export interface SelfCheckingOptions {
  readonly url: string;
  readonly log: Log;
  readonly everyMs?: number;
  /** Address of the module whose cores are replayed into, their versions, and how Node.js is started for it. */
  readonly cores?: string;
  readonly versions?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
}

/** The recovery that has not been needed yet, tried all the time: its last result, as metrics. */
export interface SelfChecking {
  numbers(): Readonly<Record<string, number>>;
  /** What the last check has found, for whoever is to be called; null where all is well. */
  trouble(): string | null;
  stop(): Promise<void>;
}

/** Every few minutes, in a process of its own that gives way to everything else. */
export function keepSelfChecking({
  url,
  log,
  everyMs = EVERY_MS,
  cores = CORES_MODULE,
  versions = CORE_VERSIONS,
  execArgv,
}: SelfCheckingOptions): SelfChecking {
  const archive: Archive = openArchive(url);
  const stopped = new AbortController();
  let last: SelfCheck | null = null;
  let failed = 0;
  let unmade = 0;
  let why = '';
  let under: Promise<void> | null = null;

  async function check(): Promise<void> {
    const session = await archive.currentSession();
    if (session === null || session.status !== 'live') return;
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(WITHIN_MS)]);
    const worker = { url, cores, background: true, signal, ...(execArgv === undefined ? {} : { execArgv }) };
    const found = await selfCheck(archive, session, versions, (range) => runTask({ kind: 'verify', session, range }, worker));
    unmade = 0;
    if (found === null) return;
    last = found;
    if (found.fault === null) log('debug', 'self-check: the states come out as they were stored', { ...found });
    else {
      failed++;
      log('error', 'self-check: a state does not follow from its snapshot and the events since', { ...found });
    }
  }

  const timer = setInterval(() => {
    if (under !== null) return;
    under = check()
      .catch((error: Error) => {
        if (stopped.signal.aborted) return;
        unmade++;
        why = error.message;
        log('warn', `self-check: ${why}`);
      })
      .finally(() => {
        under = null;
      });
  }, everyMs);

  return {
    numbers(): Readonly<Record<string, number>> {
      if (last === null) return {};
      const { fault, seconds, snapshots } = last;
      return {
        self_check_ok: fault === null ? 1 : 0,
        self_check_seconds: seconds,
        self_check_snapshots: snapshots,
        self_check_failures: failed,
      };
    },
    trouble(): string | null {
      if (last !== null && last.fault !== null) {
        const { check, position, subject, expected, found } = last.fault;
        return `self-check: what ${last.session} recorded cannot be derived again: ${check} at ${position}, ${subject}: expected ${expected}, found ${found}`.slice(
          0,
          MOST_SAID,
        );
      }
      return unmade < MOST_UNMADE ? null : `self-check: could not be made ${unmade} times in a row: ${why}`.slice(0, MOST_SAID);
    },
    async stop() {
      clearInterval(timer);
      stopped.abort(new Error('the journal stops'));
      await under;
      await archive.close();
    },
  };
}
