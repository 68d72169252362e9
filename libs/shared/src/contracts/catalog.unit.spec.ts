import {
  CATALOG,
  type EventType,
  echoRootsOf,
  KINDS,
  kindsOn,
  mayWrite,
  readsOf,
  rootsOf,
  SERVICES,
  STREAM_SUBJECTS,
  subjectOf,
  writesOf,
} from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

/** Words that each kind's subject may have, so that a new kind without an example here fails. */
const WORDS: Readonly<Record<EventType, readonly (readonly string[])[]>> = {
  'session.started': [[]],
  'session.resumed': [[]],
  'session.stopping': [[]],
  'session.stopped': [[]],
  clock: [[]],
  'journal.committed': [[]],
  quarantine: [[]],
  'service.started': SERVICES.map((name) => [name]),
  'service.heartbeat': SERVICES.map((name) => [name]),
  'service.stopping': SERVICES.map((name) => [name]),
  lease: [['market-data'], ['alerting']],
  command: [['halt'], ['go-on']],
  book: [
    ['upbit', 'BTC-KRW'],
    ['b2', '1INCH-USDT'],
  ],
  trade: [['upbit', 'BTC-KRW']],
  fx: [['KRW-USDT']],
  health: [['upbit']],
  instruments: [['upbit']],
  universe: [[]],
  l2: [['BTC'], ['1INCH']],
  decision: [['BTC']],
  verdict: [['BTC']],
  guard: [[]],
  order: [['upbit', 'BTC-KRW']],
  fill: [['upbit', 'BTC-KRW']],
  position: [['BTC']],
  balance: [['upbit']],
  transfer: [['BTC'], ['KRW']],
  kpi: [[]],
  reconciliation: [['upbit']],
  alert: [['p0'], ['p3']],
  'alert.delivery': [['p0'], ['p3']],
  'alert.queue': [[]],
};
const ALL = Object.entries(WORDS).flatMap(([type, choices]) => choices.map((words) => ({ type: type as EventType, words })));

/** NATS' own rule: `>` stands for one word or more, at the end. */
function covers(pattern: string, subject: string): boolean {
  return pattern.endsWith('.>') ? subject.startsWith(pattern.slice(0, -1)) && subject.length > pattern.length - 1 : pattern === subject;
}

describe('catalog', () => {
  it('names for each kind a subject on which that kind is found again', () => {
    expect(Object.keys(WORDS).sort()).toEqual(KINDS.map((kind) => kind.type).sort());
    for (const { type, words } of ALL) expect(kindsOn(subjectOf(type, ...words))).toContain(CATALOG[type]);
  });

  it('shares a subject between two kinds only for what a process says of itself and for alerts', () => {
    for (const { type, words } of ALL) {
      const shared = kindsOn(subjectOf(type, ...words)).length;
      const expected = CATALOG[type].root === 'service' ? 3 : type === 'alert' || type === 'alert.delivery' ? 2 : 1;
      expect([type, shared]).toEqual([type, expected]);
    }
  });

  it('keeps every subject of the table in exactly one wildcard of the stream', () => {
    for (const { type, words } of ALL) {
      const subject = subjectOf(type, ...words);
      expect([subject, STREAM_SUBJECTS.filter((pattern) => covers(pattern, subject)).length]).toEqual([subject, 1]);
    }
  });

  it('knows no kind on a subject which the stream would not keep', () => {
    const word = fc.oneof(fc.constantFrom('BTC', 'upbit', 'BTC-KRW', 'started', 'p0', 'risk', '*', '>', ''), fc.string({ maxLength: 6 }));
    const root = fc.oneof(fc.constantFrom(...KINDS.map((kind) => kind.root)), word);
    fc.assert(
      fc.property(root, fc.array(word, { maxLength: 3 }), (first, rest) => {
        const subject = [first, ...rest].join('.');
        if (kindsOn(subject).length === 0) return;
        expect(STREAM_SUBJECTS.some((pattern) => covers(pattern, subject))).toBe(true);
        expect(subject).not.toMatch(/[\s*>]|\.\.|^\.|\.$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    'book',
    'book.upbit',
    'book.upbit.BTC',
    'book.upbit.BTC-KRW.x',
    'book.UPBIT.BTC-KRW',
    'book.upbit.btc-krw',
    'book.upbit.BTC-KRW\n',
    'l2.BTC\n',
    'l2.',
    'clock.x',
    'session',
    'session.begun',
    'service.cli',
    'alert.p4',
    'constructor',
    '__proto__',
  ])('knows nothing on %j', (subject) => {
    expect(kindsOn(subject)).toEqual([]);
  });

  it('lets a core speak without a boot and a shell only with one', () => {
    for (const { type, words } of ALL) {
      const kind = CATALOG[type];
      for (const writer of kind.writers) {
        const own = kind.root === 'service' || kind.root === 'lease' ? [writer] : words;
        const subject = subjectOf(type, ...own);
        expect([type, mayWrite(kind, writer, subject)]).toEqual([type, kind.by === 'core']);
        expect([type, mayWrite(kind, `${writer}/abcdefgh`, subject)]).toEqual([type, kind.by === 'shell']);
      }
    }
  });

  it('lets nobody else write', () => {
    for (const { type, words } of ALL) {
      const kind = CATALOG[type];
      for (const writer of [...SERVICES, 'cli', 'nobody', ''])
        if (!(kind.writers as readonly string[]).includes(writer))
          for (const source of [writer, `${writer}/abcdefgh`]) expect(mayWrite(kind, source, subjectOf(type, ...words))).toBe(false);
    }
  });

  it.each(['clock', 'book', 'lease'] as const)('refuses a %s from a boot that is spelled wrong', (type) => {
    const kind = CATALOG[type];
    const words = WORDS[type][0] as readonly string[];
    for (const boot of ['', 'short', 'ABCDEFGH', 'a'.repeat(17), 'abcdefgh/x', 'abcdefgh ', 'abcdefgh\n'])
      expect(mayWrite(kind, `${kind.writers[0]}/${boot}`, subjectOf(type, ...words))).toBe(false);
  });

  it('lets a process speak of itself only', () => {
    expect(mayWrite(CATALOG['service.heartbeat'], 'risk/abcdefgh', 'service.risk')).toBe(true);
    expect(mayWrite(CATALOG['service.heartbeat'], 'executor/abcdefgh', 'service.risk')).toBe(false);
    expect(mayWrite(CATALOG.lease, 'alerting/abcdefgh', 'lease.market-data')).toBe(false);
  });

  it('has a reader and a writer for every kind', () => {
    const read = new Set(SERVICES.flatMap((service) => readsOf(service)));
    const written = new Set([...SERVICES, 'cli' as const].flatMap((service) => writesOf(service)));
    expect(read.size).toBe(KINDS.length);
    expect(written.size).toBe(KINDS.length);
  });

  it('tells the roots in which a hurried core only hears itself', () => {
    expect(Object.fromEntries(SERVICES.map((service) => [service, [...echoRootsOf(service)].sort()]))).toEqual({
      'market-data': [],
      aggregator: ['l2'],
      strategy: ['decision'],
      risk: ['guard', 'verdict'],
      executor: ['balance', 'fill', 'kpi', 'order', 'position', 'reconciliation', 'transfer'],
      alerting: [],
      journal: [],
      dashboard: [],
    });
    // All that a hurried core says is in them, so whoever looks ahead for it need read nothing else.
    for (const service of SERVICES.filter((name) => echoRootsOf(name).size > 0)) {
      for (const kind of KINDS)
        if (kind.by === 'core' && kind.writers.includes(service))
          expect([service, echoRootsOf(service).has(kind.root)]).toEqual([service, true]);
      for (const root of echoRootsOf(service)) expect(rootsOf(service).has(root)).toBe(true);
    }
  });
});
