import { loadConfig } from '@arb/shared/config';
import { CATALOG, type DataOf, type EventType, encodeEvent, subjectOf } from '@arb/shared/contracts';
import type { AlertRules } from '@arb/shared/core';
import { TEST_CONFIG } from '@arb/shared/core/testing';
import type { JournalReader, SessionRow, StoredEvent } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import { backtest } from './backtest.ts';
import { INCIDENTS } from './incidents/catalogue.ts';

const START = 1_700_000_000_000_000;
const RULES = loadConfig({ env: {} }).session.alerting.rules as AlertRules;

/** A recorded session: each event by its writer's own boot, in its turn. */
class Tape {
  readonly rows: StoredEvent[] = [];
  private readonly turns = new Map<string, number>();
  at = START;

  add<K extends EventType>(type: K, words: readonly string[], data: DataOf<K>): void {
    const { writers, by, v, root } = CATALOG[type];
    const writer = root === 'service' ? (words[0] as string) : (writers[0] as string);
    const source = by === 'core' ? writer : `${writer}/abcdefgh`;
    const n = (this.turns.get(`${source} ${root}`) ?? 0) + 1;
    this.turns.set(`${source} ${root}`, n);
    const header = { n, source, session: 's1', type, v, at: this.at, cause: null } as const;
    const bytes = Buffer.from(encodeEvent(header, data));
    this.rows.push({ position: this.rows.length + 1, storedAt: this.at, subject: subjectOf(type, ...words), bytes, taken: true });
  }

  reader(): JournalReader {
    const page = async (_: string, from: number, limit: number) => this.rows.slice(from - 1, from - 1 + limit);
    return { head: async () => this.rows.length, events: page } as unknown as JournalReader;
  }
}

const SESSION = { id: 's1', end: null } as unknown as SessionRow;

/** An hour in which a core is away for ten seconds every five minutes. */
function recorded(rules: AlertRules | null): Tape {
  const tape = new Tape();
  const config = { ...TEST_CONFIG, alerting: { routing: 'production', rules } };
  const started = {
    config,
    configHash: '0'.repeat(64),
    seed: 's',
    versions: {},
    boot: 'abcdefgh',
    mode: 'ACTIVE',
    parent: null,
    snapshots: {},
  } as const;
  tape.add('session.started', [], started);
  const heartbeat = {
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
  tape.add('service.started', ['dashboard'], { boot: 'abcdefgh', version: '1', replica: 0, pid: 1 });
  for (let second = 0; second < 3600; second++) {
    tape.at = START + second * 1_000_000;
    if (second % 300 < 290) tape.add('service.heartbeat', ['dashboard'], heartbeat);
    tape.add('clock', [], { fill: 0, committed: 0, committedAt: tape.at });
  }
  return tape;
}

describe('a backtest', () => {
  it('says how many messages the rules of a session have told, and how many others would have', async () => {
    const tape = recorded(RULES);
    const own = await backtest(tape.reader(), SESSION, null, () => {});
    expect(own).toMatchObject({
      session: 's1',
      events: tape.rows.length,
      channels: { store: expect.any(Number), telegram: expect.any(Number) },
    });
    const silent = own.rules.find(({ rule }) => rule === 'SV-001');
    // Twelve beginnings and eleven ends: the last one is still open when the recording stops.
    expect(silent).toMatchObject({
      severity: 'P1',
      messages: 23,
      alerts: 23,
      first: expect.stringContaining('dashboard has said nothing for 5 s'),
    });
    const patient = { ...RULES, rules: RULES.rules.map((rule) => (rule.id === 'SV-001' ? { ...rule, silentSeconds: 60 } : rule)) };
    expect((await backtest(tape.reader(), SESSION, patient, () => {})).messages).toBe(0);
  });

  it('says nothing of a session without rules, unless it is given some', async () => {
    const tape = recorded(null);
    expect((await backtest(tape.reader(), SESSION, null, () => {})).alerts).toBe(0);
    expect((await backtest(tape.reader(), SESSION, RULES, () => {})).messages).toBe(23);
  });
});

describe('the incidents', () => {
  it.each(INCIDENTS.map((incident) => [incident.name, incident] as const))('%s expects what its rule and the routes say', (_, incident) => {
    const set = incident.rules?.(RULES) ?? RULES;
    const rule = set.rules.find(({ id }) => id === incident.rule);
    expect(rule?.severity).toBe(incident.severity);
    for (const routing of ['production', 'development'] as const)
      for (const channel of ['telegram', 'slack'] as const)
        expect([routing, channel, incident.expected[routing][channel] > 0]).toEqual([
          routing,
          channel,
          set.routes[routing][incident.severity].includes(channel),
        ]);
  });
});
