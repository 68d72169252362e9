import { type AnyEvent, type DataOf, type EventType, encodeEvent, MAX_BASIS, parseEvent, scan, subjectOf } from '@arb/shared/contracts';
import type { Core, CoreContext, Json } from '@arb/shared/core';
import { CoreRunner, MAX_TIMERS, type Output, type RunnerState } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

const START = 1_700_000_000_000_000;
const SECOND = 1_000_000;

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
const VERDICT: DataOf<'verdict'> = {
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
};

function event<K extends EventType>(type: K, position: number, at: number, data: DataOf<K>, session = 's'): AnyEvent {
  const words = type === 'health' ? ['upbit'] : [];
  return { n: position, source: 'x', session, type, v: 1, at, cause: null, position, subject: subjectOf(type, ...words), data } as never;
}
const started = (at = START, session = 's') => event('session.started', 1, at, STARTED, session);
const clock = (position: number, at: number) => event('clock', position, at, { fill: 0, committed: 0, committedAt: null });
const health = (position: number, at: number, why = '') =>
  event('health', position, at, {
    venue: 'upbit',
    state: 'HEALTHY',
    why,
    latencyMs: null,
    reconnects: 0,
    conflated: 0,
    suspended: [],
  });

type Handle = (event: AnyEvent, context: CoreContext) => void;

/** A core that does what the test says; `onTimer` says the timer's name unless told otherwise. */
function core(handle: Handle, onTimer: (id: string, context: CoreContext) => void = (id, context) => say(context, id)): Core {
  return { version: '1', schema: 1, inputs: ['health'], handle, onTimer, save: () => null, load: () => {} };
}

function say(context: CoreContext, rule: string, basis?: readonly (number | string)[]): void {
  context.emit('verdict', ['BTC'], { ...VERDICT, rule, numbers: { now: context.now - START } }, basis);
}

function runner(given: Core): { readonly made: CoreRunner; readonly apply: (event: AnyEvent) => Output[] } {
  const made = new CoreRunner('risk', given, 's');
  return {
    made,
    apply: (event) => {
      const outputs: Output[] = [];
      made.apply(event, (output) => outputs.push(output));
      return outputs;
    },
  };
}

function read(output: Output): AnyEvent & { readonly type: 'verdict' } {
  const scanned = scan(output.subject, output.bytes);
  const event = typeof scanned === 'string' ? scanned : parseEvent(output.subject, output.bytes, scanned, 1);
  if (typeof event === 'string') throw new Error(event);
  return event as AnyEvent & { type: 'verdict' };
}
const rules = (outputs: readonly Output[]) => outputs.map((output) => read(output).data.rule);

describe('core time', () => {
  it('is the highest clock; other inputs move it on by one second at most', () => {
    const { apply } = runner(core((_, context) => say(context, '')));
    const now = (given: AnyEvent) => read(apply(given).at(-1) as Output).data.numbers.now;
    expect(now(started())).toBe(0);
    expect(now(health(2, START + 400_000))).toBe(400_000);
    expect(now(health(3, START + 300_000))).toBe(400_000);
    expect(now(health(4, START + 5 * SECOND))).toBe(SECOND);
    apply(clock(5, START + 500_000));
    expect(now(health(6, START))).toBe(SECOND);
    expect(now(health(7, START + 9 * SECOND))).toBe(1_500_000);
    apply(clock(8, START + 3 * SECOND));
    expect(now(health(9, 0))).toBe(3 * SECOND);
    apply(clock(10, START));
    expect(now(health(11, 0))).toBe(3 * SECOND);
  });

  it('answers with the time of its cause, whatever the core time is', () => {
    const { apply } = runner(core((_, context) => say(context, '', [1])));
    apply(started());
    const [output] = apply(health(2, START + 9 * SECOND)) as [Output];
    expect(read(output)).toMatchObject({ at: START + 9 * SECOND, cause: 2, basis: [1], n: 2, source: 'risk' });
    expect(output).toMatchObject({ cause: 2, n: 2, type: 'verdict', subject: 'verdict.BTC' });
  });
});

describe('timers', () => {
  const sets =
    (timers: readonly (readonly [id: string, afterMs: number])[]): Handle =>
    (given, context) => {
      if (given.type === 'session.started') for (const [id, afterMs] of timers) context.setTimer(id, START + afterMs * 1_000);
      else say(context, `handled ${given.position}`);
    };

  it('fire before the input that reaches them, by time, then by order of creation', () => {
    const { apply } = runner(
      core(
        sets([
          ['c', 30],
          ['b', 20],
          ['a', 20],
          ['later', 51],
          ['b', 20],
        ]),
      ),
    );
    apply(started());
    const outputs = apply(health(2, START + 50_000));
    expect(rules(outputs)).toEqual(['a', 'b', 'c', 'handled 2']);
    // What a timer says has the input as its cause, and the time of the input.
    expect(outputs.map((output) => read(output)).every(({ cause, at }) => cause === 2 && at === START + 50_000)).toBe(true);
    expect(rules(apply(clock(3, START + 51_000)))).toEqual(['later']);
    expect(rules(apply(clock(4, START + SECOND)))).toEqual([]);
  });

  it('fire in the same round when they are created meanwhile and already due', () => {
    const onTimer = (id: string, context: CoreContext): void => {
      say(context, id);
      if (id === 'first') {
        context.setTimer('due before the second', START + 5_000);
        context.setTimer('due after it', START + 20_000);
        context.setTimer('not due', START + 20_001);
        context.clearTimer('never');
      }
    };
    const { apply } = runner(
      core(
        sets([
          ['first', 10],
          ['second', 15],
          ['never', 16],
        ]),
        onTimer,
      ),
    );
    apply(started());
    expect(rules(apply(health(2, START + 20_000)))).toEqual(['first', 'due before the second', 'second', 'due after it', 'handled 2']);
  });

  it('fire in the order of a simple list that is sorted, whatever is set, replaced and cleared', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', '1', '2');
    const change = fc.record({ id, atMs: fc.option(fc.nat(30), { nil: null }) });
    const step = fc.record({ passMs: fc.nat(10), changes: fc.array(change, { maxLength: 5 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let expected: { id: string; at: number }[] = [];
        let changes: (typeof steps)[number]['changes'] = [];
        const { apply } = runner(
          core((_, context) => {
            for (const { id, atMs } of changes)
              if (atMs === null) context.clearTimer(id);
              else context.setTimer(id, START + atMs * 1_000);
          }),
        );
        apply(started());
        let nowMs = 0;
        for (const [i, given] of steps.entries()) {
          nowMs += given.passMs;
          changes = given.changes;
          const at = START + nowMs * 1_000;
          // Sorting is stable: of one time, the one created first comes first.
          const due = expected.filter((timer) => timer.at <= at).sort((one, other) => one.at - other.at);
          expected = expected.filter((timer) => timer.at > at);
          expect(rules(apply(health(i + 2, at)))).toEqual(due.map((timer) => timer.id));
          for (const { id, atMs } of changes) {
            expected = expected.filter((timer) => timer.id !== id);
            if (atMs !== null) expected.push({ id, at: START + atMs * 1_000 });
          }
        }
      }),
      { numRuns: 120 },
    );
  });

  it('are refused with a time that is no whole number, and beyond the most', () => {
    for (const at of [Number.NaN, 0.5, Number.POSITIVE_INFINITY]) {
      const { apply } = runner(core((_, context) => context.setTimer('t', at)));
      expect(() => apply(started())).toThrow('expected whole µs');
    }
    const { apply } = runner(
      core((_, context) => {
        for (let i = 0; i <= MAX_TIMERS; i++) context.setTimer(`t${i}`, START + SECOND);
      }),
    );
    expect(() => apply(started())).toThrow(`more than ${MAX_TIMERS} timers; the newest is t${MAX_TIMERS}`);
  });
});

describe('core runner', () => {
  it('gives a core the first event, its inputs and nothing else, the clock only where it asks for it', () => {
    const seen: string[] = [];
    const { apply } = runner(core((given) => seen.push(`${given.position} ${given.type}`)));
    for (const given of [started(), clock(2, START), health(3, START)]) apply(given);
    expect(seen).toEqual(['1 session.started', '3 health']);
  });

  it('stops at the first malformed output, names it, and uses no number up', () => {
    const { made, apply } = runner(
      core((given, context) => {
        if (given.type === 'health') context.emit('verdict', ['BTC'], { ...VERDICT, limit: Number.NaN });
      }),
    );
    apply(started());
    expect(() => apply(health(17, START))).toThrow('risk derived a malformed verdict on verdict.BTC from position 17: data.limit');
    expect(made.derived).toBe(0);
  });

  it.each<[string, EventType, readonly string[], unknown]>([
    ['of another service', 'decision', ['BTC'], {}],
    ['of a shell', 'health', ['upbit'], {}],
    ['on a subject that does not fit', 'verdict', ['btc'], VERDICT],
    ['on a subject with a word too many', 'verdict', ['BTC', 'x'], VERDICT],
    ['with a field too many', 'verdict', ['BTC'], { ...VERDICT, more: 1 }],
    ['without a field', 'verdict', ['BTC'], { ...VERDICT, coin: undefined }],
  ])('refuses an output %s', (_, type, words, data) => {
    const { apply } = runner(core((__, context) => context.emit(type as 'verdict', words, data as never)));
    expect(() => apply(started())).toThrow('malformed');
  });

  /** Keeps a sum, arms timers, draws: all that a state can hold. */
  function sums(): Core {
    let sum = 0;
    return {
      ...core(
        (given, context) => {
          if (given.type !== 'health') return;
          sum += given.data.why.length;
          context.setTimer(`t${given.data.why}`, context.now + given.data.why.length * 1_000);
          if (sum % 2 === 0) say(context, `${sum} ${context.draw(given.data.why)}`, [given.position]);
        },
        (id, context) => {
          sum++;
          say(context, `${id} ${sum}`);
          if (sum % 5 === 0) context.setTimer(id, context.now + 3_000);
        },
      ),
      save: (): Json => sum,
      load: (state) => {
        sum = state as number;
      },
    };
  }

  it('says the same bytes for the same inputs, also when it was saved and loaded anywhere between', () => {
    const input = fc.record({ clock: fc.boolean(), ms: fc.integer({ min: -5, max: 20 }), why: fc.constantFrom('', 'a', 'bb', 'cccc') });
    fc.assert(
      fc.property(fc.array(input, { maxLength: 40 }), fc.array(fc.nat(40), { maxLength: 4 }), (inputs, cuts) => {
        let nowMs = 0;
        const events = inputs.map(({ clock: isClock, ms, why }, i) => {
          nowMs = Math.max(0, nowMs + ms);
          return isClock ? clock(i + 2, START + nowMs * 1_000) : health(i + 2, START + nowMs * 1_000, why);
        });
        const lived = runner(sums());
        let other = runner(sums());
        for (const [i, given] of [started(), ...events].entries()) {
          if (i > 0 && cuts.includes(i)) {
            const saved = JSON.parse(JSON.stringify(other.made.save())) as RunnerState;
            other = runner(sums());
            other.made.load(saved);
          }
          expect(other.apply(given).map((output) => output.bytes.toString())).toEqual(
            lived.apply(given).map((output) => output.bytes.toString()),
          );
          expect(JSON.stringify(other.made.save())).toBe(JSON.stringify(lived.made.save()));
        }
      }),
      { numRuns: 120 },
    );
  });

  it('draws the same for the same name, before and after, in a child session too', () => {
    const draws = () => core((_, context) => say(context, String(context.draw('t-1'))));
    const parent = runner(draws());
    const [first, second] = [started(), health(2, START)].flatMap(parent.apply) as [Output, Output];
    const child = new CoreRunner('risk', draws(), 'child');
    child.loadParent(parent.made.save(), 's', []);
    const third: Output[] = [];
    child.apply(started(START, 'child'), (output) => third.push(output));
    expect(rules([first, second, ...third])).toEqual(new Array(3).fill(read(first).data.rule));
  });
});

describe('a child session', () => {
  it('begins with what was open, numbered from 1, resting on positions of the parent, before its own answers', () => {
    const make = () =>
      core((given, context) => {
        if (given.type === 'session.started') context.setTimer('due', START + 2 * SECOND);
        say(context, `handled ${given.position}`, given.type === 'health' ? [3, 'older:7', given.position] : undefined);
      });
    const parent = runner(make());
    parent.apply(started());
    const [open] = parent.apply(health(5, START)) as [Output];
    parent.apply(health(6, START));
    const state = JSON.parse(JSON.stringify(parent.made.save())) as RunnerState;
    expect(state.n).toEqual([['verdict', 3]]);

    const child = new CoreRunner('risk', make(), 'child');
    child.loadParent(state, 's', [{ subject: open.subject, body: open.bytes.toString() }]);
    expect(child.derived).toBe(0);
    const outputs: Output[] = [];
    child.apply(started(START + 10 * SECOND, 'child'), (output) => outputs.push(output));
    expect(rules(outputs)).toEqual(['handled 5', 'handled 1']);
    child.apply(clock(2, START + 10 * SECOND), (output) => outputs.push(output));
    const events = outputs.map(read);
    expect(rules(outputs)).toEqual(['handled 5', 'handled 1', 'due']);
    expect(events.map(({ n, session, cause }) => [n, session, cause])).toEqual([
      [1, 'child', 1],
      [2, 'child', 1],
      [3, 'child', 2],
    ]);
    expect(events[0]).toMatchObject({ basis: ['s:3', 'older:7', 's:5'], at: START + 10 * SECOND, data: read(open).data });
    expect(Object.keys(JSON.parse(outputs[1]?.bytes.toString() as string) as object)).not.toContain('basis');
  });

  it('hears that it has begun before a timer of the parent fires: nothing acts on what was known before', () => {
    const make = () =>
      core((given, context) => {
        if (given.type === 'health') context.setTimer('arrives', given.at + SECOND / 2);
        say(context, `handled ${given.type}`);
      });
    const parent = runner(make());
    parent.apply(started());
    parent.apply(health(5, START));
    const child = new CoreRunner('risk', make(), 'child');
    child.loadParent(JSON.parse(JSON.stringify(parent.made.save())) as RunnerState, 's', []);
    const outputs: Output[] = [];
    child.apply(started(START + 10 * SECOND, 'child'), (output) => outputs.push(output));
    expect(rules(outputs)).toEqual(['handled session.started']);
    child.apply(clock(2, START + 10 * SECOND), (output) => outputs.push(output));
    expect(rules(outputs)).toEqual(['handled session.started', 'arrives']);
  });

  it('carries what was open through a second child with the session it came from', () => {
    const make = () => core(() => {});
    const body = (session: string, basis: readonly (number | string)[]) =>
      encodeEvent({ n: 9, source: 'risk', session, type: 'verdict', v: 1, at: START, cause: 4, basis }, VERDICT);
    const runs = (session: string, parent: string, open: string): Output => {
      const made = new CoreRunner('risk', make(), session);
      made.loadParent(runner(make()).made.save(), parent, [{ subject: 'verdict.BTC', body: open }]);
      const outputs: Output[] = [];
      made.apply(started(START, session), (output) => outputs.push(output));
      return outputs[0] as Output;
    };
    const inChild = runs('child', 's', body('s', [2, 3]));
    const inGrandchild = runs('grandchild', 'child', inChild.bytes.toString());
    expect(read(inGrandchild)).toMatchObject({ n: 1, session: 'grandchild', cause: 1, basis: ['s:2', 's:3'] });
  });

  it('says what was open once only', () => {
    const child = new CoreRunner(
      'risk',
      core(() => {}),
      'child',
    );
    const body = encodeEvent({ n: 9, source: 'risk', session: 's', type: 'verdict', v: 1, at: START, cause: 4 }, VERDICT);
    child.loadParent(runner(core(() => {})).made.save(), 's', [{ subject: 'verdict.BTC', body }]);
    const outputs: Output[] = [];
    child.apply(started(START, 'child'), (output) => outputs.push(output));
    child.apply(health(2, START), (output) => outputs.push(output));
    expect(outputs).toHaveLength(1);
  });

  it('lets an output rest on as many positions as an event may name', () => {
    const basis = Array.from({ length: MAX_BASIS }, (_, i) => i + 1);
    const { apply } = runner(core((_, context) => say(context, '', basis)));
    expect(apply(started()).map((output) => read(output).basis)).toEqual([basis]);
  });
});
