import { type AnyEvent, CATALOG, type EventType, encodeEvent, encodeOutput, type Header, parseEvent, scan } from '@arb/shared/contracts';
import { verifySession } from '@arb/shared/replay';
import {
  CoreRunner,
  Effects,
  Intake,
  type Intent,
  LeaseKeeper,
  type ShellContext,
  type SnapshotBody,
  type StreamMessage,
  sha256,
  Turns,
} from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import { journalOf, recordSession, tinyCores } from './testing.ts';

const H: Header = { n: 7, source: 'journal/abcdefgh', session: 's-1', type: 'clock', v: 1, at: 1_700_000_000_000_000, cause: null };
const CLOCK = { fill: 0.5, committed: 3, committedAt: null };
const STARTED = {
  config: {},
  configHash: '0'.repeat(64),
  seed: '',
  versions: {},
  boot: 'abcdefgh',
  mode: 'ACTIVE',
  parent: null,
  snapshots: {},
} as const;
const VERDICT = {
  outcome: 'BLOCK',
  trip: null,
  coin: 'BTC',
  decision: null,
  firstRule: null,
  rule: null,
  tier: null,
  limit: null,
  value: null,
  numbers: {},
} as const;
function read(subject: string, bytes: Uint8Array): AnyEvent | string {
  const scanned = scan(subject, bytes);
  return typeof scanned === 'string' ? scanned : parseEvent(subject, bytes, scanned, 12);
}
const text = encodeEvent(H, CLOCK);

describe('contracts', () => {
  it.each(['[[{"toString":1},1]]', '[[1,{"valueOf":1,"toString":1}]]', '[[{"toString":{}},1]]'])(
    'never throws on a book with levels %s',
    (bids) => {
      const book = { venue: 'upbit', symbol: 'BTC-KRW', epoch: 1, sequence: 1, exchangeAt: null, receivedAt: 1, bids: 'BIDS', asks: [] };
      const bytes = encodeEvent({ ...H, source: 'market-data/abcdefgh', type: 'book' }, book).replace('"BIDS"', bids);
      expect(typeof read('book.upbit.BTC-KRW', Buffer.from(bytes))).toBe('string');
    },
  );
  it('never throws on an object for a number', () => {
    expect(typeof read('clock', Buffer.from(text.replace('0.5', '{"toString":1}')))).toBe('string');
  });

  const out: [string, Partial<Header>, string, unknown][] = [
    ['U+0000 in a text', { type: 'session.stopped' }, 'session.stopped', { reason: 'a\0b' }],
    ['a lone surrogate in a text', { type: 'session.stopped' }, 'session.stopped', { reason: '\ud83d' }],
    ['a lone surrogate in a key', { type: 'session.started' }, 'session.started', { ...STARTED, config: { '\ud83d': 1 } }],
    ['more than 256 kB', { type: 'session.started' }, 'session.started', { ...STARTED, config: { a: 'x'.repeat(300_000) } }],
    [
      '32 long texts of three bytes a character',
      { type: 'session.started' },
      'session.started',
      { ...STARTED, versions: Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, '김'.repeat(4096)])) },
    ],
    ['a basis of 65 positions', { basis: Array.from({ length: 65 }, (_, i) => i + 1) }, 'clock', CLOCK],
    ['a basis of position 0', { basis: [0] }, 'clock', CLOCK],
    ['a basis that is no position', { basis: [Number.NaN] }, 'clock', CLOCK],
    ['a cause with a fraction', { cause: 1.5 }, 'clock', CLOCK],
    ['a cause of another spelling', { cause: 'parent' }, 'clock', CLOCK],
    ['at with a fraction', { at: 1.5 }, 'clock', CLOCK],
    ['at below 0', { at: -1 }, 'clock', CLOCK],
    ['at that is no number', { at: Number.NaN }, 'clock', CLOCK],
    ['n 0', { n: 0 }, 'clock', CLOCK],
    ['n above 2^53', { n: 2 ** 53 }, 'clock', CLOCK],
    ['a session with a dot', { session: 'a.b' }, 'clock', CLOCK],
    ['a session with a quote', { session: 'a","x":"' }, 'clock', CLOCK],
    ['another version', { v: 2 }, 'clock', CLOCK],
  ];
  it.each(out)('are not encoded into an event that readers refuse: %s', (_, change, subject, data) => {
    const header = { ...H, ...change };
    expect(typeof encodeOutput(subject, header, data)).toBe('string');
  });

  it.each([
    text.replace('0.5', '\0'),
    text.replace('"data"', '"\\u0000":1,"data"'),
    text.replace('"data"', `"${'a'.repeat(75)}😀😀😀","data"`).replace('","data"', '":1,"data"'),
  ])('a fault can be told in a quarantine (%#)', (broken) => {
    const reason = read('clock', Buffer.from(broken)) as string;
    expect(typeof reason).toBe('string');
    const data = { position: 1, subject: 'clock', length: 1, sha256: '0'.repeat(64), head: '', reason: reason.slice(0, 500) };
    const event = read('quarantine', Buffer.from(encodeEvent({ ...H, type: 'quarantine' }, data)));
    expect(typeof event === 'string' ? event : 'well-formed').toBe('well-formed');
  });
  it('a fault that shows a value cuts no pair in two', () => {
    for (let i = 50; i < 62; i++) {
      const reason = read(
        'session.resumed',
        Buffer.from(encodeEvent({ ...H, type: 'session.resumed' }, { boot: `${'a'.repeat(i)}😀😀😀`, term: 1 })),
      ) as string;
      expect([i, reason.isWellFormed()]).toEqual([i, true]);
    }
  });
  it('a fault is short', () => {
    const reason = read('clock', Buffer.from(text.replace('"fill":0.5', `"fill":0.5,"${'k'.repeat(200_000)}":1`))) as string;
    expect(reason.length).toBeLessThan(4_096);
  });
  it('a book on the subject of another venue or symbol is refused', () => {
    const book = { venue: 'binance', symbol: 'ETH-USDT', epoch: 1, sequence: 1, exchangeAt: null, receivedAt: 1, bids: [], asks: [] };
    expect(typeof read('book.upbit.BTC-KRW', Buffer.from(encodeEvent({ ...H, source: 'market-data/abcdefgh', type: 'book' }, book)))).toBe(
      'string',
    );
  });
});

describe('turns', () => {
  const scanned = (source: string, n: number, type: EventType) => ({ n, source, session: 's', kind: CATALOG[type], v: 1, at: 0 }) as never;
  it('goes on to take the journal after 4,096 restarts of others', () => {
    const turns = new Turns('s');
    expect(turns.judge(scanned('journal/journal01', 1, 'session.started'))).toBe('taken');
    let n = 1;
    for (let i = 0; i < 5_000; i++) {
      turns.judge(scanned(`risk/boot${String(i).padStart(6, '0')}`, 1, 'service.started'));
      if (i % 100 === 0) expect([i, turns.judge(scanned('journal/journal01', ++n, 'session.stopping'))]).toEqual([i, 'not-holder']);
    }
  });
  it('takes no second session.started', () => {
    const intake = new Intake('s-1', new Set(['all']));
    const started = (source: string, position: number, seed: string) =>
      intake.judge({
        position,
        storedAt: 0,
        subject: 'session.started',
        bytes: Buffer.from(encodeEvent({ ...H, n: 1, source, type: 'session.started' }, { ...STARTED, seed })),
      });
    expect(started('journal/abcdefgh', 1, 'one')).toBe('taken');
    expect(started('journal/zzzzzzzz', 2, 'other')).not.toBe('taken');
  });
});

describe('lease', () => {
  function stage() {
    const state = { now: 0 };
    const log: StreamMessage[] = [];
    const numbers = new Map<string, number>();
    const keep = (type: EventType, subject: string, source: string, data: unknown) => {
      const n = (numbers.get(source) ?? 0) + 1;
      numbers.set(source, n);
      log.push({
        position: log.length + 1,
        storedAt: 0,
        subject,
        bytes: Buffer.from(encodeEvent({ ...H, n, source, type, session: 's', at: H.at + state.now * 1_000 }, data)),
      });
    };
    keep('session.started', 'session.started', 'journal/journal01', { ...STARTED, boot: 'journal01' });
    const process = (boot: string, joins = false) => {
      const intake = new Intake('s', new Set());
      let position = 0;
      if (joins) for (; position < log.length; position++) intake.judge(log[position] as StreamMessage);
      const out: { act: string; term: number }[] = [];
      const keeper = new LeaseKeeper({
        service: 'alerting',
        boot,
        turns: intake.turns,
        time: { monotonicMs: () => state.now, wallMicros: () => 0, after: () => () => {} },
        say: (act, term) => out.push({ act, term }) > 0,
        changed: () => {},
      });
      const send = (most = 99) => {
        for (const { act, term } of out.splice(0, most))
          keep('lease', 'lease.alerting', `alerting/${boot}`, { service: 'alerting', boot, term, act });
      };
      const hear = () => {
        while (position < log.length) {
          intake.judge(log[position++] as StreamMessage);
          const event = intake.event;
          if (event?.type === 'lease') keeper.heard(event.data.boot, event.data.act);
          if (event?.type === 'lease' && event.source === `alerting/${boot}`) keeper.readBack(event.data.act, event.data.term);
        }
      };
      const turn = () => {
        hear();
        keeper.tick();
        send();
        hear();
      };
      return { keeper, out, send, hear, turn };
    };
    const clock = () => keep('clock', 'clock', 'journal/journal01', { fill: 0, committed: 0, committedAt: null });
    return { state, clock, process };
  }
  it('a renewal that comes back after a release gives nothing', () => {
    const { state, process } = stage();
    const a = process('first001');
    const b = process('second02');
    a.turn();
    state.now = 350;
    a.keeper.tick(); // renewal on its way
    a.keeper.release(); // and the release behind it
    a.send(1);
    a.hear();
    a.send();
    b.turn();
    expect([a.keeper.holds(), b.keeper.holds()]).toEqual([false, true]);
  });
  it('who has released does not claim again at once', () => {
    const { state, process } = stage();
    const a = process('first001');
    a.turn();
    a.keeper.release();
    a.send();
    a.hear();
    state.now = 450;
    a.keeper.tick();
    expect(a.out).toEqual([]);
  });
  it('never two, when one joins from a seal after the clock has jumped', () => {
    const { state, clock, process } = stage();
    const a = process('first001');
    a.turn();
    for (state.now = 100; state.now <= 1_400; state.now += 100) a.turn();
    state.now = 2_050;
    // A clock that slept for two seconds; the holder is cut off, it ticks on.
    for (state.now = 1_500; state.now < 2_100; state.now += 100) a.keeper.tick();
    clock();
    const b = process('second02', true);
    b.turn();
    expect([a.keeper.holds(), b.keeper.holds()]).not.toEqual([true, true]);
  });
  it('never two, when the clock had stood still for more than a second and the holder is then cut off', () => {
    const { state, clock, process } = stage();
    const a = process('first001');
    const b = process('second02');
    a.turn();
    b.hear();
    for (state.now = 100; state.now <= 1_400; state.now += 100) a.turn();
    // The clock comes back; the holder goes on to tick, but nothing of it gets through any more.
    const both: number[] = [];
    for (state.now = 1_500; state.now < 3_500; state.now += 100) {
      clock();
      a.keeper.tick();
      b.turn();
      if (a.keeper.holds() && b.keeper.holds()) both.push(state.now);
    }
    expect(both).toEqual([]);
  });
});

describe('effects', () => {
  it('an answer from before the lease was lost is worth nothing', async () => {
    const calls: string[] = [];
    let answer: (a: 'unknown') => void = () => {};
    let held = true;
    const effects = new Effects<Intent, string>({
      context: { holdsLease: () => held, committed: () => 100 } as unknown as ShellContext,
      act: async ({ key }) => {
        calls.push(`act ${key}`);
        return 'done';
      },
      ask: ({ key }) =>
        new Promise((resolve) => {
          calls.push(`ask ${key}`);
          answer = resolve;
        }),
      tell: () => true,
      failed: () => {},
      most: 10,
      atOnce: 10,
    });
    effects.intend({ key: 'a', position: 1, validUntil: null }, false);
    effects.tick();
    held = false;
    effects.leaseLost(); // another boot holds it now, acts, and dies
    held = true;
    answer('unknown');
    await new Promise((resolve) => setImmediate(resolve));
    effects.tick();
    expect(calls).toEqual(['ask a', 'ask a']);
  });
  it('a world that cannot be asked is not asked twenty times a second', async () => {
    let asked = 0;
    const effects = new Effects<Intent, string>({
      context: { holdsLease: () => true, committed: () => 100 } as unknown as ShellContext,
      act: async () => 'done',
      ask: async () => {
        asked++;
        throw new Error('429');
      },
      tell: () => true,
      failed: () => {},
      most: 10,
      atOnce: 10,
    });
    effects.intend({ key: 'a', position: 1, validUntil: null }, false);
    for (let i = 0; i < 20; i++) {
      effects.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(asked).toBeLessThan(20);
  });
  it('an outcome is told once while its telling is unconfirmed', async () => {
    const told: string[] = [];
    const effects = new Effects<Intent, string>({
      context: { holdsLease: () => true, committed: () => 100 } as unknown as ShellContext,
      act: async () => 'done',
      ask: async () => 'unknown',
      tell: (_, outcome) => told.push(outcome) > 0,
      failed: () => {},
      most: 10,
      atOnce: 10,
    });
    effects.intend({ key: 'a', position: 1, validUntil: null }, true);
    for (let i = 0; i < 5; i++) {
      effects.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told).toEqual(['done']);
  });
});

describe('core runner', () => {
  const core = (change: object) =>
    ({ version: '1', schema: 1, inputs: [], handle: () => {}, onTimer: () => {}, save: () => null, load: () => {}, ...change }) as never;
  const started = { ...H, n: 1, type: 'session.started', position: 1, subject: 'session.started', session: 's', data: STARTED } as never;
  it('what was open in an older version is brought to the present one', () => {
    const kind = CATALOG.verdict as { v: number; upcasts: unknown };
    const before = { v: kind.v, upcasts: kind.upcasts };
    Object.assign(kind, { v: 2, upcasts: [(data: { rule: string }) => ({ ...data, rule: `${data.rule} upcast` })] });
    try {
      const runner = new CoreRunner('risk', core({}), 's');
      const body = encodeEvent({ ...H, source: 'risk', type: 'verdict', v: 1 }, { ...VERDICT, rule: 'old' });
      runner.loadParent({ core: null, schema: 1, seed: '', clock: 1, now: 1, timers: [], n: [] }, 'p', [{ subject: 'verdict.BTC', body }]);
      const said: string[] = [];
      runner.apply(started, (output) => said.push(output.bytes.toString()));
      expect(said[0]).toContain('old upcast');
    } finally {
      Object.assign(kind, before);
    }
  });
  it('a timer that sets itself again at once ends in an error, not in a process that stands still', () => {
    let fired = 0;
    const runner = new CoreRunner(
      'risk',
      core({
        handle: (_: unknown, context: { now: number; setTimer(id: string, at: number): void }) => context.setTimer('t', context.now),
        onTimer: (_: unknown, context: { now: number; setTimer(id: string, at: number): void }) => {
          if (++fired > 2_000_000) throw new Error('would go on for ever');
          context.setTimer('t', context.now);
        },
      }),
      's',
    );
    const clock = { ...H, type: 'clock', position: 2, subject: 'clock', data: CLOCK } as never;
    let error = '';
    try {
      // A session's first event comes before the timers that it reaches, also those that it sets.
      runner.apply(started, () => {});
      runner.apply(clock, () => {});
    } catch (caught) {
      error = (caught as Error).message;
    }
    expect(error).not.toBe('would go on for ever');
    expect(error).not.toBe('');
  });
  it('a basis that an event cannot hold is refused when it is derived', () => {
    const runner = new CoreRunner(
      'risk',
      core({
        handle: (_: unknown, context: { emit(...args: unknown[]): void }) =>
          context.emit(
            'verdict',
            ['BTC'],
            VERDICT,
            Array.from({ length: 65 }, (_, i) => i + 1),
          ),
      }),
      's',
    );
    expect(() => runner.apply(started, () => {})).toThrow('basis');
  });
});

describe('verify', () => {
  const recorded = recordSession();
  const { rows } = recorded;
  it('ends when the next seal begins beyond the end', async () => {
    const nth = 5;
    const gone = recorded.seals[nth] as (typeof recorded.seals)[number];
    const journal = journalOf({
      ...recorded,
      session: { ...recorded.session, end: gone.to },
      seals: recorded.seals.filter((_, i) => i !== nth),
    });
    let asked = 0;
    const seals = journal.seals;
    const report = verifySession(
      {
        ...journal,
        seals: async (...args) => {
          if (++asked > 50) throw new Error('asks for ever');
          return seals(...args);
        },
      },
      { ...recorded.session, end: gone.to },
      { cores: tinyCores() },
    );
    expect((await report).ok).toBe(false);
  });
  it('names the position at which a core failed', async () => {
    const before = (event: { type: string }) => {
      if (event.type === 'verdict') throw new Error('cannot');
      return undefined;
    };
    const verdicts = rows.filter((row) => row.taken && row.subject.startsWith('verdict.'));
    const report = await verifySession(journalOf(recorded), recorded.session, { cores: tinyCores({ service: 'executor', before }) });
    expect(report.faults[0]).toMatchObject({ position: verdicts[0]?.position, subject: verdicts[0]?.subject });
  });
  it.each(['turns', 'open'])('turns red when the %s of a snapshot were changed along with its hash', async (part) => {
    const snapshots = recorded.snapshots.map((one) => {
      const body = JSON.parse(one.body) as SnapshotBody;
      const changed = JSON.stringify(
        part === 'open'
          ? { ...body, open: [{ subject: 'verdict.BTC', body: '{}', cause: 1 }] }
          : { ...body, turns: { ...body.turns, last: [] } },
      );
      return { ...one, body: changed, sha256: sha256(changed) };
    });
    expect((await verifySession(journalOf({ ...recorded, snapshots }), recorded.session, { cores: tinyCores() })).ok).toBe(false);
  });
  it("turns red when the parent's snapshot is not the one that the first event names", async () => {
    const child = recordSession({ id: 's-2', parent: recorded });
    const snapshots = recorded.snapshots.map((one) => {
      if (one.service !== 'aggregator' || one.position !== recorded.session.end) return one;
      const body = one.body.replace(/"BTC-KRW":[\d.]+/, '"BTC-KRW":1');
      expect(body).not.toBe(one.body);
      return { ...one, body, sha256: sha256(body) };
    });
    expect((await verifySession(journalOf({ ...recorded, snapshots }, child), child.session, { cores: tinyCores() })).ok).toBe(false);
  });
  it("does not believe the session's row over its sealed first event", async () => {
    const versions = { ...recorded.session.versions, strategy: '0' };
    const session = { ...recorded.session, versions };
    const report = await verifySession(journalOf({ ...recorded, session }), session, { cores: tinyCores({ edge: 11 }) });
    expect(report.ok).toBe(false);
  });
  it('turns red when the end of the session was set back before its last seals', async () => {
    const session = { ...recorded.session, end: recorded.seals[10]?.to as number };
    expect((await verifySession(journalOf({ ...recorded, session }), session, { cores: tinyCores() })).ok).toBe(false);
  });
  it('is not in order when nothing at all is left of the session', async () => {
    const session = { ...recorded.session, end: null, status: 'live' as const };
    expect(
      (await verifySession(journalOf({ ...recorded, session, rows: [], seals: [], snapshots: [] }), session, { cores: tinyCores() })).ok,
    ).toBe(false);
  });
  it('compares every snapshot, not only the newest hundred', async () => {
    const first = recorded.snapshots.find((one) => one.service === 'risk') as (typeof recorded.snapshots)[number];
    const bad = { ...first, body: first.body.replace(/"blocked":\d+/, '"blocked":999'), position: first.position };
    const wrong = { ...bad, sha256: sha256(bad.body) };
    const many = Array.from({ length: 100 }, (_, i) => ({ ...first, position: rows.length - i, version: 'x' }));
    const report = await verifySession(journalOf({ ...recorded, snapshots: [wrong, ...many] }), recorded.session, { cores: tinyCores() });
    expect(report.ok).toBe(false);
  });
});
