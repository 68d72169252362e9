import { fileURLToPath } from 'node:url';
import { readAlertRules } from '@arb/shared/config';
import type { DataOf, ServiceName } from '@arb/shared/contracts';
import { type AlertRule, type AlertRules, FACTS, factFieldKind, type Json, type Routing, type SessionConfig } from '@arb/shared/core';
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

const atOnce = ({ holdSeconds, ...rule }: AlertRule): AlertRule => rule;

/** The project's rules with some changed, or only those named. */
function only(...ids: string[]): AlertRules {
  const rules = RULES.rules.filter(({ id }) => ids.includes(id));
  return {
    ...RULES,
    rules: rules.map((rule) => {
      // Whether a leg is left open is for the executor to say; here every failure counts.
      if (rule.id === 'EX-003') return { ...rule, when: { state: 'FAILED' } };
      // And a venue is down at once.
      return rule.id === 'VN-002' ? atOnce(rule) : rule;
    }),
  };
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

function verdict(rule: string): Input<'verdict'> {
  const data = { outcome: 'BLOCK', trip: 'BTC-1', coin: 'BTC', decision: null, firstRule: rule, rule, tier: 'cross' } as const;
  return input('verdict', ['BTC'], { ...data, limit: 1, value: 2, numbers: {} });
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
    const expectedSince = bench.now;
    tickFor(bench, 5000);
    bench.feed(heartbeat('aggregator'));
    bench.feed(heartbeat('journal'));
    bench.pass(100);
    expect(told(bench)).toEqual(['SV-001/strategy opened']);
    expect(alerts(bench)[0]?.since).toBe(expectedSince);
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

  it('of silence spare a service that said that it leaves; after a minute it is missed, and its first word ends that', () => {
    const bench = begun(only('SV-001', 'SV-005'));
    const others = () => (['strategy', 'aggregator', 'journal'] as const).map((name) => bench.feed(heartbeat(name)));
    const seconds = (count: number) => {
      for (let second = 0; second < count; second++) {
        others();
        tickFor(bench, 1000);
      }
    };
    bench.feed(heartbeat('risk'));
    bench.feed(input('service.stopping', ['risk'], { boot: 'abcdefgh' }));
    seconds(59);
    expect(told(bench)).toEqual([]);
    seconds(3);
    expect(told(bench)).toEqual(['SV-005/risk opened']);
    expect(alerts(bench)[0]?.severity).toBe('P2');
    bench.feed(heartbeat('risk'));
    seconds(1);
    expect(told(bench)).toEqual(['SV-005/risk opened', 'SV-005/risk closed']);
    // Now it falls silent without a word.
    seconds(6);
    expect(told(bench).slice(2)).toEqual(['SV-001/risk opened']);
  });

  it('of silence expect a service that left as any other once the stack was started again, or its twin has spoken', () => {
    const bench = begun(only('SV-001', 'SV-005'));
    const leave = (service: ServiceName) => bench.feed(input('service.stopping', [service], { boot: 'abcdefgh' }));
    const others = () => (['strategy', 'aggregator', 'journal'] as const).map((name) => bench.feed(heartbeat(name)));
    bench.feed(heartbeat('risk'));
    bench.feed(heartbeat('dashboard'));
    leave('risk');
    leave('dashboard');
    bench.feed(heartbeat('dashboard'));
    for (let second = 0; second < 6; second++) {
      others();
      tickFor(bench, 1000);
    }
    expect(told(bench)).toEqual(['SV-001/dashboard opened']);
    bench.feed(input('session.resumed', [], { boot: 'bcdefghi', term: 2 }));
    for (let second = 0; second < 6; second++) {
      others();
      tickFor(bench, 1000);
    }
    tickFor(bench, 30_000);
    expect(told(bench).join()).not.toContain('SV-005');
    expect(
      alerts(bench)
        .map(({ summary }) => summary)
        .join(),
    ).toContain('SV-001/risk');
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
      'noted kim gave the command halt for everything: look',
      'noted kim gave the command flatten for BTC: test',
      'noted 7 times more, at last: kim gave the command halt for everything: again 6',
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

  it('of a venue ends with the session that does not use this venue any more', () => {
    const bench = begun(only('VN-002'));
    bench.feed(down('upbit'));
    bench.feed(down('binance'));
    bench.enter('s2');
    const config = configOf(only('VN-002'));
    const market = { ...config.market, venues: config.market.venues.filter(({ name }) => name !== 'upbit') };
    expect(market.venues.map(({ name }) => name)).toContain('binance');
    bench.feed(started({ ...config, market }, { versions: VERSIONS, parent: { session: 's1', position: 3, reason: 'handover' } }));
    expect((bench.core as AlertingCore).openTroubles().map(({ key }) => key)).toEqual(['VN-002/binance']);
    expect(alerts(bench).at(-1)).toMatchObject({
      key: 'VN-002/upbit',
      state: 'closed',
      summary: expect.stringContaining('the venue is not used any more'),
    });
  });

  const rateOf = (pair: string): Input<'fx'> => {
    const bank = { source: 'BTC upbit/binance', rate: 1400, ageMs: 0, used: false, dropped: 'stale' };
    return input('fx', [pair], { pair, rate: 1400, tier: 'single', sources: [bank] });
  };

  it('of a rate ends with the session that does not ask for this rate any more, and is not expected in it', () => {
    const rules = only('FX-001', 'FX-004');
    const bench = begun(rules);
    bench.feed(rateOf('KRW-USDT'));
    bench.feed(rateOf('KRW-USD'));
    tickFor(bench, 30_000);
    bench.feed(rateOf('EUR-USDT'));
    tickFor(bench, 31_000);
    const open = () =>
      (bench.core as AlertingCore)
        .openTroubles()
        .map(({ key }) => key)
        .sort();
    expect(open()).toEqual([
      'FX-001/EUR-USDT/BTC upbit/binance',
      'FX-001/KRW-USD/BTC upbit/binance',
      'FX-001/KRW-USDT/BTC upbit/binance',
      'FX-004/KRW-USD',
      'FX-004/KRW-USDT',
    ]);
    bench.enter('s2');
    const config = configOf(rules);
    const market = {
      ...config.market,
      venues: [
        { name: 'kraken', quote: 'EUR' },
        { name: 'binance', quote: 'USDT' },
      ],
    };
    bench.feed(started({ ...config, market }, { versions: VERSIONS, parent: { session: 's1', position: 3, reason: 'handover' } }));
    expect(open()).toEqual(['FX-001/EUR-USDT/BTC upbit/binance']);
    expect(alerts(bench).at(-1)).toMatchObject({ state: 'closed', summary: expect.stringContaining('the rate is not asked for any more') });
    tickFor(bench, 130_000);
    expect(open()).toEqual(['FX-001/EUR-USDT/BTC upbit/binance', 'FX-004/EUR-USDT']);
  });

  it('of a rate outlasts a handover that still asks for it', () => {
    const bench = begun(only('FX-004'));
    bench.feed(rateOf('KRW-USDT'));
    tickFor(bench, 61_000);
    bench.enter('s2');
    bench.feed(started(configOf(only('FX-004')), { versions: VERSIONS, parent: { session: 's1', position: 3, reason: 'handover' } }));
    expect(told(bench)).toEqual(['FX-004/KRW-USDT opened']);
    bench.feed(rateOf('KRW-USDT'));
    expect(told(bench)).toEqual(['FX-004/KRW-USDT opened', 'FX-004/KRW-USDT closed']);
  });

  describe('of silence in a child session', () => {
    /** A session in which both have spoken has ended; its child begins so long after the last clock. */
    function child(reason: 'handover' | 'lost', afterMs: number): CoreBench {
      const bench = begun(only('SV-001'));
      tickFor(bench, 1_000);
      bench.feed(heartbeat('strategy'));
      bench.feed(heartbeat('aggregator'));
      const began = bench.now + afterMs * 1_000;
      bench.enter('s2');
      bench.feed({
        ...started(configOf(only('SV-001')), { versions: VERSIONS, parent: { session: 's1', position: 3, reason } }),
        at: began,
      });
      bench.feed(input('clock', [], { fill: 0, committed: 0, committedAt: began }, began));
      return bench;
    }

    it('is not raised while a planned handover takes long, and then counts from the last word as ever', () => {
      const bench = child('handover', 40_000);
      tickFor(bench, 30_000);
      expect(told(bench)).toEqual([]);
      for (let second = 0; second < 40; second++) {
        bench.feed(heartbeat('strategy'));
        bench.feed(heartbeat('aggregator'));
        tickFor(bench, 1_000);
      }
      expect(told(bench)).toEqual([]);
      const last = bench.now;
      bench.feed(heartbeat('strategy'));
      for (let second = 0; second < 5; second++) {
        bench.feed(heartbeat('aggregator'));
        tickFor(bench, 1_000);
      }
      bench.pass(100);
      expect(told(bench)).toEqual(['SV-001/strategy opened']);
      expect(alerts(bench)[0]?.since).toBe(last);
    });

    it('is raised of one that has not come a minute after a planned handover', () => {
      const bench = child('handover', 500);
      for (let second = 0; second < 64; second++) {
        bench.feed(heartbeat('aggregator'));
        tickFor(bench, 1_000);
      }
      expect(told(bench)).toEqual([]);
      bench.feed(heartbeat('aggregator'));
      tickFor(bench, 1_100);
      expect(told(bench)).toEqual(['SV-001/strategy opened']);
    });

    it('counts from the beginning of the child where its parent was lost, not from the last clock of the parent', () => {
      const bench = child('lost', 2_900);
      tickFor(bench, 5_000);
      expect(told(bench)).toEqual([]);
      bench.pass(100);
      expect(told(bench)).toEqual(['SV-001/aggregator opened']);
    });
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
      // Louder after ten minutes, then at a quarter of an hour and at an hour: not at once again for the five minutes of a P0.
      'opened P1',
      'escalated P0',
      'still-open P0',
      'still-open P0',
    ]);
  });

  it('is told once when a long silence ends, not once for each step that has passed in it', () => {
    const bench = begun(only('VN-002'));
    bench.feed(command('silence', { target: 'VN-002', until: bench.now + 7_200_000_000 }));
    bench.feed(down('upbit'));
    bench.pass(7_200_000);
    tickFor(bench, 60_000);
    expect(loud(bench).map(({ step }) => step)).toEqual(['still-open']);
    tickFor(bench, 3_600_000);
    expect(loud(bench).map(({ step }) => step)).toEqual(['still-open', 'still-open']);
  });

  it('is repeated no more once somebody has acknowledged it, by its id, key or rule', () => {
    for (const target of ['a1', 'EX-001/upbit', 'EX-001']) {
      const bench = begun(once('EX-001'));
      bench.feed(order('upbit', 0));
      // Whoever reads it has it: it is delivered by then.
      bench.feed(input('alert.delivery', ['p1'], { id: 'a1', key: 'k', channel: 'telegram', state: 'sent', tries: 1, detail: null }));
      bench.feed(command('ack', { target }));
      for (let minute = 0; minute < 60; minute++) {
        bench.feed(order('upbit', minute));
        tickFor(bench, 60_000);
      }
      expect(told(bench)).toEqual(['EX-001/upbit opened', 'EX-001/upbit acknowledged']);
      expect(alerts(bench)[1]).toMatchObject({ channels: ['store'], summary: expect.stringContaining('kim takes care of it') });
      bench.feed(command('ack', { target }));
      expect(alerts(bench).at(-1)).toMatchObject({ rule: 'PEOPLE', summary: expect.stringContaining('takes care of') });
      bench.feed(command('ack', { target: 'EX-009' }));
      expect(alerts(bench).at(-1)?.summary).toBe('nothing is open under EX-009: nothing was acknowledged');
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

describe('how trading stands', () => {
  const trip = (change: Partial<DataOf<'position'>>): Input<'position'> => {
    const given = position('OPEN');
    return { ...given, data: { ...given.data, route: { buy: 'upbit', sell: 'binance' }, ...change } };
  };

  it('is known to a process that begins with a snapshot: what is open, how free trading is, which alerts last', () => {
    const bench = begun(only('VN-002'));
    bench.feed(guard({ mode: 'HALTED', why: 'kim: look' }));
    bench.feed(trip({ trip: 'BTC-1' }));
    bench.feed(trip({ trip: 'BTC-2', quantity: '0.5' }));
    bench.feed(trip({ trip: 'BTC-1', state: 'CLOSED' }));
    bench.feed(down('upbit'));
    const lived = bench.core as AlertingCore;
    const restored = makeAlerting();
    restored.load(lived.save(), lived.schema);
    for (const core of [lived, restored]) {
      expect([...core.standing().trips.values()]).toMatchObject([{ trip: 'BTC-2', state: 'OPEN', quantity: '0.5' }]);
      expect(core.standing().guard).toMatchObject({ mode: 'HALTED', why: 'kim: look' });
      expect(core.openTroubles().map(({ key }) => key)).toEqual(['VN-002/upbit']);
    }
  });

  it('knows what round trips that are over have left of a leg, the newest fifty, in a snapshot too and in one of an older kind', () => {
    const bench = begun(only('VN-002'));
    const log = { enteredAt: 1, notional: null, edgeBps: null, score: null, enterRule: null, exitRule: null, exits: 1, unwinds: 0 };
    const rest = { ...log, endedAt: 7, unhedged: 0, legs: [], model: 'depth', modelVersion: 1 };
    bench.feed(trip({ trip: 'BTC-0', why: '0.1 BTC kept at binance: kept by policy' }));
    bench.feed(trip({ trip: 'BTC-0', state: 'CLOSING', why: 'take-profit' }));
    const lived = bench.core as AlertingCore;
    expect([...lived.standing().trips.values()]).toMatchObject([{ state: 'CLOSING', why: '0.1 BTC kept at binance: kept by policy' }]);
    bench.feed(trip({ trip: 'BTC-0', state: 'CLOSED', why: 'both legs filled', log: { ...rest, kept: '0' } }));
    for (let i = 1; i <= 51; i++)
      bench.feed(trip({ trip: `BTC-${i}`, state: 'FAILED', why: 'no book', log: { ...rest, kept: `-0.${i}` } }));
    const restored = makeAlerting();
    restored.load(lived.save(), lived.schema);
    for (const core of [lived, restored]) {
      const kept = [...core.standing().kept.values()];
      expect([kept.length, kept[0]?.trip]).toEqual([50, 'BTC-2']);
      expect(kept.at(-1)).toEqual({
        trip: 'BTC-51',
        coin: 'BTC',
        state: 'FAILED',
        route: { buy: 'upbit', sell: 'binance' },
        why: 'no book',
        kept: '-0.51',
        since: 7,
      });
    }
    const { standing, ...saved } = lived.save() as { readonly standing: { readonly kept: Json } };
    const { kept: _, ...older } = standing;
    const upcast = makeAlerting();
    upcast.load({ ...saved, standing: older } as Json, 3);
    expect(upcast.standing().kept.size).toBe(0);
  });

  it('says that it lists not all, rather than to keep more than a thousand round trips', () => {
    const bench = begun(only('VN-002'));
    for (let i = 0; i < 1_001; i++) bench.feed(trip({ trip: `BTC-${i}` }));
    const { trips, unlisted } = (bench.core as AlertingCore).standing();
    expect([trips.size, unlisted]).toEqual([1_000, true]);
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
  it('tell of a venue that stays away, and of one that is cut off again and again, but not of a single cut', () => {
    const bench = begun({ ...RULES, rules: RULES.rules.filter(({ id }) => id === 'VN-002' || id === 'WS-003') });
    const cut = (reconnects: number): void => {
      bench.feed(down('upbit'));
      tickFor(bench, 500);
      bench.feed(health('upbit', { reconnects }));
      tickFor(bench, 3_000);
    };
    bench.feed(health('upbit'));
    for (let i = 1; i <= 4; i++) cut(i);
    expect(told(bench)).toEqual([]);
    cut(5);
    expect(told(bench)).toEqual(['WS-003/upbit opened']);
    bench.feed(down('binance'));
    tickFor(bench, 2_000);
    expect(told(bench)).toEqual(['WS-003/upbit opened', 'VN-002/binance opened']);
  });

  it('tell of losses that close the portfolio once, and no more once a person lets it go on', () => {
    const bench = begun({ ...RULES, rules: RULES.rules.filter(({ id }) => id === 'RK-001' || id === 'RG-004') });
    bench.feed(guard());
    bench.feed(guard({ mode: 'REDUCE_ONLY', rule: 'daily-loss', why: 'daily-loss: 12, the limit is 10' }));
    expect(alerts(bench).map(({ key, summary }) => [key, summary])).toEqual([
      ['RK-001', 'the portfolio takes no entries: daily-loss: 12, the limit is 10; today 0 USDT, drawdown 0 USDT, open 0 USDT'],
    ]);
    bench.feed(guard());
    bench.feed(guard({ mode: 'REDUCE_ONLY', rule: 'command', why: 'kim wants to look' }));
    expect(told(bench)).toEqual(['RK-001 opened', 'RK-001 closed', 'RG-004 opened']);
  });

  it('name amounts with their currency, and shares as parts of a hundred', () => {
    const bench = begun(only('RG-002', 'RG-005', 'EX-001', 'EX-003'));
    const money = (amount: string) => ({ amount, currency: 'USDT' });
    bench.feed(guard({ mode: 'HALTED', why: 'kim: look', exposure: money(TEST_CONFIG.risk.maxExposure) }));
    for (let i = 0; i < 3; i++) bench.feed(order('upbit', i));
    bench.feed({ ...position('FAILED', '-1.25'), data: { ...position('FAILED', '-1.25').data, route: { buy: 'upbit', sell: 'binance' } } });
    const open = `${TEST_CONFIG.risk.maxExposure} USDT`;
    expect(alerts(bench).map(({ summary }) => summary)).toEqual([
      `exposure is ${open}, 100 % of its limit`,
      `no order leaves: kim: look; open ${open}, and it moves with the market`,
      'upbit refuses orders, at last buy 1 BTC at 1 KRW (BTC-1-buy-2): insufficient funds',
      expect.stringMatching(/^BTC: round trip BTC-1 of - \(bought at upbit, sold at binance\) failed and keeps/),
    ]);
  });

  it('tell of one cause once: what has a rule of its own is not told as a refusal as well', () => {
    const bench = begun(only('RK-002', 'RG-003', 'JN-001'));
    for (const rule of ['journal-lag', 'stream-full', 'inventory-imbalance', 'stale-fx']) bench.feed(verdict(rule));
    expect(told(bench)).toEqual(['RG-003/inventory-imbalance opened', 'RK-002/stale-fx opened']);
  });

  it('tell of a source of a rate that is stale, and not of one that merely stands by', () => {
    const bench = begun(only('FX-001'));
    const rate = (dropped: string): void => {
      const bank = { source: 'bank', rate: 1400, ageMs: 0, used: false, dropped };
      const book = { source: 'upbit', rate: 1400, ageMs: 0, used: true };
      bench.feed(input('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate: 1400, tier: 'single', sources: [book, bank] }));
      tickFor(bench, 11_000);
    };
    rate('only where no stream is');
    expect(told(bench)).toEqual([]);
    rate('stale');
    expect(told(bench)).toEqual(['FX-001/KRW-USDT/bank opened']);
  });

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
    const context: FactContext = {
      now: 5,
      session: 's1',
      counters: new Map([['upbit', { gaps: 0, reconnects: 0 }]]),
      maxExposure: 100,
      currency: 'USDT',
    };
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
