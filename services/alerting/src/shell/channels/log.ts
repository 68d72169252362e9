import type { Log } from '@arb/shared/runtime';
import type { Channel } from './channel.ts';

const LEVEL = { P0: 'error', P1: 'error', P2: 'warn', P3: 'info' } as const;

/** The service's own log: always there, and what stands in where no other channel is set up. */
export function logChannel(log: Log): Channel {
  return {
    name: 'log',
    async deliver({ alert, position }, tries) {
      const { severity, state, step, summary, id, key, rule, count } = alert;
      log(LEVEL[severity], `${severity} ${step ?? state}: ${summary}`, { alert: id, key, rule, count, position, tries });
    },
  };
}
