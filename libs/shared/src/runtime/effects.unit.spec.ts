import { type Answer, Effects, type Intent, type ShellContext } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';

interface Call {
  readonly what: 'act' | 'ask';
  readonly key: string;
  readonly answer: (outcome: string | 'unknown' | 'repeat') => Promise<void>;
  readonly fail: (why: string) => Promise<void>;
}

/** Effects on a world which answers when the test lets it. */
function stage(change: { most?: number; atOnce?: number } = {}) {
  const calls: Call[] = [];
  const told: string[] = [];
  const failed: string[] = [];
  const state = { held: true, committed: 100, canTell: true };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  function call<T>(what: 'act' | 'ask', key: string, as: (text: string) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      calls.push({
        what,
        key,
        answer: (text) => {
          resolve(as(text));
          return settle();
        },
        fail: (why) => {
          reject(new Error(why));
          return settle();
        },
      });
    });
  }
  const effects = new Effects<Intent, string>({
    context: { holdsLease: () => state.held, committed: () => state.committed } as unknown as ShellContext,
    act: (intent) => call('act', intent.key, (text) => text),
    ask: (intent) =>
      call('ask', intent.key, (text): Answer<string> => (text === 'unknown' || text === 'repeat' ? text : { outcome: text })),
    tell: (intent, outcome) => {
      if (state.canTell) told.push(`${intent.key} ${outcome}`);
      return state.canTell;
    },
    failed: (intent, error) => failed.push(`${intent.key}: ${error.message}`),
    most: change.most ?? 10,
    atOnce: change.atOnce ?? 10,
  });
  const said = () => calls.map(({ what, key }) => `${what} ${key}`);
  const last = () => calls.at(-1) as Call;
  return { effects, state, said, last, calls, told, failed };
}

const intent = (key = 'a', position = 50, validUntil: number | null = 1_000): Intent => ({ key, position, validUntil });

function ticksUntil(effects: { tick(): void }, done: () => boolean): number {
  let ticks = 0;
  while (!done() && ticks < 1_000) {
    effects.tick();
    ticks++;
  }
  return ticks;
}

describe('effects', () => {
  it('act once, and tell the outcome until it is read back', async () => {
    const { effects, said, last, told } = stage();
    effects.intend(intent(), true);
    effects.tick();
    effects.tick();
    expect(said()).toEqual(['act a']);
    await last().answer('done');
    expect(told).toEqual(['a done']);
    effects.tick();
    expect([said(), told.at(-1), effects.pending]).toEqual([['act a'], 'a done', 1]);
    effects.settled('a');
    const before = told.length;
    effects.tick();
    expect([told.length, effects.pending]).toEqual([before, 0]);
  });

  it('tell an outcome later that could not be told at once, without acting again', async () => {
    const { effects, state, said, last, told } = stage();
    state.canTell = false;
    effects.intend(intent(), true);
    effects.tick();
    await last().answer('done');
    expect(told).toEqual([]);
    state.canTell = true;
    effects.tick();
    expect([said(), told]).toEqual([['act a'], ['a done']]);
  });

  it('do nothing without the lease, before the commit, at the end of validity, or after a halt', () => {
    const { effects, state, said } = stage();
    effects.intend(intent(), true);
    const expectNothing = () => {
      effects.tick();
      expect(said()).toEqual([]);
    };
    state.held = false;
    expectNothing();
    state.held = true;
    state.committed = 49;
    expectNothing();
    state.committed = 50;
    effects.halt(true);
    expectNothing();
    effects.halt(false);
    effects.clockIs(1_000);
    expectNothing();
    effects.clockIs(999);
    effects.tick();
    expect(said()).toEqual(['act a']);
  });

  it('ask for what was taken before this process read live, and act only when the world has never heard of it', async () => {
    for (const [answer, then] of [
      ['unknown', ['ask a', 'act a']],
      ['repeat', ['ask a', 'act a']],
      ['done', ['ask a']],
    ] as const) {
      const { effects, said, last, told } = stage();
      effects.intend(intent(), false);
      effects.tick();
      await last().answer(answer);
      expect(said()).toEqual(then);
      expect(told).toEqual(answer === 'done' ? ['a done'] : []);
    }
  });

  it('ask even when its time is over or a halt has come, and then do not begin it', async () => {
    for (const stop of ['time', 'halt', 'lease']) {
      const { effects, state, said, last } = stage();
      effects.intend(intent(), false);
      if (stop === 'time') effects.clockIs(5_000);
      if (stop === 'halt') effects.halt(true);
      effects.tick();
      if (stop === 'lease') state.held = false;
      await last().answer('unknown');
      effects.tick();
      expect([stop, said()]).toEqual([stop, ['ask a']]);
    }
  });

  it('ask for an act that failed without an outcome, and never begin it blindly again', async () => {
    const { effects, said, last, failed, told } = stage();
    effects.intend(intent(), true);
    effects.tick();
    await last().fail('connection lost');
    expect(failed).toEqual(['a: connection lost']);
    // A world that fails is left in peace for a while, longer each time.
    expect(ticksUntil(effects, () => said().length > 1)).toBe(5);
    expect(said()).toEqual(['act a', 'ask a']);
    await last().fail('connection lost again');
    expect(ticksUntil(effects, () => said().length > 2)).toBe(9);
    expect(said()).toEqual(['act a', 'ask a', 'ask a']);
    await last().answer('it was done');
    expect([said().filter((call) => call === 'act a').length, told]).toEqual([1, ['a it was done']]);
  });

  it('ask for what another holder of the lease may have begun', async () => {
    const { effects, state, said, last } = stage();
    effects.intend(intent(), true);
    state.held = false;
    effects.leaseLost();
    effects.tick();
    expect(said()).toEqual([]);
    state.held = true;
    effects.tick();
    expect(said()).toEqual(['ask a']);
    await last().answer('unknown');
    expect(said()).toEqual(['ask a', 'act a']);
  });

  it('do not begin what was settled by another meanwhile, and do not tell it again', async () => {
    const { effects, last, said, told } = stage();
    effects.intend(intent(), true);
    effects.tick();
    effects.settled('a');
    await last().answer('done');
    effects.tick();
    expect([said(), told, effects.pending]).toEqual([['act a'], [], 0]);
  });

  it('touch the world once for an intent that is taken twice', async () => {
    const { effects, last, said } = stage();
    effects.intend(intent('a', 50), true);
    effects.tick();
    effects.intend(intent('a', 60), true);
    effects.tick();
    await last().answer('done');
    effects.intend(intent('a', 70), true);
    effects.tick();
    expect(said()).toEqual(['act a']);
  });

  it('run only so many at once, each in the order of its intent, and refuse to keep too many', async () => {
    const { effects, calls, said } = stage({ most: 3, atOnce: 2 });
    for (const key of ['a', 'b', 'c']) effects.intend(intent(key), true);
    expect(() => effects.intend(intent('d', 99), true)).toThrow('more than 3 intents are open; the newest is d at position 99');
    effects.tick();
    effects.tick();
    expect(said()).toEqual(['act a', 'act b']);
    await calls[0]?.answer('done');
    effects.tick();
    expect(said()).toEqual(['act a', 'act b', 'act c']);
  });
});
