import { setTimeout as sleep } from 'node:timers/promises';
import { openJournalReader } from '@arb/shared/journal';

/** A cut waits for the last state of every core. */
const SESSION_WITHIN_MS = 60_000;
const SESSION_POLL_MS = 50;

/**
 * The session of this start. All services are ready in the one before for a moment, when that is to be cut: what is waited
 * for runs this configuration, and after --clean is another one than `not`.
 */
export async function sessionOf(postgres: string, hash: string, not: string | null, signal: AbortSignal): Promise<string | null> {
  const reader = openJournalReader(postgres);
  try {
    for (const deadline = performance.now() + SESSION_WITHIN_MS; ; await sleep(SESSION_POLL_MS, undefined, { signal })) {
      const found = await reader.currentSession();
      if (found !== null && found.status === 'live' && found.configHash === hash && found.id !== not) return found.id;
      if (performance.now() > deadline)
        throw new Error(
          `a session of this configuration should be live by now, but ${found === null ? 'there is none' : `${found.id} is ${found.status}`}: see .arb/logs/journal.log`,
        );
    }
  } finally {
    await reader.close();
  }
}

const OVER_POLL_MS = 10;

/** Until the session's end is known: it takes nothing any more. */
export async function untilOver(postgres: string, session: string, signal: AbortSignal): Promise<void> {
  const reader = openJournalReader(postgres);
  try {
    for (const deadline = performance.now() + SESSION_WITHIN_MS; ; await sleep(OVER_POLL_MS, undefined, { signal })) {
      const found = await reader.session(session);
      if (found !== null && found.end !== null) return;
      if (performance.now() > deadline)
        throw new Error(`session ${session} should be over by now, but it is ${found?.status ?? 'not there'}: see .arb/logs/journal.log`);
    }
  } finally {
    await reader.close();
  }
}
