import { make as makeAlerting } from '@arb/alerting/core';
import { AlertQueue, type Letter, queueKeys, RedisQueue } from '@arb/alerting/delivery';
import { type RedisServer, startRedis } from '@arb/alerting/testing';
import { loadConfig } from '@arb/shared/config';
import { type AnyEvent, CATALOG, type DataOf, type EventType, encodeEvent, parseEvent, type Scanned, scan } from '@arb/shared/contracts';
import type { AlertRules, SessionConfig } from '@arb/shared/core';
import { realTime } from '@arb/shared/hosting';
import { CoreRunner } from '@arb/shared/runtime';
import type { Bench } from '../bench.ts';
import { median, percentile } from '../numbers.ts';
import { atLeast, atMost, type Row, row } from '../row.ts';

const SESSION = 'bench-alerts';
const BEGIN = 1_700_000_000_000_000;
const ALERTS = 20_000;
/** As many venues as a session may name. */
const KEYS = 16;

/** What an alert costs whoever raises it, and the core that makes one of what it read. */
export const alerts: Bench = {
  name: 'alerts',
  says: `${ALERTS} alerts through their core, and raised onto their queue with Redis there and gone`,
  byDefault: true,
  async run({ quick, say }) {
    say('core');
    const rows: Row[] = [through(quick, true), through(quick, false)];
    const redis = await startRedis();
    try {
      say('queue, Redis there');
      rows.push(...(await raised(redis, 'Redis there')));
      say('queue, Redis gone');
      await redis.kill();
      rows.push(...(await raised(redis, 'Redis gone')));
    } finally {
      await redis.stop();
    }
    return rows;
  },
};

// ---- the core -------------------------------------------------------------------------------------------------------

/** The rules as they are, but that one tells all that it sees, at once, and the others wait for an hour. */
function unlimited(rules: AlertRules): AlertRules {
  const limits = {
    ...rules.limits,
    perMinute: { P0: 1e6, P1: 1e6, P2: 1e6, P3: 1e6 },
    throttleSeconds: 0,
    aggregateSeconds: { P0: 0, P1: 0, P2: 0, P3: 0 },
  };
  return { ...rules, limits, rules: rules.rules.map((rule) => (rule.id === 'VN-003' ? rule : { ...rule, holdSeconds: 3_600 })) };
}

function configOf(): SessionConfig {
  const { session } = loadConfig({ env: {} });
  return { ...session, alerting: { ...session.alerting, rules: unlimited(session.alerting.rules as AlertRules) } };
}

class Script {
  readonly events: AnyEvent[] = [];
  private readonly turns = new Map<string, number>();
  at = BEGIN;

  say(type: EventType, words: readonly string[], source: string, data: unknown): void {
    const n = (this.turns.get(source) ?? 0) + 1;
    this.turns.set(source, n);
    const subject = [CATALOG[type].root, ...words].join('.');
    const bytes = Buffer.from(encodeEvent({ n, source, session: SESSION, type, v: CATALOG[type].v, at: this.at, cause: null }, data));
    const event = parseEvent(subject, bytes, scan(subject, bytes) as Scanned, this.events.length + 1);
    if (typeof event === 'string') throw new Error(`a made event is malformed: ${event}`);
    this.events.push(event);
  }
}

/** Venues that freeze and go on, so that each health is an alert: raised, over, raised. */
function script(delivered: boolean): readonly AnyEvent[] {
  const made = new Script();
  const started = { config: configOf(), configHash: '0'.repeat(64), seed: '1', versions: {}, boot: '0123456789', mode: 'ACTIVE' };
  made.say('session.started', ['started'], 'journal/0123456789', { ...started, parent: null, snapshots: {} });
  for (let i = 0; i < ALERTS; i++) {
    made.at += 1_000;
    if (i % 100 === 0) made.say('clock', [], 'journal/0123456789', { fill: 0, committed: 0, committedAt: made.at });
    made.say('health', [`venue${i % KEYS}`], 'market-data/0123456789', healthOf(i));
    if (!delivered) continue;
    const data = { id: `a${i + 1}`, key: 'VN-003', channel: 'telegram', state: 'sent', tries: 1, detail: null };
    made.say('alert.delivery', ['p1'], 'alerting/0123456789', data);
  }
  return made.events;
}

function healthOf(i: number): DataOf<'health'> {
  const state = Math.floor(i / KEYS) % 2 === 0 ? 'FROZEN' : 'HEALTHY';
  const numbers = { latencyMs: 1, reconnects: 0, conflated: 0, suspended: [] };
  return { venue: `venue${i % KEYS}`, state, why: 'connected, and no book for 5 s', ...numbers };
}

/** Processor time, encoding of the alerts included; collecting the garbage too. */
function through(quick: boolean, delivered: boolean): Row {
  const inputs = script(delivered);
  const spent: number[] = [];
  let told = 0;
  for (let round = 0; round < (quick ? 3 : 7); round++) {
    const runner = new CoreRunner('alerting', makeAlerting(), SESSION);
    told = 0;
    const from = process.cpuUsage();
    for (const event of inputs) runner.apply(event, () => told++);
    const { user, system } = process.cpuUsage(from);
    spent.push((user + system) / 1_000_000);
  }
  if (told < ALERTS) throw new Error(`expected ${ALERTS} alerts, the core has told ${told}`);
  const note = `${told} alerts of ${inputs.length} inputs, ${delivered ? 'each delivered meanwhile' : 'nobody takes one'}; processor time`;
  return row('alerts', `${ALERTS} through the core${delivered ? '' : ', none delivered'}`, median(spent), 's', { must: atMost(0.2), note });
}

// ---- the queue ------------------------------------------------------------------------------------------------------

function letter(position: number): Letter {
  const alert = {
    id: `a${position}`,
    key: 'VN-003/venue1',
    rule: 'VN-003',
    severity: 'P1',
    state: 'raised',
    step: 'opened',
    summary: 'venue1 is frozen: connected, and no book for 5 s',
    count: 1,
    since: BEGIN,
    channels: ['telegram', 'store'],
    runbook: 'venue-frozen',
  } as const;
  return { alert, session: SESSION, position, at: BEGIN, about: 12 };
}

/** Raised a hundred in a turn of the loop, as the stream brings them, while those before are on their way. */
async function raised(redis: RedisServer, when: string): Promise<readonly Row[]> {
  const journal: Letter[] = [];
  const delivered = new Set<number>();
  const queue = new AlertQueue({
    redis: new RedisQueue(redis.url, queueKeys('bench', when.replaceAll(' ', '-')), 'bench'),
    time: realTime,
    backlog: async (from, limit) =>
      journal.slice(from - 1, from - 1 + limit).map((one) => ({ position: one.position, body: JSON.stringify(one) })),
    committed: () => journal.length,
    mayAct: () => true,
    settled: ({ position }) => delivered.has(position),
    deliver: async ({ position }) => void delivered.add(position),
    changed: () => {},
    atOnce: 500,
  });
  queue.start();
  const began = performance.now();
  const micros: number[] = [];
  try {
    while (journal.length < ALERTS) {
      for (let i = 0; i < 100; i++) {
        const one = letter(journal.length + 1);
        journal.push(one);
        const from = performance.now();
        queue.raise({ position: one.position, body: JSON.stringify(one) });
        micros.push((performance.now() - from) * 1_000);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    const within = performance.now() + 20_000;
    while (delivered.size < ALERTS) {
      if (performance.now() > within) throw new Error(`${ALERTS - delivered.size} of ${ALERTS} alerts were not delivered within 20 s`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    queue.stop();
  }
  const seconds = (performance.now() - began) / 1_000;
  micros.sort((a, b) => a - b);
  const longest = micros[micros.length - 1] as number;
  const slow = micros.filter((one) => one > 1_000).length;
  const note = `median ${median(micros).toFixed(1)} µs, longest ${Math.round(longest)} µs, ${slow} of ${ALERTS} above 1 ms`;
  return [
    row('alerts', `raise, ${when}, p99.9`, percentile(micros, 0.999), 'µs', { must: atMost(1_000), note }),
    row('alerts', `raised and delivered, ${when}`, ALERTS / seconds, 'alerts/s', {
      must: atLeast(10_000),
      note: 'to a channel that takes it at once; wall time',
    }),
  ];
}
