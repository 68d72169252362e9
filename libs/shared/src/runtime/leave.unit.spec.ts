import { describe, expect, it } from '@jest/globals';
import { leave } from './leave.ts';
import { OwnOutputs } from './own-outputs.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { Stage, snapshotAt } from './testing.ts';

const SUBJECT = 'service.risk';
const WORDS = Buffer.from('{}');

/** A process that is told to leave when the test says so. */
function process(change: { readonly hasState?: boolean; readonly live?: boolean } = {}) {
  const stage = new Stage();
  const { time } = stage.deps;
  const outputs = new OwnOutputs(stage.deps);
  const state = { live: change.live ?? true, copy: 'begun' as 'begun' | 'later' };
  const seen = { closed: false, ends: 0, copies: 0 };
  const snapshots = new SnapshotKeeper({
    journal: stage.journal,
    everyMs: 10_000,
    everyPositions: Number.POSITIVE_INFINITY,
    apartMs: 0,
    position: () => 0,
    now: () => time.monotonicMs(),
    probe: () => {},
    copy: () => {
      seen.copies++;
      return state.copy;
    },
    failed: () => {},
    mended: () => {},
  });
  return {
    state,
    seen,
    snapshots,
    pass: (ms: number) => stage.world.runFor(ms),
    say: () => outputs.shell.offer(outputs.shell.derived('service') + 1, SUBJECT, WORDS, 0, 0),
    readBack: () => void outputs.shell.confirm(outputs.shell.taken('service') + 1, 9, SUBJECT, WORDS, 0),
    leave: () =>
      leave({
        time,
        outputs,
        snapshots,
        hasState: change.hasState ?? true,
        live: () => state.live,
        close: () => {
          seen.closed = true;
        },
        end: () => seen.ends++,
      }),
  };
}

describe('a process that leaves', () => {
  it('ends at once, and copies nothing, where it has no state and nothing is unconfirmed', () => {
    const { leave, seen } = process({ hasState: false });
    leave();
    expect(seen).toEqual({ closed: true, ends: 1, copies: 0 });
  });

  it('ends at once, and copies nothing, where the session is not live', () => {
    const { leave, say, seen } = process({ live: false });
    say();
    leave();
    expect(seen).toEqual({ closed: true, ends: 1, copies: 0 });
  });

  it('handles no further input while it waits for what is unconfirmed, and ends once, when that is read back', async () => {
    const { leave, say, readBack, pass, seen } = process({ hasState: false });
    say();
    say();
    leave();
    expect(seen.closed).toBe(true);
    await pass(500);
    readBack();
    await pass(500);
    expect(seen.ends).toBe(0);
    readBack();
    await pass(20);
    expect(seen.ends).toBe(1);
    await pass(10_000);
    expect(seen.ends).toBe(1);
  });

  it('ends after two seconds though something is never read back', async () => {
    const { leave, say, pass, seen } = process({ hasState: false });
    say();
    leave();
    await pass(1_980);
    expect(seen.ends).toBe(0);
    await pass(50);
    expect(seen.ends).toBe(1);
  });

  it('handles inputs until its state can be copied, and ends when the copy is saved', async () => {
    const { leave, pass, state, seen, snapshots } = process();
    state.copy = 'later';
    leave();
    await pass(200);
    expect(seen).toEqual({ closed: false, ends: 0, copies: 1 });
    state.copy = 'begun';
    snapshots.retry();
    await pass(20);
    expect(seen).toEqual({ closed: true, ends: 0, copies: 2 });
    snapshots.keep(snapshotAt(5));
    await pass(200);
    expect(seen.ends).toBe(0);
    snapshots.tick(5);
    expect(seen.ends).toBe(0);
    await pass(50);
    expect([seen.ends, snapshots.kept]).toEqual([1, 5]);
  });

  it('waits for what is unconfirmed though the copy is saved', async () => {
    const { leave, say, readBack, pass, seen, snapshots } = process();
    say();
    leave();
    snapshots.keep(snapshotAt(5));
    snapshots.tick(5);
    await pass(500);
    expect([snapshots.kept, seen.ends]).toEqual([5, 0]);
    readBack();
    await pass(20);
    expect(seen.ends).toBe(1);
  });

  it('leaves without a copy where no input lets it be made for 300 ms', async () => {
    const { leave, pass, state, seen } = process();
    state.copy = 'later';
    leave();
    await pass(280);
    expect([seen.closed, seen.ends]).toEqual([false, 0]);
    await pass(50);
    expect([seen.closed, seen.ends]).toEqual([true, 1]);
  });

  it('ends after two seconds though its copy is never saved', async () => {
    const { leave, pass, seen, snapshots } = process();
    leave();
    snapshots.keep(snapshotAt(5));
    await pass(1_980);
    expect([seen.closed, seen.ends]).toEqual([true, 0]);
    await pass(50);
    expect(seen.ends).toBe(1);
  });

  it('waits for nothing any more when it loses the stream meanwhile', async () => {
    const { leave, say, pass, state, seen } = process();
    state.copy = 'later';
    say();
    leave();
    await pass(100);
    expect([seen.closed, seen.ends]).toEqual([false, 0]);
    state.live = false;
    await pass(20);
    expect([seen.closed, seen.ends]).toEqual([true, 1]);
  });
});
