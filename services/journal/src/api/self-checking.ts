import { CORE_VERSIONS } from '@arb/shared/core';
import { type Archive, openArchive } from '@arb/shared/journal';
import { runTask, type SelfCheck, selfCheck } from '@arb/shared/replay';
import type { Log } from '@arb/shared/runtime';
import { CORES_MODULE } from './cores-module.ts';

const EVERY_MS = 300_000;
const WITHIN_MS = 600_000;

/** The recovery that has not been needed yet, tried all the time: its last result, as metrics. */
export interface SelfChecking {
  numbers(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Every few minutes, in a process of its own that gives way to everything else. */
export function keepSelfChecking(url: string, log: Log, everyMs = EVERY_MS): SelfChecking {
  const archive: Archive = openArchive(url);
  const stopped = new AbortController();
  let last: SelfCheck | null = null;
  let failed = 0;
  let under: Promise<void> | null = null;

  async function check(): Promise<void> {
    const session = await archive.currentSession();
    if (session === null || session.status !== 'live') return;
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(WITHIN_MS)]);
    const found = await selfCheck(archive, session, CORE_VERSIONS, (range) =>
      runTask({ kind: 'verify', session, range }, { url, cores: CORES_MODULE, background: true, signal }),
    );
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
        if (!stopped.signal.aborted) log('warn', `self-check: ${error.message}`);
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
    async stop() {
      clearInterval(timer);
      stopped.abort(new Error('the journal stops'));
      await under;
      await archive.close();
    },
  };
}
