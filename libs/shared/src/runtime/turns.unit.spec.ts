import { CATALOG, type DataOf, type EventType, encodeEvent, subjectOf } from '@arb/shared/contracts';
import { Intake, type Judgement, LEASE_MICROS, type StreamMessage } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

const START = 1_700_000_000_000_000;
const CLOCK = { fill: 0, committed: 0, committedAt: null };
const UNIVERSE = { coins: ['BTC'], mode: 'fixed', why: 'test' };
const STARTED: DataOf<'session.started'> = {
  config: {},
  configHash: '0'.repeat(64),
  seed: 'seed',
  versions: {},
  boot: 'journal01',
  mode: 'ACTIVE',
  parent: null,
  snapshots: {},
};

/** A message log that one reader reads as it is written. */
class Log {
  readonly intake = new Intake('s', new Set(['all']));
  readonly messages: StreamMessage[] = [];
  private readonly numbers = new Map<string, number>();

  say<K extends EventType>(
    type: K,
    source: string,
    data: DataOf<K>,
    change: { n?: number; at?: number; session?: string; words?: string[] } = {},
  ): Judgement {
    const lane = `${CATALOG[type].root} ${source}`;
    const n = change.n ?? (this.numbers.get(lane) ?? 0) + 1;
    if (change.n === undefined) this.numbers.set(lane, n);
    const header = { n, source, session: change.session ?? 's', type, v: 1, at: change.at ?? START, cause: null };
    const position = this.messages.length + 1;
    const words = change.words ?? (type === 'lease' ? [source.split('/')[0] as string] : []);
    const message = { position, storedAt: START, subject: subjectOf(type, ...words), bytes: Buffer.from(encodeEvent(header, data)) };
    this.messages.push(message);
    return this.intake.judge(message);
  }

  clock(ms: number, source = 'journal/journal01'): Judgement {
    return this.say('clock', source, CLOCK, { at: START + ms * 1_000 });
  }

  lease(act: 'claim' | 'renew' | 'release', term: number, boot: string): Judgement {
    return this.say('lease', `market-data/${boot}`, { service: 'market-data', boot, term, act });
  }

  get holder() {
    return this.intake.turns.holderOf('market-data');
  }
}

function begun(): Log {
  const log = new Log();
  log.say('session.started', 'journal/journal01', STARTED);
  return log;
}

describe('turns', () => {
  it('takes each number of a source once, in order, and nothing after a hole until it is filled', () => {
    const log = begun();
    const say = (n: number) => log.say('session.stopped', 'journal/journal01', { reason: '' }, { n });
    expect([2, 2, 1, 4, 5, 3, 3, 5, 4, 5].map(say)).toEqual([
      'taken',
      'out-of-turn',
      'out-of-turn',
      'out-of-turn',
      'out-of-turn',
      'taken',
      'out-of-turn',
      'out-of-turn',
      'taken',
      'taken',
    ]);
    expect(log.intake.turns.lastOf('journal/journal01', 'session')).toBe(5);
  });

  it('counts each source alone, and two boots of one service as two sources', () => {
    const log = begun();
    const said = { boot: 'risk0001', version: '1', replica: 0, pid: 1 };
    expect(log.say('service.started', 'risk/risk0001', said, { words: ['risk'] })).toBe('taken');
    expect(log.say('service.started', 'risk/risk0002', said, { words: ['risk'] })).toBe('taken');
    expect(log.say('service.started', 'executor/risk0001', said, { words: ['executor'], n: 2 })).toBe('out-of-turn');
  });

  it('ignores what is of another session, and uses no number up for it', () => {
    const log = begun();
    expect(log.say('session.stopped', 'journal/journal01', { reason: '' }, { session: 'other', n: 2 })).toBe('other-session');
    expect(log.say('session.stopped', 'journal/journal01', { reason: '' }, { session: 's', n: 2 })).toBe('taken');
  });

  it('uses the number of a malformed event up, so that its source goes on', () => {
    const log = begun();
    expect(log.say('session.stopped', 'journal/journal01', { reason: 5 } as never)).toBe('malformed');
    expect(log.say('session.stopped', 'journal/journal01', { reason: '' })).toBe('taken');
  });

  it('takes the journal only from the boot that the session names, then from the one that resumes it by one term more', () => {
    const log = begun();
    expect(log.clock(100, 'journal/journal02')).toBe('not-holder');
    const resume = (boot: string, source: string, term: number) => log.say('session.resumed', source, { boot, term });
    resume('journal02', 'journal/journal02', 0);
    resume('journal02', 'journal/journal02', 2);
    resume('journal02', 'journal/journal03', 1);
    expect(log.clock(200, 'journal/journal02')).toBe('not-holder');
    expect(log.clock(250)).toBe('taken');
    resume('journal02', 'journal/journal02', 1);
    expect(log.clock(300, 'journal/journal02')).toBe('taken');
    expect(log.clock(400)).toBe('not-holder');
    expect(log.intake.turns.clock).toBe(START + 300_000);
  });

  it('lets a session begin once: no later word of a journal begins it anew', () => {
    const log = begun();
    expect(log.say('session.started', 'journal/journal02', { ...STARTED, boot: 'journal02', seed: 'other' })).not.toBe('taken');
    expect(log.clock(100, 'journal/journal02')).toBe('not-holder');
    expect(log.clock(100)).toBe('taken');
  });

  it('never lets the clock go back', () => {
    const log = begun();
    log.clock(500);
    log.clock(100);
    expect(log.intake.turns.clock).toBe(START + 500_000);
  });

  it('gives a lease to the first of two claims, and takes only the holder', () => {
    const log = begun();
    expect(log.say('universe', 'market-data/first001', UNIVERSE)).toBe('not-holder');
    log.lease('claim', 1, 'second02');
    log.lease('claim', 1, 'first001');
    expect(log.holder).toEqual({ boot: 'second02', term: 1, running: true, released: false });
    expect(log.say('universe', 'market-data/second02', UNIVERSE)).toBe('taken');
    expect(log.say('universe', 'market-data/first001', UNIVERSE)).toBe('not-holder');
  });

  it('ends a lease by the clock alone, to the microsecond, and still takes the holder until another boot claims', () => {
    const log = begun();
    log.lease('claim', 1, 'first001');
    log.clock(LEASE_MICROS / 1_000 - 1);
    log.lease('claim', 2, 'second02');
    expect(log.holder).toEqual({ boot: 'first001', term: 1, running: true, released: false });
    // Others' times pass nothing.
    log.say('universe', 'market-data/first001', UNIVERSE, { at: START + 10 * LEASE_MICROS });
    expect(log.holder?.running).toBe(true);
    log.clock(LEASE_MICROS / 1_000);
    expect(log.holder).toEqual({ boot: 'first001', term: 1, running: false, released: false });
    expect(log.say('universe', 'market-data/first001', UNIVERSE)).toBe('taken');
    log.lease('claim', 2, 'second02');
    expect(log.holder).toEqual({ boot: 'second02', term: 2, running: true, released: false });
    expect(log.say('universe', 'market-data/first001', UNIVERSE)).toBe('not-holder');
  });

  it('renews by two seconds from the clock, for the holder of the term only', () => {
    const log = begun();
    log.lease('claim', 1, 'first001');
    log.clock(1_500);
    log.lease('renew', 2, 'first001');
    log.lease('renew', 1, 'second02');
    log.clock(2_000);
    expect(log.holder?.running).toBe(false);
    log.lease('renew', 1, 'first001');
    log.clock(3_999);
    expect(log.holder?.running).toBe(true);
    log.clock(4_000);
    expect(log.holder?.running).toBe(false);
  });

  it('frees a released lease at once, for the next term only, and only when its holder says so', () => {
    const log = begun();
    log.lease('claim', 1, 'first001');
    log.lease('release', 1, 'second02');
    log.lease('release', 2, 'first001');
    expect(log.holder?.running).toBe(true);
    log.lease('release', 1, 'first001');
    for (const term of [0, 1, 3]) log.lease('claim', term, 'second02');
    expect(log.holder).toEqual({ boot: 'first001', term: 1, running: false, released: true });
    log.lease('claim', 2, 'second02');
    expect(log.holder).toEqual({ boot: 'second02', term: 2, running: true, released: false });
  });

  it('does not believe a process that claims for another boot or another service', () => {
    const log = begun();
    log.say('lease', 'market-data/first001', { service: 'market-data', boot: 'second02', term: 1, act: 'claim' });
    log.say('lease', 'alerting/first001', { service: 'market-data', boot: 'first001', term: 1, act: 'claim' });
    expect(log.holder).toBeNull();
  });

  it('knows after a saved state what it would know had it lived through, wherever it was saved, whatever was said', () => {
    const boot = fc.constantFrom('first001', 'second02', 'third003');
    const step = fc.oneof(
      fc.record({ what: fc.constant('clock' as const), ms: fc.nat(6_000), boot: fc.constantFrom('journal01', 'journal02') }),
      fc.record({
        what: fc.constant('lease' as const),
        act: fc.constantFrom('claim' as const, 'renew' as const, 'release' as const),
        term: fc.nat(4),
        boot,
      }),
      fc.record({ what: fc.constant('resume' as const), term: fc.nat(3), boot: fc.constantFrom('journal01', 'journal02') }),
      fc.record({ what: fc.constant('universe' as const), n: fc.option(fc.nat(5), { nil: undefined }), boot }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, cut) => {
        const log = begun();
        const judged: Judgement[] = ['taken'];
        for (const said of steps)
          judged.push(
            said.what === 'clock'
              ? log.clock(said.ms, `journal/${said.boot}`)
              : said.what === 'lease'
                ? log.lease(said.act, said.term, said.boot)
                : said.what === 'resume'
                  ? log.say('session.resumed', `journal/${said.boot}`, { boot: said.boot, term: said.term })
                  : log.say('universe', `market-data/${said.boot}`, UNIVERSE, said.n === undefined ? {} : { n: said.n }),
          );
        const before = new Intake('s', new Set(['all']));
        const at = cut % (log.messages.length + 1);
        for (const message of log.messages.slice(0, at)) before.judge(message);
        // What reads headers only agrees with what reads every body.
        const after = new Intake('s', new Set());
        after.turns.load(JSON.parse(JSON.stringify(before.turns.save())));
        expect(log.messages.slice(at).map((message) => after.judge(message))).toEqual(judged.slice(at));
        expect(JSON.stringify(after.turns.save())).toBe(JSON.stringify(log.intake.turns.save()));
      }),
      { numRuns: 300 },
    );
  });
});
