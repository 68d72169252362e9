import { describe, expect, it } from '@jest/globals';
import { Refusal } from './refusal.ts';
import { Stage } from './testing.ts';

/** A call that fails so many times, and when it was made. */
function failing(stage: Stage, times: number, error = new Error('connection refused')) {
  const madeAt: number[] = [];
  const call = async (): Promise<string> => {
    madeAt.push(stage.world.now);
    if (madeAt.length <= times) throw error;
    return 'rows';
  };
  const pausesMs = () => madeAt.slice(1).map((at, i) => Math.floor((at - (madeAt[i] as number)) / 1_000));
  return { call, pausesMs, error, calls: () => madeAt.length };
}

describe('patience', () => {
  it('says a trouble once, with session and position, and again when it has come back or is another', () => {
    const { patience, warned } = new Stage();
    patience.notice('no database');
    patience.notice('no database');
    expect([warned, patience.trouble]).toEqual([[['no database', { session: 's', position: 7 }]], 'no database']);
    patience.notice('no bus');
    patience.notice('no database');
    patience.trouble = null;
    patience.notice('no database');
    expect(warned.map(([what]) => what)).toEqual(['no database', 'no bus', 'no database', 'no database']);
  });

  it('forgets a trouble that is over, and no other one', () => {
    const { patience } = new Stage();
    patience.notice('no database');
    patience.over('no bus');
    expect(patience.trouble).toBe('no database');
    patience.over('no database');
    expect(patience.trouble).toBeNull();
  });

  it('calls again until there is an answer, after longer and longer pauses up to five seconds, and says why', async () => {
    const stage = new Stage();
    const { call, pausesMs } = failing(stage, 7);
    expect(await stage.settled(stage.patience.retry('read the journal', call))).toBe('rows');
    expect(pausesMs()).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(stage.warned.map(([what]) => what)).toEqual(['cannot read the journal: connection refused']);
    const next = failing(stage, 1);
    await stage.settled(stage.patience.retry('read the session', next.call));
    expect(next.pausesMs()).toEqual([250]);
  });

  it('does not call again where it was refused: a person must correct a setting', async () => {
    const stage = new Stage();
    const { call, calls, error } = failing(stage, 3, new Refusal('password authentication failed'));
    await expect(stage.settled(stage.patience.retry('read the journal', call))).rejects.toBe(error);
    expect([calls(), stage.patience.trouble]).toEqual([1, 'cannot read the journal: password authentication failed']);
  });

  it('gives up at the next failure when the process stops', async () => {
    const stage = new Stage();
    const { call, calls, error } = failing(stage, 9);
    const result = stage.patience.retry('read the journal', call);
    stage.world.after(500, () => {
      stage.stopping = true;
    });
    await expect(stage.settled(result)).rejects.toBe(error);
    expect(calls()).toBe(3);
  });
});
