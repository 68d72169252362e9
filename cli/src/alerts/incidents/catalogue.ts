import type { AlertRules } from '@arb/shared/core';
import type { Incident } from './incident.ts';
import type { TrialStack } from './trial-stack.ts';

/** Of its requests, a minute. */
const BINANCE_WEIGHT = 6_000;
/** Coins of which either exchange may hold as much as the other one has none. */
const RICH = { BTC: '1', ETH: '20', XRP: '40000' };
const POOR = { BTC: '0.03', ETH: '0.6', XRP: '1200' };

/**
 * Few books, so that the machine is busy with the incident and not with the market; and no trades, for what comes of them
 * is told as well, and people are told only so much in a minute.
 */
const CALM = { ARB_MARKET_BOOKS_PER_SECOND: '50', ARB_MARKET_COINS: 'BTC,ETH,XRP', ARB_STRATEGY_MIN_EDGE_BPS: '450' };
/** Enters whatever pays for now, from the first book on: what is caused here needs trips, not good ones. */
const EAGER = {
  ...CALM,
  ARB_MARKET_BOOKS_PER_SECOND: '300',
  ARB_STRATEGY_MIN_SCORE: '0',
  ARB_STRATEGY_MIN_ROUND_TRIP_BPS: '-500',
  ARB_STRATEGY_MIN_STOP_ROOM_BPS: '0',
  ARB_STRATEGY_PREMIUM_WARM_UP_SECONDS: '0',
};
/** Asks the exchanges for their markets and wallets all the time, as a minute of a long day does. */
const OFTEN_ASKED = { ...CALM, ARB_MARKET_STATUS_SECONDS: '3' };
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

/** Spends so much of what the exchange allows this address, as another program on it would. */
async function keepSpent(stack: TrialStack, share: number): Promise<void> {
  let path = '/binance/api/v3/ping';
  for (;;) {
    const answer = await stack.ask(path);
    const spent = Number(answer.headers.get('x-mbx-used-weight-1m'));
    await answer.arrayBuffer();
    if (answer.status !== 200 || !(spent > 0)) throw new Error(`expected the exchange to say what is spent, found ${answer.status}`);
    if (spent >= share * BINANCE_WEIGHT) return;
    path = '/binance/api/v3/depth?symbol=BTCUSDT&limit=5000';
  }
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
      // It is started again within a second or two; only what lasts longer is worth a word.
      for (let i = 0; i < 100 && (await stack.sql(raised('VN-002'))).length === 0; i++) {
        stack.signal('simulator', 'SIGKILL');
        await stack.wait(200);
      }
      await stack.until('VN-002 to be raised', raised('VN-002'), 10_000);
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
    name: 'reconnect-storm',
    says: 'an exchange cuts the connection again and again',
    rule: 'WS-003',
    severity: 'P1',
    text: 'binance was reconnected',
    settings: CALM,
    rules: (set) => changed(set, 'WS-003', { closeAfterSeconds: 20 }),
    expected: OPENED_AND_CLOSED,
    ends: true,
    async cause(stack) {
      for (let cuts = 0; cuts < 20 && (await stack.sql(raised('WS-003'))).length === 0; cuts++) {
        await stack.befall({ kind: 'cut', venue: 'binance', seconds: 1 });
        await stack.wait(3_000);
      }
      await stack.until('WS-003 to be raised', raised('WS-003'), 10_000);
      await stack.until('WS-003 to be over', closed('WS-003'), 60_000);
    },
  },
  {
    name: 'rate-limit-low',
    says: 'another program on this address uses up what the exchange allows',
    rule: 'RL-001',
    severity: 'P2',
    text: 'of its rate limit is used',
    settings: OFTEN_ASKED,
    expected: P2_OPENED_AND_CLOSED,
    ends: true,
    async cause(stack) {
      // The exchange counts by its own minutes: what is spent at the end of one is forgotten before the stack asks again.
      for (let i = 0; i < 60 && (await stack.sql(raised('RL-001'))).length === 0; i++) {
        await keepSpent(stack, 0.85);
        await stack.wait(1_000);
      }
      await stack.until('RL-001 to be raised', raised('RL-001'), 10_000);
      await stack.until('RL-001 to be over', closed('RL-001'), 120_000);
    },
  },
  {
    name: 'rate-limited',
    says: 'an exchange answers 429 to every request',
    rule: 'RL-002',
    severity: 'P1',
    text: 'binance refuses requests (429 or 418',
    settings: OFTEN_ASKED,
    rules: (set) => changed(set, 'RL-002', { closeAfterSeconds: 20 }),
    expected: OPENED_AND_CLOSED,
    ends: true,
    async cause(stack) {
      await stack.befall({ kind: 'too-many', venue: 'binance', status: 429, retryAfter: 1, seconds: 120 });
      await stack.until('RL-002 to be raised', raised('RL-002'), 60_000);
      await stack.relent();
      await stack.until('RL-002 to be over', closed('RL-002'), 60_000);
    },
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
      ...EAGER,
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
    name: 'portfolio-block',
    says: 'losses have reached the limit of the day; a person lets trading go on',
    rule: 'RK-001',
    severity: 'P1',
    text: 'the portfolio takes no entries: daily-loss',
    settings: {
      ...EAGER,
      ARB_RISK_MAX_DAILY_LOSS: '2',
      // Enters whatever it costs, and leaves at once: each round trip loses its fees.
      ARB_STRATEGY_MIN_EDGE_BPS: '-500',
      ARB_STRATEGY_EXIT_EDGE_BPS: '-1000',
      ARB_STRATEGY_MAX_HOLD_SECONDS: '1',
    },
    expected: OPENED_AND_CLOSED,
    ends: true,
    async cause(stack) {
      await stack.until('RK-001 to be raised', raised('RK-001'), 60_000);
      await stack.arb('go-on', '--why', 'looked at it');
      await stack.until('RK-001 to be over', closed('RK-001'), 30_000);
    },
  },
  {
    name: 'imbalance',
    says: 'money and coins stand at one exchange',
    rule: 'RG-003',
    severity: 'P2',
    text: 'the venues are out of balance',
    settings: {
      ...EAGER,
      ARB_STRATEGY_MIN_EDGE_BPS: '3',
      ARB_EXECUTOR_OPENING_BALANCES: JSON.stringify({ upbit: { KRW: '1500000', ...POOR }, binance: { USDT: '60000', ...RICH } }),
    },
    // Money and coins are two troubles of one cause.
    rules: (set) => changed(set, 'RG-003', { key: [], closeAfterSeconds: 3600 }),
    expected: { production: { telegram: 0, slack: 0 }, development: { telegram: 1, slack: 1 } },
    ends: false,
    cause: (stack) => stack.until('RG-003 to be raised', raised('RG-003'), 60_000),
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
