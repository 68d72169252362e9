import { describe, expect, it } from '@jest/globals';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { Stage, snapshotAt } from './testing.ts';

const EVERY_MS = 10_000;
const EVERY_POSITIONS = 20_000;
const APART_MS = 2_000;

function keeping() {
  const stage = new Stage();
  const { world, database, journal } = stage;
  const { time } = stage.process;
  const state = { copy: 'begun' as 'begun' | 'later', position: 0 };
  const failed: string[] = [];
  const mended: string[] = [];
  const points: string[] = [];
  let copies = 0;
  const keeper = new SnapshotKeeper({
    journal,
    everyMs: EVERY_MS,
    everyPositions: EVERY_POSITIONS,
    apartMs: APART_MS,
    now: () => time.monotonicMs(),
    position: () => state.position,
    probe: (point) => points.push(point),
    copy: () => {
      if (state.copy === 'begun') copies++;
      return state.copy;
    },
    failed: (why) => failed.push(why),
    mended: (why) => mended.push(why),
  });
  keeper.begin();
  return {
    stage,
    database,
    keeper,
    state,
    failed,
    mended,
    points,
    copies: () => copies,
    /** Time passes, with ticks in it. */
    pass: async (ms: number, committedTo = 0) => {
      for (let left = ms; left > 0; left -= 50) {
        await world.runFor(50);
        keeper.tick(committedTo);
      }
    },
    saved: () => database.snapshots.map(({ position }) => position),
  };
}

describe('a keeper of snapshots', () => {
  it('copies the state once each interval, the first time one interval after the session has become live', async () => {
    const { keeper, copies, pass } = keeping();
    await pass(EVERY_MS - 50);
    expect(copies()).toBe(0);
    await pass(50);
    expect(copies()).toBe(1);
    keeper.keep(snapshotAt(5));
    await pass(EVERY_MS - 50, 5);
    expect(copies()).toBe(1);
    await pass(50, 5);
    expect(copies()).toBe(2);
  });

  it('copies earlier where much has been read since, but never sooner than it must lie apart', async () => {
    const { keeper, state, copies, pass } = keeping();
    state.position = EVERY_POSITIONS;
    await pass(APART_MS - 50);
    expect(copies()).toBe(0);
    await pass(50);
    expect(copies()).toBe(1);
    keeper.keep(snapshotAt(EVERY_POSITIONS));
    state.position = 2 * EVERY_POSITIONS - 1;
    await pass(APART_MS + 50, EVERY_POSITIONS);
    expect(copies()).toBe(1);
    state.position = 2 * EVERY_POSITIONS;
    await pass(50, EVERY_POSITIONS);
    expect(copies()).toBe(2);
  });

  it('counts what has been read from the snapshot that it went on from', async () => {
    const { keeper, state, copies, pass } = keeping();
    keeper.restoredFrom(50_000);
    state.position = 50_000 + EVERY_POSITIONS - 1;
    await pass(APART_MS);
    expect(copies()).toBe(0);
    state.position++;
    await pass(50);
    expect(copies()).toBe(1);
  });

  it('saves a copy when all up to it is journaled, and not before', async () => {
    const { keeper, pass, saved } = keeping();
    keeper.take();
    keeper.keep(snapshotAt(5));
    await pass(1_000, 4);
    expect([saved(), keeper.kept]).toEqual([[], null]);
    await pass(100, 5);
    expect([saved(), keeper.kept]).toEqual([[5], 5]);
  });

  it('asks again, at ticks and when told to, until the state can be copied, and then no more', async () => {
    const { keeper, state, copies, pass } = keeping();
    state.copy = 'later';
    keeper.take();
    await pass(200);
    state.copy = 'begun';
    await pass(50);
    expect(copies()).toBe(1);
    await pass(200);
    keeper.retry();
    expect(copies()).toBe(1);
  });

  it('asks for no copy that nobody wants', () => {
    const { keeper, copies } = keeping();
    keeper.retry();
    keeper.tick(0);
    expect(copies()).toBe(0);
  });

  it('begins no other copy while one waits for its echoes, for the commit, or to be saved', async () => {
    const { database, keeper, copies, pass } = keeping();
    await pass(EVERY_MS);
    await pass(2 * EVERY_MS);
    expect(copies()).toBe(1);
    keeper.keep(snapshotAt(5));
    await pass(2 * EVERY_MS, 4);
    expect(copies()).toBe(1);
    expect(database.snapshots).toEqual([]);
    await pass(50, 5);
    expect(copies()).toBe(1);
    await pass(50, 5);
    expect(copies()).toBe(2);
  });

  it('is under way from the beginning of a copy until it is saved', async () => {
    const { stage, keeper, state } = keeping();
    expect(keeper.underWay).toBe(false);
    state.copy = 'later';
    keeper.take();
    expect(keeper.underWay).toBe(false);
    state.copy = 'begun';
    keeper.retry();
    expect(keeper.underWay).toBe(true);
    keeper.keep(snapshotAt(5));
    expect(keeper.underWay).toBe(true);
    keeper.tick(5);
    expect([keeper.underWay, keeper.kept]).toEqual([true, null]);
    await stage.world.runFor(100);
    expect([keeper.underWay, keeper.kept]).toEqual([false, 5]);
  });

  it('copies anew on another connection what waited for its echoes on the one before', () => {
    const { keeper, copies } = keeping();
    keeper.take();
    keeper.forsake();
    expect(keeper.underWay).toBe(false);
    keeper.retry();
    expect([copies(), keeper.underWay]).toEqual([2, true]);
    keeper.keep(snapshotAt(5));
    keeper.forsake();
    keeper.retry();
    expect([copies(), keeper.underWay]).toEqual([2, true]);
  });

  it('says what could not be saved, and goes on with the next, after which nothing is wrong', async () => {
    const { database, keeper, failed, mended, pass, saved } = keeping();
    keeper.restoredFrom(3);
    database.snapshotsUnreachable(1_000);
    keeper.take();
    keeper.keep(snapshotAt(5));
    await pass(500, 9);
    expect(failed).toEqual(['snapshot at 5 was not saved: saving of the snapshot of risk at 5: the snapshots cannot be reached']);
    expect([keeper.kept, keeper.underWay, mended]).toEqual([3, false, []]);
    await pass(EVERY_MS, 9);
    keeper.keep(snapshotAt(9));
    await pass(100, 9);
    expect([saved(), keeper.kept, mended]).toEqual([[9], 9, failed]);
    keeper.take();
    keeper.keep(snapshotAt(10));
    await pass(100, 10);
    expect([keeper.kept, mended]).toEqual([10, failed]);
  });

  it('saves the one of the end at once, whatever the last clock said, and rejects where it cannot', async () => {
    const { stage, database, keeper, saved } = keeping();
    await stage.settled(keeper.saveNow(snapshotAt(50)));
    expect([saved(), keeper.kept]).toEqual([[50], 50]);
    database.snapshotsUnreachable(1_000);
    await expect(stage.settled(keeper.saveNow(snapshotAt(60)))).rejects.toThrow('cannot be reached');
    expect(keeper.kept).toBe(50);
  });

  it('passes a point of a crash when it has copied and when it has saved', async () => {
    const { keeper, points, pass } = keeping();
    keeper.take();
    keeper.keep(snapshotAt(5));
    expect(points).toEqual(['snapshot-copied']);
    await pass(100, 5);
    expect(points).toEqual(['snapshot-copied', 'snapshot-saved']);
  });
});
