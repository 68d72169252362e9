import { fileURLToPath } from 'node:url';
import { readAlertRules } from '@arb/shared/config';
import type { DataOf, ServiceName } from '@arb/shared/contracts';
import { type AlertRule, type AlertRules, FACTS, factFieldKind, type Routing, type SessionConfig } from '@arb/shared/core';
import { CoreBench, type Input, input, livedAndRestored, randomSequence, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { type AlertingCore, makeAlerting } from './alerting.ts';
import { type FactContext, factsOf } from './facts.ts';
import { make } from './index.ts';

const read = readAlertRules(fileURLToPath(new URL('../../../../config/alerts.yaml', import.meta.url)));
if ('faults' in read) throw new Error(JSON.stringify(read.faults));
const { rules: RULES } = read;
const VERSIONS = { aggregator: '1', strategy: '1', alerting: '1' };

function configOf(rules: AlertRules | null, routing: Routing = 'production'): SessionConfig {
  return { ...TEST_CONFIG, alerting: { routing, rules } };
}

/** The project's rules with some changed, or only those named. */
function only(...ids: string[]): AlertRules {
  const rules = RULES.rules.filter(({ id }) => ids.includes(id));
  // Whether a leg is left open is for the executor to say; here every failure counts.
  return { ...RULES, rules: rules.map((rule) => (rule.id === 'EX-003' ? { ...rule, when: { state: 'FAILED' } } : rule)) };
}

/** One of them, and the first time is enough. */
function once(id: string): AlertRules {
  const { times, withinSeconds, ...rule } = RULES.rules.find((known) => known.id === id) as AlertRule;
  expect([typeof times, typeof withinSeconds]).toEqual(['number', 'number']);
  return { ...RULES, rules: [rule] };
}

function begun(rules: AlertRules = RULES, routing: Routing = 'production'): CoreBench {
  const bench = new CoreBench(make, 'alerting');
  bench.feed(started(configOf(rules, routing), { versions: VERSIONS }));
  return bench;
}

function heartbeat(service: ServiceName, change: Partial<DataOf<'service.heartbeat'>> = {}): Input<'service.heartbeat'> {
  const data = { boot: 'abcdefgh', position: 1, lagPositions: 0, lagMs: 0, unconfirmed: 0, ready: true, snapshot: null, rssMb: 1 };
  return input('service.heartbeat', [service], { ...data, trouble: null, ...change });
}

function health(venue: string, change: Partial<DataOf<'health'>> = {}): Input<'health'> {
  const data = { state: 'HEALTHY', why: 'no answer', latencyMs: null, reconnects: 0, conflated: 0, suspended: [] } as const;
  return input('health', [venue], { venue, ...data, ...change });
}
const down = (venue: string) => health(venue, { state: 'DOWN' });

function command(what: string, change: Partial<DataOf<'command'>> = {}): Input<'command'> {
  return input('command', [what], { id: `${what}-1`, by: 'kim', why: 'test', ...change });
}

function order(venue: string, n: number): Input<'order'> {
  const data = { trip: 'BTC-1', venue, symbol: 'BTC-KRW', side: 'buy', state: 'rejected', quantity: '1', filled: '0', limit: '1' } as const;
  return input('order', [venue, 'BTC-KRW'], { ...data, order: `BTC-1-buy-${n}`, reason: 'insufficient funds' });
}

function guard(change: Partial<DataOf<'guard'>> = {}): Input<'guard'> {
  const zero = { amount: '0', currency: 'USDT' };
  const data = {
    mode: 'ACTIVE',
    rule: null,
    why: 'fine',
    closed: [],
    exposure: zero,
    dailyPnl: zero,
    equity: zero,
    drawdown: zero,
  } as const;
  return input('guard', [], { ...data, numbers: {}, ...change });
}

function position(state: DataOf<'position'>['state'], pnl: string | null = null): Input<'position'> {
  const amount = pnl === null ? null : { amount: pnl, currency: 'USDT' };
  return input('position', ['BTC'], { trip: 'BTC-1', coin: 'BTC', state, route: null, quantity: '1', pnl: amount, parts: {}, why: 'x' });
}

const quarantined = (): Input<'quarantine'> =>
  input('quarantine', [], {
    position: 7,
    subject: 'book.upbit.BTC-KRW',
    length: 3,
    sha256: '0'.repeat(64),
    head: 'e30=',
    reason: 'n is missing',
  });

const alerts = (bench: CoreBench) => bench.said('alert').map(({ data }) => data);
const told = (bench: CoreBench) => alerts(bench).map(({ key, step }) => `${key} ${step}`);
const loud = (bench: CoreBench) => alerts(bench).filter(({ channels = [] }) => channels.some((name) => name === 'telegram'));

/** Time that passes as it does: with a clock every 100 ms. */
function tickFor(bench: CoreBench, ms: number): void {
  for (let passed = 0; passed < ms; passed += 100) bench.pass(100);
}

/** Where a script is cut: often enough to meet every state. */
const CUTS = [1, 2, ...Array.from({ length: 60 }, (_, i) => 3 + i * 23)];

describe('a trouble', () => {
  it('is told when it opens and when it ends, with how long it lasted, what began it and what to do', () => {
    const bench = begun(only('VN-002'));
    bench.feed(health('upbit'));
    bench.feed(down('upbit'));
    const began = bench.position;
    tickFor(bench, 180_000);
    bench.feed(health('upbit'));
    const [opened, closed] = bench.said('alert');
    expect(opened).toMatchObject({
      words: ['p1'],
      basis: [began],
      cause: began,
      data: { key: 'VN-002/upbit', state: 'raised', severity: 'P1', runbook: 'venue-down', channels: ['telegram', 'store'] },
    });
    expect(opened?.data.summary).toBe('upbit is down: no answer');
    expect(closed).toMatchObject({
      basis: [began],
      data: { key: 'VN-002/upbit', state: 'closed', summary: expect.stringMatching(/^over after 3 m: /) },
    });
    expect(told(bench)).toHaveLength(2);
  });

  it('is a suspicion until it has lasted as long as its rule asks', () => {
    const bench = begun(only('VN-001'));
    for (let i = 0; i < 5; i++) {
      bench.feed(health('upbit', { state: 'DEGRADED' }));
      tickFor(bench, 10_000);
      bench.feed(health('upbit'));
    }
    expect(told(bench)).toEqual([]);
    bench.feed(health('upbit', { state: 'DEGRADED' }));
    tickFor(bench, 15_000);
    expect(told(bench)).toEqual(['VN-001/upbit opened']);
  });

  it('opens when it has happened often enough within its time, and not when the same number is spread', () => {
    const bench = begun(only('WS-003'));
    for (let i = 1; i <= 8; i++) {
      bench.feed(health('upbit', { reconnects: i }));
      tickFor(bench, 15_100);
    }
    expect(told(bench)).toEqual([]);
    for (let i = 9; i <= 13; i++) {
      bench.feed(health('upbit', { reconnects: i }));
      tickFor(bench, 5_000);
    }
    expect(told(bench)).toEqual(['WS-003/upbit opened']);
    tickFor(bench, 120_000);
    expect(told(bench)).toEqual(['WS-003/upbit opened', 'WS-003/upbit closed']);
  });

  it('is over when it stands in its list no more', () => {
    const bench = begun(only('RG-001', 'VN-004'));
    bench.feed(guard({ closed: [{ what: 'BTC', rule: 'losses', until: null }] }));
    bench.feed(health('upbit', { suspended: ['XRP'] }));
    bench.feed(health('binance', { suspended: [] }));
    expect(told(bench)).toEqual(['RG-001/BTC/losses opened', 'VN-004/upbit/XRP opened']);
    tickFor(bench, 31_000);
    bench.feed(guard());
    bench.feed(health('upbit'));
    expect(told(bench).slice(2)).toEqual(['RG-001/BTC/losses closed', 'VN-004/upbit/XRP closed']);
  });

  it('of missing snapshots is raised after a minute, and over with the next one', () => {
    const bench = begun(only('SN-001'));
    for (let second = 0; second < 61; second++) {
      bench.feed(heartbeat('risk', { snapshot: 5 }));
      bench.feed(heartbeat('journal', { snapshot: null }));
      bench.pass(1000);
    }
    expect(told(bench)).toEqual([]);
    bench.feed(heartbeat('risk', { snapshot: 5 }));
    bench.feed(heartbeat('risk', { snapshot: 9 }));
    expect(told(bench)).toEqual(['SN-001/risk opened', 'SN-001/risk closed']);
  });

  it('of silence is raised once, ends with the first word, and never before somebody has spoken or is expected', () => {
    const bench = begun(only('SV-001'));
    tickFor(bench, 5000);
    bench.feed(heartbeat('aggregator'));
    bench.feed(heartbeat('journal'));
    bench.pass(100);
    expect(told(bench)).toEqual(['SV-001/strategy opened']);
    bench.feed(heartbeat('strategy'));
    expect(told(bench)).toEqual(['SV-001/strategy opened', 'SV-001/strategy closed']);
    tickFor(bench, 30_000);
    expect(told(bench).slice(2)).toEqual(['SV-001 grouped']);
    expect(alerts(bench)[2]).toMatchObject({ summary: expect.stringContaining('2 more: SV-001/aggregator, SV-001/journal') });
    bench.feed(heartbeat('journal'));
    bench.feed(heartbeat('aggregator'));
    tickFor(bench, 30_000);
    expect(alerts(bench)[3]?.summary).toBe('a service is silent: over: SV-001/journal, SV-001/aggregator');
  });

  it('of silence is forgiven while the clock itself was away', () => {
    const bench = begun(only('SV-001'));
    tickFor(bench, 1000);
    bench.pass(60_000);
    bench.pass(100);
    expect(told(bench)).toEqual([]);
    tickFor(bench, 5100);
    expect(told(bench)).not.toEqual([]);
  });

  it('that lasts a moment is told once and never closed; its repeats become one message', () => {
    const bench = begun(only('CM-001'));
    bench.feed(command('halt', { why: 'look' }));
    for (let i = 0; i < 7; i++) bench.feed(command('halt', { why: `again ${i}` }));
    bench.feed(command('flatten', { target: 'BTC' }));
    tickFor(bench, 300_000);
    expect(alerts(bench).map(({ summary, state }) => `${state} ${summary}`)).toEqual([
      'noted kim gave the command halt : look',
      'noted kim gave the command flatten BTC: test',
      'noted 7 times more, at last: kim gave the command halt : again 6',
    ]);
  });

  it('goes on through a child session, and names the event of its parent that began it', () => {
    const bench = begun(only('VN-002'));
    bench.feed(down('upbit'));
    const began = bench.position;
    bench.enter('s2');
    bench.feed(started(configOf(only('VN-002')), { versions: VERSIONS, parent: { session: 's1', position: 3, reason: 'handover' } }));
    tickFor(bench, 31_000);
    bench.feed(health('upbit'));
    expect(told(bench)).toEqual(['VN-002/upbit opened', 'VN-002/upbit closed']);
    expect(bench.said('alert')[1]?.basis).toEqual([`s1:${began}`]);
  });

  it('ends when its rule is taken away', () => {
    const bench = begun(only('VN-002'));
    bench.feed(down('upbit'));
    bench.enter('s2');
    bench.feed(started(configOf(only('SV-001')), { parent: { session: 's1', position: 3, reason: 'handover' } }));
    tickFor(bench, 31_000);
    expect(alerts(bench).at(-1)).toMatchObject({
      key: 'VN-002/upbit',
      state: 'closed',
      summary: expect.stringContaining('rule is not there'),
    });
  });
});

describe('what is told', () => {
  it('is one message and its end, however often a key comes and goes within five minutes', () => {
    const bench = begun(only('VN-002'));
    for (let i = 0; i < 60; i++) {
      bench.feed(down('upbit'));
      tickFor(bench, 2_000);
      bench.feed(health('upbit'));
      tickFor(bench, 2_000);
    }
    expect(loud(bench).map(({ step }) => step)).toEqual(['opened', 'closed', 'grouped']);
    bench.feed(down('upbit'));
    tickFor(bench, 300_000);
    expect(loud(bench).at(-1)).toMatchObject({ key: 'VN-002/upbit', step: 'opened' });
  });

  it('of many keys of one rule is the first and then one message for all others', () => {
    const bench = begun(only('VN-002'));
    for (let i = 0; i < 50; i++) bench.feed(down(`venue${i}`));
    tickFor(bench, 30_000);
    expect(told(bench)).toEqual(['VN-002/venue0 opened', 'VN-002 grouped']);
    expect(alerts(bench)[1]).toMatchObject({ count: 49, summary: expect.stringContaining('49 more: VN-002/venue1, VN-002/venue2') });
  });

  it('is never more a minute than its severity allows, and what is held back is told in one', () => {
    const rules: AlertRule[] = Array.from({ length: 20 }, (_, i) => ({
      id: `XX-${String(100 + i)}`,
      says: 'a test',
      severity: 'P1',
      on: 'quarantine',
      closeAfterSeconds: 3600,
      summary: 'x',
      runbook: 'x',
    }));
    const bench = begun({ ...RULES, rules });
    bench.feed(quarantined());
    expect(loud(bench)).toHaveLength(5);
    expect(alerts(bench)).toHaveLength(20);
    expect(alerts(bench).at(-1)).toMatchObject({ channels: ['store'], quiet: expect.stringContaining('more than 5 a minute') });
    tickFor(bench, 59_900);
    expect(loud(bench)).toHaveLength(5);
    tickFor(bench, 100);
    expect(loud(bench)).toHaveLength(6);
    expect(loud(bench)[5]).toMatchObject({ step: 'digest', count: 15, summary: expect.stringContaining('XX-105, XX-106') });
  });

  it('keeps at most so many keys of a rule apart, and counts the rest under one', () => {
    const bench = begun({ ...only('EX-003'), limits: { ...RULES.limits, keysPerRule: 3 } });
    for (let i = 0; i < 10; i++) {
      const given = position('FAILED');
      bench.feed({ ...given, data: { ...given.data, trip: `BTC-${i}` } });
    }
    expect(told(bench)).toEqual(['EX-003/BTC-0 opened', 'EX-003/BTC-1 opened', 'EX-003/BTC-2 opened', 'EX-003/… opened']);
  });

  it('is repeated in growing steps while nobody takes it, and told louder as its rule says', () => {
    const bench = begun(once('EX-001'));
    for (let minute = 0; minute < 80; minute++) {
      bench.feed(order('upbit', minute));
      tickFor(bench, 60_000);
    }
    const steps = alerts(bench).map(
      ({ step, severity, since }) => `${step} ${severity} ${Math.round(((bench.now - (since ?? 0)) / 60e6) * 0)}`,
    );
    expect(steps.map((text) => text.slice(0, -2))).toEqual([
      'opened P1',
      'escalated P0',
      'still-open P0',
      'still-open P0',
      'still-open P0',
    ]);
  });

  it('is repeated no more once somebody has acknowledged it, by its id, key or rule', () => {
    for (const target of ['a1', 'EX-001/upbit', 'EX-001']) {
      const bench = begun(once('EX-001'));
      bench.feed(order('upbit', 0));
      bench.feed(command('ack', { target }));
      for (let minute = 0; minute < 60; minute++) {
        bench.feed(order('upbit', minute));
        tickFor(bench, 60_000);
      }
      expect(told(bench)).toEqual(['EX-001/upbit opened', 'EX-001/upbit acknowledged']);
      expect(alerts(bench)[1]).toMatchObject({ channels: ['store'], summary: expect.stringContaining('kim takes care of it') });
    }
  });

  it('is silenced until an end, and told then if it is still so', () => {
    const bench = begun(only('VN-002'));
    bench.feed(command('silence', { target: 'VN-002', until: bench.now + 60_000_000 }));
    bench.feed(down('upbit'));
    bench.feed(down('binance'));
    bench.feed(health('binance'));
    tickFor(bench, 59_000);
    expect(loud(bench)).toEqual([]);
    expect(alerts(bench).every(({ channels }) => channels?.join() === 'store' || channels?.join() === 'store,summary')).toBe(true);
    tickFor(bench, 1_000);
    expect(loud(bench).map(({ key, step }) => `${key} ${step}`)).toEqual(['VN-002/upbit still-open']);
  });

  it('needs an end for a silence, and says so', () => {
    const bench = begun(only('VN-002'));
    bench.feed(command('silence', { target: 'VN-002' }));
    bench.feed(down('upbit'));
    expect(alerts(bench).map(({ summary }) => summary)).toEqual([
      'a silence of VN-002 was not begun: it needs an end that is to come',
      'upbit is down: no answer',
    ]);
  });

  it('of a venue under maintenance is nothing, and of others all; a maintenance of everything leaves P0 loud', () => {
    const bench = begun(only('VN-002', 'EX-003'));
    bench.feed(command('maintenance', { target: 'upbit', until: bench.now + 600_000_000 }));
    bench.feed(down('upbit'));
    bench.feed(down('binance'));
    expect(loud(bench).map(({ key }) => key)).toEqual(['VN-002/binance']);
    bench.feed(command('maintenance', { until: bench.now + 600_000_000 }));
    bench.feed(down('okx'));
    bench.feed(position('FAILED'));
    expect(loud(bench).map(({ key }) => key)).toEqual(['VN-002/binance', 'EX-003/BTC-1']);
    bench.feed(command('maintenance-over'));
    tickFor(bench, 31_000);
    expect(
      loud(bench)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['EX-003/BTC-1', 'VN-002/binance', 'VN-002/okx', 'VN-002/upbit']);
  });

  it('goes to the channels of its severity in production and in development', () => {
    const channels = (routing: Routing, given: Input) => {
      const bench = begun(only('EX-003', 'VN-002', 'VN-005', 'VN-004'), routing);
      bench.feed(given);
      return alerts(bench)[0]?.channels;
    };
    const cases: readonly [Input, readonly string[], readonly string[]][] = [
      [position('FAILED'), ['telegram', 'store'], ['telegram', 'slack', 'store']],
      [down('upbit'), ['telegram', 'store'], ['telegram', 'slack', 'store']],
      [health('upbit', { warned: [{ coin: 'LUNA', what: 'x' }] }), ['store', 'summary'], ['telegram', 'slack', 'store', 'email']],
      [health('upbit', { suspended: ['XRP'] }), ['store', 'summary'], ['email', 'store']],
    ];
    for (const [given, production, development] of cases) {
      expect(channels('production', given)).toEqual(production);
      expect(channels('development', given)).toEqual(development);
    }
  });

  it('sums a day up once, at the hour that is set', () => {
    const bench = begun(only('VN-002'));
    bench.pass(100);
    bench.feed(position('CLOSED', '1.25'));
    bench.feed(position('CLOSED', '-0.25'));
    bench.feed(position('UNWOUND', '-3'));
    bench.feed(down('upbit'));
    for (let hour = 0; hour < 24; hour++) bench.pass(3_600_000);
    const days = alerts(bench).filter(({ step }) => step === 'day');
    expect(days).toHaveLength(1);
    expect(days[0]).toMatchObject({ channels: ['summary'], count: 1 });
    expect(days[0]?.summary).toBe(
      'round trips: 2 closed, 1 unwound, 0 failed; PnL: -2 USDT; alerts: P0 0, P1 1, P2 0, P3 0; most often: VN-002 ×1',
    );
  });
});

describe('undelivered alerts', () => {
  const sent = (id: string, channel: string, change: Partial<DataOf<'alert.delivery'>> = {}) =>
    input('alert.delivery', ['p1'], { id, key: 'k', channel, state: 'sent', tries: 1, detail: null, ...change });

  it('are those that a channel has neither taken nor given up; another may take it in its place', () => {
    const bench = begun(only('VN-002'), 'development');
    const core = bench.core as AlertingCore;
    bench.feed(down('upbit'));
    expect(core.leftOf('a1')).toEqual(['telegram', 'slack']);
    bench.feed(sent('a1', 'telegram', { state: 'failed' }));
    expect(core.leftOf('a1')).toEqual(['telegram', 'slack']);
    bench.feed(sent('a1', 'email', { instead: 'telegram' }));
    expect(core.leftOf('a1')).toEqual(['slack']);
    bench.feed(sent('a1', 'slack', { state: 'dead-lettered' }));
    expect([...core.undelivered()]).toEqual([]);
  });
});

describe('the rules of the project', () => {
  it('are more than 25, each with a severity, an end and a section of the runbook', () => {
    expect(RULES.rules.length).toBeGreaterThan(25);
  });

  it('look at fields that the facts really have', () => {
    const samples: Input[] = [
      started(configOf(RULES)),
      input('session.resumed', [], { boot: 'abcdefgh', term: 2 }),
      input('session.stopping', [], { reason: 'x' }),
      input('clock', [], { fill: 0, committed: 1, committedAt: 1 }),
      quarantined(),
      input('service.started', ['risk'], { boot: 'abcdefgh', version: '1', replica: 0, pid: 1 }),
      heartbeat('risk'),
      input('lease', ['alerting'], { service: 'alerting', boot: 'abcdefgh', term: 1, act: 'claim' }),
      command('halt'),
      input('fx', ['KRW-USDT'], {
        pair: 'KRW-USDT',
        rate: 1400,
        tier: 'multi',
        sources: [{ source: 'upbit', rate: 1, ageMs: 1, used: true }],
      }),
      health('upbit', { suspended: ['XRP'], warned: [{ coin: 'A', what: 'b' }], counters: { gaps: 1 } }),
      input('universe', [], { coins: ['BTC'], mode: 'FIXED_LIST', why: 'x' }),
      order('upbit', 1),
      position('OPEN'),
      guard({ closed: [{ what: 'BTC', rule: 'x', until: null }], numbers: { imbalance: 0.1 } }),
      input('alert.queue', [], { store: 'memory', why: 'x', waiting: 1, dead: 0, broken: [{ channel: 'slack', why: 'x' }] }),
    ];
    const context: FactContext = { now: 5, session: 's1', counters: new Map([['upbit', { gaps: 0, reconnects: 0 }]]), maxExposure: 100 };
    const seen = new Set<string>();
    for (const { type, words, data } of samples) {
      const subject = [type.startsWith('service') ? 'service' : type, ...words].join('.');
      for (const { on, fields } of factsOf({ type, subject, data } as never, context).facts) {
        seen.add(on);
        const given = Object.keys(fields);
        expect([on, given.filter((field) => factFieldKind(on, field) === null)]).toEqual([on, []]);
        expect([
          on,
          Object.keys(FACTS[on]?.fields ?? {}).filter((name) => !given.some((field) => field === name || field.startsWith(name))),
        ]).toEqual([on, []]);
      }
    }
    expect(Object.keys(FACTS).filter((on) => !seen.has(on))).toEqual(['decision', 'verdict']);
  });

  it('raise nothing where a session names none', () => {
    const bench = new CoreBench(make, 'alerting');
    bench.feed(started());
    bench.feed(down('upbit'));
    tickFor(bench, 10_000);
    expect(bench.emitted).toEqual([]);
  });

  it('go on from a snapshot as if nothing had stopped', () => {
    const random = randomSequence('alerting');
    const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
    const script: Input[] = [started(configOf(RULES, 'development'), { versions: VERSIONS })];
    let at = 1_700_000_000_000_000;
    for (let i = 0; i < 1500; i++) {
      at += Math.floor(random() * 1_500_000);
      const kind = random();
      if (kind < 0.5) script.push(input('clock', [], { fill: random(), committed: 0, committedAt: at - Math.floor(random() * 8e6) }, at));
      else if (kind < 0.6)
        script.push({ ...heartbeat(pick('strategy', 'aggregator', 'journal'), { trouble: pick(null, 'snapshot') }), at });
      else if (kind < 0.75)
        script.push({ ...health(pick('upbit', 'binance'), { state: pick('DOWN', 'HEALTHY', 'FROZEN'), reconnects: i }), at });
      else if (kind < 0.8) script.push({ ...order(pick('upbit', 'binance'), i), at });
      else if (kind < 0.85) script.push({ ...position(pick('CLOSED', 'UNWOUND', 'FAILED'), '1.5'), at });
      else if (kind < 0.9)
        script.push({ ...guard({ mode: pick('ACTIVE', 'HALTED'), closed: pick([], [{ what: 'BTC', rule: 'x', until: null }]) }), at });
      else if (kind < 0.93)
        script.push({
          ...command(pick('ack', 'silence', 'maintenance', 'unsilence', 'halt'), {
            target: pick('VN-002', 'upbit', 'EX-001'),
            until: at + 9e7,
          }),
          at,
        });
      else if (kind < 0.96)
        script.push(
          input('alert.delivery', ['p1'], { id: `a${i % 90}`, key: 'k', channel: 'telegram', state: 'sent', tries: 1, detail: null }, at),
        );
      else script.push({ ...quarantined(), at });
    }
    const { lived, restored, emitted } = livedAndRestored(makeAlerting, 'alerting', script, CUTS);
    expect(new Set(emitted.map(({ data }) => (data as DataOf<'alert'>).rule)).size).toBeGreaterThan(10);
    expect(new Set(emitted.map(({ data }) => (data as DataOf<'alert'>).step)).size).toBeGreaterThan(6);
    expect(restored).toBe(lived);
  });
});
