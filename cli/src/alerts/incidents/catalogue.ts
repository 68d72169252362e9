import type { AlertRules } from '@arb/shared/core';
import type { Incident } from './incident.ts';
import type { TrialStack } from './trial-stack.ts';

/** Few books, so that the machine is busy with the incident and not with the market. */
const CALM = { ARB_MARKET_BOOKS_PER_SECOND: '50', ARB_MARKET_COINS: 'BTC,ETH,XRP' };
const OPENED_AND_CLOSED = { production: { telegram: 2, slack: 0 }, development: { telegram: 2, slack: 2 } } as const;
/** P2: in production it stands in the journal and in the summary of the day. */
const P2_OPENED_AND_CLOSED = { production: { telegram: 0, slack: 0 }, development: { telegram: 2, slack: 2 } } as const;

function changed(set: AlertRules, id: string, change: object): AlertRules {
  return { ...set, rules: set.rules.map((rule) => (rule.id === id ? { ...rule, ...change } : rule)) };
}

function raised(rule: string): string {
  return `SELECT 1 FROM alerts WHERE rule = '${rule}' AND state IN ('raised', 'noted') LIMIT 1`;
}
function closed(rule: string): string {
  return `SELECT 1 FROM alerts WHERE rule = '${rule}' AND state = 'closed' LIMIT 1`;
}

async function pausedUntilRaised(stack: TrialStack, program: string, rule: string, withinMs: number): Promise<void> {
  stack.signal(program, 'SIGSTOP');
  try {
    await stack.until(`${rule} to be raised`, raised(rule), withinMs);
  } finally {
    stack.signal(program, 'SIGCONT');
  }
  await stack.until(`${rule} to be over`, closed(rule), 60_000);
}

export const INCIDENTS: readonly Incident[] = [
  {
    name: 'redis-lost',
    says: 'Redis does not answer any more',
    rule: 'AL-001',
    severity: 'P1',
    text: 'Redis is away',
    settings: CALM,
    expected: OPENED_AND_CLOSED,
    ends: true,
    cause: (stack) => pausedUntilRaised(stack, 'redis', 'AL-001', 30_000),
  },
  {
    name: 'service-down',
    says: 'a service hangs',
    rule: 'SV-001',
    severity: 'P1',
    text: 'risk has said nothing for 5 s',
    settings: CALM,
    expected: OPENED_AND_CLOSED,
    ends: true,
    cause: (stack) => pausedUntilRaised(stack, 'risk', 'SV-001', 30_000),
  },
  {
    name: 'latency-high',
    says: 'a service gets a tenth of the processor that it needs',
    rule: 'LT-001',
    severity: 'P1',
    text: 'aggregator is',
    settings: { ...CALM, ARB_MARKET_BOOKS_PER_SECOND: '2000' },
    rules: (set) => changed(set, 'LT-001', { holdSeconds: 1, when: { service: 'aggregator', lagMs: { above: 300 } } }),
    expected: OPENED_AND_CLOSED,
    ends: true,
    async cause(stack) {
      for (let i = 0; i < 100; i++) {
        stack.signal('aggregator', 'SIGSTOP');
        await stack.wait(600);
        stack.signal('aggregator', 'SIGCONT');
        await stack.wait(60);
        if (i % 5 === 4 && (await stack.sql(raised('LT-001'))).length > 0) break;
      }
      await stack.until('LT-001 to be over', closed('LT-001'), 60_000);
    },
  },
  {
    name: 'venue-down',
    says: 'the exchanges refuse every connection',
    rule: 'VN-002',
    severity: 'P1',
    text: 'is down',
    settings: CALM,
    // Both venues at once: as one trouble they are one message.
    rules: (set) => changed(set, 'VN-002', { key: [] }),
    expected: OPENED_AND_CLOSED,
    ends: true,
    async cause(stack) {
      stack.signal('simulator', 'SIGKILL');
      await stack.until('VN-002 to be over', closed('VN-002'), 60_000);
    },
  },
  {
    name: 'venue-frozen',
    says: 'the exchanges are connected and say nothing',
    rule: 'VN-003',
    severity: 'P1',
    text: 'is frozen',
    settings: CALM,
    rules: (set) => changed(set, 'VN-003', { key: [] }),
    expected: OPENED_AND_CLOSED,
    ends: true,
    cause: (stack) => pausedUntilRaised(stack, 'simulator', 'VN-003', 30_000),
  },
  {
    name: 'snapshot-failed',
    says: 'snapshots cannot be kept',
    rule: 'SN-001',
    severity: 'P2',
    text: 'has kept no snapshot',
    settings: CALM,
    rules: (set) => changed(set, 'SN-001', { when: { service: 'risk', snapshotAge: { above: 25 } } }),
    expected: P2_OPENED_AND_CLOSED,
    ends: true,
    async cause(stack) {
      await stack.until('a first snapshot', "SELECT 1 FROM snapshots WHERE service = 'risk' LIMIT 1", 60_000);
      await stack.sql("ALTER TABLE snapshots ADD CONSTRAINT incident CHECK (service <> 'risk') NOT VALID");
      await stack.until('SN-001 to be raised', raised('SN-001'), 90_000);
      await stack.sql('ALTER TABLE snapshots DROP CONSTRAINT incident');
      await stack.until('SN-001 to be over', closed('SN-001'), 60_000);
    },
  },
  {
    name: 'exposure',
    says: 'the portfolio is full',
    rule: 'RK-004',
    severity: 'P2',
    text: 'the portfolio takes no more',
    settings: {
      ...CALM,
      ARB_MARKET_BOOKS_PER_SECOND: '300',
      ARB_RISK_MAX_EXPOSURE: '500',
      ARB_RISK_MAX_PER_COIN: '500',
      ARB_STRATEGY_MIN_EDGE_BPS: '3',
      ARB_STRATEGY_EXIT_EDGE_BPS: '1',
    },
    rules: (set) => changed(set, 'RK-004', { key: [], times: 2, closeAfterSeconds: 3600 }),
    expected: { production: { telegram: 0, slack: 0 }, development: { telegram: 1, slack: 1 } },
    ends: false,
    cause: (stack) => stack.until('RK-004 to be raised', raised('RK-004'), 60_000),
  },
  {
    name: 'all-routes-skipped',
    says: 'no route is good enough',
    rule: 'RT-001',
    severity: 'P3',
    text: 'nothing is entered',
    settings: { ...CALM, ARB_STRATEGY_MIN_EDGE_BPS: '9000', ARB_STRATEGY_ABNORMAL_EDGE_BPS: '9500' },
    rules: (set) => changed(set, 'RT-001', { holdSeconds: 10 }),
    expected: { production: { telegram: 0, slack: 0 }, development: { telegram: 0, slack: 0 } },
    ends: false,
    cause: (stack) => stack.until('RT-001 to be raised', raised('RT-001'), 60_000),
  },
  {
    name: 'journal-away',
    says: 'Postgres takes no rows any more',
    rule: 'JN-001',
    severity: 'P0',
    text: 'the journal is',
    settings: CALM,
    // While it lasts, only the dead man's switch can speak; these two follow once they are journaled.
    expected: OPENED_AND_CLOSED,
    ends: true,
    async cause(stack) {
      await stack.sql('SET statement_timeout = 0; BEGIN; LOCK TABLE events_ledger IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(12); COMMIT');
      await stack.until('JN-001 to be over', closed('JN-001'), 60_000);
    },
  },
];
