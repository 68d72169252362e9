import type { DataOf, ServiceName } from '@arb/shared/contracts';
import { CoreBench, type Input, input, livedAndRestored, randomSequence, started } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { make } from './index.ts';

const VERSIONS = { aggregator: '1', strategy: '1', alerting: '1' };

function begun(): CoreBench {
  const bench = new CoreBench(make, 'alerting');
  bench.feed(started(undefined, { versions: VERSIONS }));
  return bench;
}

function heartbeat(service: ServiceName): Input<'service.heartbeat'> {
  const data = {
    boot: 'abcdefgh',
    position: 1,
    lagPositions: 0,
    lagMs: 0,
    unconfirmed: 0,
    ready: true,
    snapshot: null,
    rssMb: 1,
    trouble: null,
  };
  return input('service.heartbeat', [service], data);
}

function health(venue: string, state: DataOf<'health'>['state']): Input<'health'> {
  return input('health', [venue], { venue, state, why: 'no answer', latencyMs: null, reconnects: 0, conflated: 0, suspended: [] });
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

const told = (bench: CoreBench) => bench.said('alert').map(({ words, data }) => `${words[0]} ${data.key} ${data.state} ${data.count}`);

/** Where a script is cut: often enough to meet every state. */
const CUTS = [1, 2, ...Array.from({ length: 60 }, (_, i) => 3 + i * 23)];

/** Time that passes as it does: with a clock every 100 ms. */
function tickFor(bench: CoreBench, ms: number): void {
  for (let passed = 0; passed < ms; passed += 100) bench.pass(100);
}

describe('alerting', () => {
  it('raises a malformed event as P1, counts the further ones and closes after a quiet minute', () => {
    const bench = begun();
    bench.feed(heartbeat('strategy'));
    const [raised] = bench.feed(quarantined());
    expect(raised?.data).toMatchObject({ severity: 'P1', rule: 'malformed-event', summary: expect.stringContaining('book.upbit.BTC-KRW') });
    bench.feed(quarantined());
    expect(told(bench)).toEqual(['p1 malformed raised 1']);
    bench.pass(59_900);
    expect(told(bench).filter((text) => text.includes('malformed'))).toEqual(['p1 malformed raised 1']);
    bench.pass(100);
    expect(told(bench).filter((text) => text.includes('malformed'))).toEqual(['p1 malformed raised 1', 'p1 malformed closed 2']);
  });

  it('raises a service that is silent for more than five seconds, and closes when it is back', () => {
    const bench = begun();
    tickFor(bench, 5000);
    bench.feed(heartbeat('aggregator'));
    bench.feed(heartbeat('journal'));
    bench.pass(1);
    expect(told(bench)).toEqual(['p1 silent/strategy raised 1']);
    bench.pass(100);
    bench.feed(heartbeat('strategy'));
    expect(told(bench)).toEqual(['p1 silent/strategy raised 1', 'p1 silent/strategy closed 1']);
    tickFor(bench, 5000);
    expect(told(bench).slice(2)).toEqual(['p1 silent/aggregator raised 1', 'p1 silent/journal raised 1']);
  });

  it('does not call anybody silent while the clock itself was away', () => {
    const bench = begun();
    tickFor(bench, 1000);
    bench.pass(60_000);
    bench.pass(100);
    expect(told(bench)).toEqual([]);
    tickFor(bench, 5100);
    expect(told(bench)).not.toEqual([]);
  });

  it('raises a venue that is down as P2, and closes when it is not any more', () => {
    const bench = begun();
    bench.feed(health('upbit', 'DEGRADED'));
    bench.feed(health('upbit', 'DOWN'));
    bench.feed(health('upbit', 'DOWN'));
    bench.feed(health('binance', 'HEALTHY'));
    expect(told(bench)).toEqual(['p2 venue/upbit raised 1']);
    bench.feed(health('upbit', 'HEALTHY'));
    expect(told(bench)).toEqual(['p2 venue/upbit raised 1', 'p2 venue/upbit closed 2']);
  });

  it('raises what comes and goes at most once in ten seconds, and does not forget it while it stays', () => {
    const bench = begun();
    for (let i = 0; i < 20; i++) {
      bench.feed(health('upbit', 'DOWN'));
      bench.feed(health('upbit', 'HEALTHY'));
      bench.feed(heartbeat('strategy'));
      bench.feed(heartbeat('aggregator'));
      bench.pass(100);
    }
    bench.feed(health('upbit', 'DOWN'));
    expect(told(bench)).toEqual(['p2 venue/upbit raised 1', 'p2 venue/upbit closed 1']);
    bench.pass(7999);
    expect(told(bench).filter((text) => text.includes('raised') && text.includes('venue')).length).toBe(1);
    bench.pass(1);
    expect(told(bench).filter((text) => text.includes('raised') && text.includes('venue')).length).toBe(2);
  });

  it('goes on from a snapshot as if it had never stopped', () => {
    const random = randomSequence('alerting');
    const script: Input[] = [started(undefined, { versions: VERSIONS })];
    let at = 1_700_000_000_000_000;
    for (let i = 0; i < 800; i++) {
      at += Math.floor(random() * 1_500_000);
      const kind = random();
      if (kind < 0.5) script.push(input('clock', [], { fill: 0, committed: 0, committedAt: null }, at));
      else if (kind < 0.8)
        script.push({
          ...heartbeat((['strategy', 'aggregator', 'journal'] as const)[Math.floor(random() * 3)] as ServiceName),
          at,
        });
      else if (kind < 0.98) script.push({ ...health('upbit', random() < 0.5 ? 'DOWN' : 'HEALTHY'), at });
      else script.push({ ...quarantined(), at });
    }
    const { lived, restored, emitted } = livedAndRestored(make, 'alerting', script, CUTS);
    expect(new Set(emitted.map(({ data }) => (data as DataOf<'alert'>).rule)).size).toBe(3);
    expect(restored).toBe(lived);
  });
});
