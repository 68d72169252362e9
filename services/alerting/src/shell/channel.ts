import type { DataOf } from '@arb/shared/contracts';
import type { Log } from '@arb/shared/runtime';

/** A way to people. Rejects when it could not deliver. */
export interface Channel {
  readonly name: string;
  deliver(alert: DataOf<'alert'>, tries: number): Promise<void>;
}

const LEVEL = { P0: 'error', P1: 'error', P2: 'warn', P3: 'info' } as const;

/** The service's own log: always there, and what the other channels fall back to. */
export function logChannel(log: Log): Channel {
  return {
    name: 'log',
    async deliver(alert, tries) {
      log(LEVEL[alert.severity], `${alert.severity} ${alert.state}: ${alert.summary}`, {
        alert: alert.id,
        key: alert.key,
        rule: alert.rule,
        count: alert.count,
        tries,
      });
    },
  };
}
