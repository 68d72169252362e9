import { describe, expect, it } from '@jest/globals';
import type { AnyEvent, CoreServiceName, EventType } from '../contracts/index.ts';
import type { Core, CoreContext, MakeCore } from '../core/index.ts';
import { bookOf, input, rateOf, TEST_CONFIG } from '../core/testing.ts';
import { type ClosedLoopOptions, JOURNAL, openClosedLoop, openJournalVoice } from './index.ts';

const BEGIN = 1_700_000_000_000_000;
const MARKET = 'market-data/abcdefgh';

/** A core that does what it is told to at each input, and at each timer. */
function core(inputs: readonly EventType[], answer: (event: AnyEvent, context: CoreContext) => void = () => {}): MakeCore {
  return (): Core => ({
    version: '1',
    schema: 1,
    inputs,
    handle: answer,
    onTimer: (id, context) => say(id, context),
    save: () => null,
    load: () => {},
  });
}

function say(why: string, context: CoreContext, coin = 'BTC'): void {
  const nothing = { route: null, notional: null, edgeBps: null, validUntil: null, rule: null, limit: null, value: null };
  context.emit('decision', [coin], { kind: 'skipped', trip: null, coin, legs: [], ...nothing, why, numbers: {} });
}

const QUIET = core([]);
const sayL2 = core(['book'], (event, context) => {
  if (event.type === 'book')
    context.emit('l2', ['BTC'], { coin: 'BTC', numeraire: 'USDT', venues: [], bids: [], asks: [] }, [event.position]);
});

function loop(cores: Partial<Record<CoreServiceName, MakeCore>>, options: Partial<ClosedLoopOptions> = {}) {
  const seen: AnyEvent[] = [];
  const all = { aggregator: QUIET, strategy: QUIET, risk: QUIET, executor: QUIET, alerting: QUIET, ...cores };
  const closed = openClosedLoop({
    cores: all,
    session: 's',
    seed: 'seed',
    config: TEST_CONFIG,
    begin: BEGIN,
    seen: (event) => seen.push(event),
    ...options,
  });
  const book = (at: number) =>
    closed.feed({ ...bookOf('upbit', 'BTC-KRW', [[1, 1]], [[2, 1]], BEGIN + at), source: MARKET, at: BEGIN + at });
  const rate = (at: number) => closed.feed({ ...rateOf('KRW-USDT', 1400), source: MARKET, at: BEGIN + at });
  const clock = (at: number) =>
    closed.feed({ ...input('clock', [], { fill: 0, committed: 0, committedAt: null }), source: JOURNAL, at: BEGIN + at });
  const told = () => seen.map(({ type, position, at, cause }) => `${position} ${type} ${at - BEGIN} ${cause ?? 'outside'}`);
  return { closed, seen, book, rate, clock, told };
}

describe('the closed loop', () => {
  it('begins the session with its configuration, and gives each answer its cause, the time of that, and a place behind it', () => {
    const answering = core(['l2'], (event, context) => {
      if (event.type === 'l2') say('no', context);
    });
    const { book, told, seen } = loop({ aggregator: sayL2, strategy: answering });
    book(10);
    expect(told()).toEqual(['1 session.started 0 outside', '2 book 10 outside', '3 l2 10 2', '4 decision 10 3']);
    expect(seen[0]).toMatchObject({ data: { config: TEST_CONFIG, seed: 'seed' } });
    expect(seen[2]).toMatchObject({ n: 1, source: 'aggregator', subject: 'l2.BTC', basis: [2] });
  });

  it('lets what happens outside come between an event and the answer to it, as long as that takes', () => {
    const { book, rate, told, closed } = loop({ aggregator: sayL2 }, { hop: { minMicros: 100, maxMicros: 100 } });
    book(0);
    rate(50);
    book(100);
    expect(told().slice(1)).toEqual(['2 book 0 outside', '3 fx 50 outside', '4 l2 0 2', '5 book 100 outside']);
    expect(closed.nextArrival()).toBe(BEGIN + 200);
    closed.settle(BEGIN + 200);
    expect(told().at(-1)).toBe('6 l2 100 5');
    expect(closed.nextArrival()).toBe(Number.POSITIVE_INFINITY);
  });

  it("never lets a core's answers overtake each other, however long each takes", () => {
    const { book, seen, closed } = loop({ aggregator: sayL2 }, { hop: { minMicros: 0, maxMicros: 5_000 } });
    for (let i = 0; i < 500; i++) book(i * 10);
    closed.settle(Number.POSITIVE_INFINITY);
    const causes = seen.filter(({ type }) => type === 'l2').map(({ cause }) => cause as number);
    expect(causes.length).toBe(500);
    expect(causes).toEqual([...causes].sort((a, b) => a - b));
    // They were on their way together: between the first book and its answer there are others.
    expect(seen.findIndex(({ type }) => type === 'l2')).toBeGreaterThan(2);
  });

  it('counts what each source says by the root of its subject', () => {
    const { book, rate, seen } = loop({});
    book(0);
    rate(1);
    book(2);
    expect(seen.slice(1).map(({ type, n }) => `${type} ${n}`)).toEqual(['book 1', 'fx 1', 'book 2']);
  });

  it('gives a core its timers before the event that reaches them', () => {
    const timed = core(['fx'], (event, context) => {
      if (event.type === 'fx') context.setTimer('later', context.now + 70);
    });
    const { rate, clock, told, closed } = loop({ strategy: timed });
    rate(0);
    expect(closed.nextTimer()).toBe(BEGIN + 70);
    clock(100);
    expect(told().slice(2)).toEqual(['3 clock 100 outside', '4 decision 100 3']);
  });

  it('says the same as bytes as it does as objects', () => {
    const texts = [true, false].map((encoded) => {
      const { book, seen } = loop({ aggregator: sayL2 }, { encoded, hop: { minMicros: 10, maxMicros: 500 } });
      for (let i = 0; i < 50; i++) book(i * 100);
      return JSON.stringify(seen);
    });
    expect(texts[0]).toBe(texts[1]);
  });

  it('refuses an answer that no service could publish, where answers are encoded', () => {
    const wrong = core(['book'], (event, context) => {
      if (event.type === 'book') context.emit('l2', ['ETH'], { coin: 'BTC', numeraire: 'USDT', venues: [], bids: [], asks: [] });
    });
    const { book } = loop({ aggregator: wrong }, { encoded: true });
    expect(() => book(0)).toThrow(/aggregator said a malformed l2 on l2\.ETH to position 2/);
  });

  it('refuses an event from before the last one', () => {
    const { book, rate } = loop({});
    book(10);
    expect(() => rate(9)).toThrow(/expected an event at .*10 or later, found fx/);
  });

  it.each([1, 2])('refuses to answer itself for ever, %d answers at a time', (count) => {
    const mirror = core(['session.started', 'l2'], (_event, context) => {
      for (let i = 0; i < count; i++) say('again', context);
    });
    const echo = core(['decision'], (event, context) => {
      if (event.type === 'decision') context.emit('l2' as never, ['BTC'], event.data as never);
    });
    expect(() => loop({ strategy: mirror, risk: echo })).toThrow(/they answer each other/);
  });
});

describe("the journal's voice", () => {
  const journal = { clockMs: 100, committedMs: 250 };
  const clockOf = (event: AnyEvent) => (event.type === 'clock' ? event.data : null);

  it('says the time, and up to where all is written: what one commit wrote is said with the next', () => {
    const { closed, book, seen } = loop({});
    const voice = openJournalVoice(closed, { journal, punctual: false });
    voice.speakUntil(BEGIN + 100_000);
    book(120_000);
    voice.speakUntil(BEGIN + 600_000);
    const said = seen.map((event) => `${event.type} ${(event.at - BEGIN) / 1000}`);
    expect(said.slice(1)).toEqual(
      ['clock 0', 'clock 100', 'book 120', 'clock 200', 'journal.committed 250', 'clock 300', 'clock 400', 'journal.committed 500'].concat([
        'clock 500',
        'clock 600',
      ]),
    );
    expect(seen.filter(({ type }) => type === 'journal.committed').map(({ data }) => (data as { to: number }).to)).toEqual([1, 6]);
    expect(seen.map(clockOf).findLast((data) => data !== null)).toMatchObject({ committed: 6, committedAt: BEGIN + 250_000 });
  });

  it('lets the clock speak at the moment a timer is due, where it is to be punctual', () => {
    const timed = core(['fx'], (event, context) => {
      if (event.type === 'fx') context.setTimer('later', context.now + 33);
    });
    const times = [true, false].map((punctual) => {
      const { closed, rate, seen } = loop({ strategy: timed });
      const voice = openJournalVoice(closed, { journal, punctual });
      voice.speakUntil(BEGIN + 10);
      rate(10);
      voice.speakUntil(BEGIN + 200_000);
      return (seen.find(({ type }) => type === 'decision') as AnyEvent).at - BEGIN;
    });
    expect(times).toEqual([43, 100_000]);
  });
});
