import type { Config } from '@arb/shared/config';
import type { DataOf } from '@arb/shared/contracts';
import type { Log, Shell, Time } from '@arb/shared/runtime';
import { AlertingShell } from './alerting-shell.ts';
import { channelsOf } from './channels/index.ts';
import { codeOf } from './channels/post.ts';
import { type JournalAlerts, openJournalAlerts } from './journal-alerts.ts';
import { queueKeys } from './queue/keys.ts';
import { RedisQueue } from './queue/redis-queue.ts';

const PING_MS = 3_000;
/** One for the process: every session's shell reads through it. */
let journal: JournalAlerts | null = null;

export function makeShell({ config, time, log }: { readonly config: Config; readonly time: Time; readonly log: Log }): Shell {
  const { infrastructure } = config;
  journal ??= openJournalAlerts(infrastructure.postgresUrl);
  const alerts = journal;
  let sealed: DataOf<'journal.committed'> | null = null;
  const dayLines = async (): Promise<readonly string[]> =>
    sealed === null ? ['the journal has sealed nothing yet'] : [`sealed up to position ${sealed.to}, head ${sealed.head}`];
  const { deadManWebhook } = infrastructure;
  return new AlertingShell({
    channels: channelsOf(infrastructure, log, dayLines),
    makeRedis: (session, boot) => new RedisQueue(infrastructure.redisUrl, queueKeys(infrastructure.environment, session), boot),
    backlog: (session, from, limit) => alerts.from(session, from, limit),
    ping: deadManWebhook === null ? null : () => ping(deadManWebhook),
    sealed: (head) => {
      sealed = head;
    },
    time,
    log,
  });
}

/** Its address is a secret: what went wrong is said by its code only. */
async function ping(url: string): Promise<void> {
  let status: number;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PING_MS) });
    await response.arrayBuffer();
    ({ status } = response);
  } catch (error) {
    throw new Error(codeOf(error));
  }
  if (status >= 400) throw new Error(`it answered ${status}`);
}
