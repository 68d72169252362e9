import { loadConfig } from '@arb/shared/config';
import { type AlertRules, ROUTINGS } from '@arb/shared/core';
import { describe, expect, it } from '@jest/globals';
import { INCIDENTS } from './catalogue.ts';

const RULES = loadConfig({ env: {} }).session.alerting.rules as AlertRules;

describe('the incidents', () => {
  it('are those that people want to be able to cause, each under a name of its own', () => {
    expect(INCIDENTS.map(({ name }) => name).sort()).toEqual([
      'all-routes-skipped',
      'exposure',
      'imbalance',
      'journal-away',
      'latency-high',
      'portfolio-block',
      'rate-limit-low',
      'rate-limited',
      'reconnect-storm',
      'redis-lost',
      'service-down',
      'snapshot-failed',
      'venue-down',
      'venue-frozen',
    ]);
  });

  it.each(INCIDENTS)('$name: its rule says the same severity, in the rules and as it changes them', ({ rule, severity, rules }) => {
    for (const set of [RULES, rules?.(RULES) ?? RULES])
      expect(set.rules.filter(({ id }) => id === rule).map((known) => known.severity)).toEqual([severity]);
  });

  it.each(INCIDENTS)('$name: people are told on the channels that its severity goes to, and on no others', ({ severity, expected }) => {
    for (const routing of ROUTINGS)
      for (const channel of ['telegram', 'slack'] as const)
        expect([routing, channel, expected[routing][channel] > 0]).toEqual([
          routing,
          channel,
          RULES.routes[routing][severity].includes(channel),
        ]);
  });

  it.each(INCIDENTS)('$name: the stack can be started with its settings', ({ settings = {} }) => {
    expect(() => loadConfig({ env: settings })).not.toThrow();
  });
});
