import { describe, expect, it } from '@jest/globals';
import type { SessionRow, StoredSnapshot } from './ports.ts';
import { openSnapshot, sha256 } from './snapshot.ts';
import { checkStarted, firstEvent, type StartedEvent, startingPoint } from './starting-point.ts';
import { Stage, snapshotAt } from './testing.ts';

const CHILD = { parent: 'p', parentPosition: 40 } as const;
const corrupt = (stored: StoredSnapshot): StoredSnapshot => ({ ...stored, body: stored.body.replace('"core":', '"core":1') });
const atParentsEnd = snapshotAt(40, { session: 'p', version: '0' });

/** A service that looks where it may go on, in a session that is journaled up to `head`. */
function place(given: { session?: Partial<SessionRow>; parent?: Partial<SessionRow>; kept?: readonly StoredSnapshot[]; head?: number }) {
  const stage = new Stage(given.session);
  const { database, deps, patience, session, warned } = stage;
  const { head = 20, kept = [] } = given;
  const seal = { from: 1, to: head, market: '', ledger: '', head: '', turns: '{"last":[["clock","journal/a",3]],"leases":[],"clock":5}' };
  if (head > 0) database.seals.set(session.id, [seal]);
  database.sessions.set('p', { ...session, id: 'p', status: 'ended', parent: null, parentPosition: null, end: 40, ...given.parent });
  database.snapshots = [...kept];
  const madeAgain: string[] = [];
  const made = { snapshot: null as StoredSnapshot | null };
  const stateAtEnd = async (of: SessionRow) => {
    madeAgain.push(of.id);
    return made.snapshot;
  };
  const options = { deps, session, patience, stateAtEnd };
  const start = (version: string | null = '1') => stage.settled(startingPoint(options, version));
  return { stage, start, made, madeAgain, warned, first: () => stage.settled(firstEvent(options)) };
}

const after = (stored: StoredSnapshot) => {
  const snapshot = openSnapshot(stored);
  return { position: stored.position, turns: snapshot?.turns, snapshot };
};

describe('a service goes on', () => {
  it('from the newest snapshot of its session', async () => {
    const kept = [snapshotAt(5), snapshotAt(9), snapshotAt(7), snapshotAt(8, { session: 'p' })];
    expect(await place({ kept }).start()).toEqual(after(snapshotAt(9)));
  });

  it('from the snapshot before a corrupt one, and says so', async () => {
    const { start, warned } = place({ kept: [snapshotAt(5), snapshotAt(7), corrupt(snapshotAt(9))] });
    expect(await start()).toEqual(after(snapshotAt(7)));
    expect(warned).toEqual([['snapshot is corrupt, using the one before it', { position: 9, version: '1' }]]);
  });

  it('from no snapshot of another version while the session runs', async () => {
    const { start, warned } = place({ kept: [snapshotAt(5), snapshotAt(9, { version: '2' })] });
    expect(await start()).toEqual(after(snapshotAt(5)));
    expect(warned).toEqual([['snapshot is of another version', { position: 9, version: '2' }]]);
  });

  it('from one of whatever version where the session is over, up to its end', async () => {
    const kept = [snapshotAt(8, { version: '2' }), snapshotAt(11, { version: '1' })];
    expect(await place({ session: { end: 10 }, kept }).start()).toEqual(after(snapshotAt(8, { version: '2' })));
  });

  it('from no snapshot of what is not journaled', async () => {
    expect(await place({ kept: [snapshotAt(15), snapshotAt(21)] }).start()).toEqual(after(snapshotAt(15)));
    expect(await place({ head: 14, session: { end: 20 }, kept: [snapshotAt(15)] }).start()).toBe('anew');
  });

  it('anew where there is neither a sound snapshot nor a parent', async () => {
    expect(await place({ kept: [corrupt(snapshotAt(9)), atParentsEnd] }).start()).toBe('anew');
    expect(await place({ session: { parent: 'p', parentPosition: null }, kept: [atParentsEnd] }).start()).toBe('anew');
  });

  it('without a state from the last seal, whatever snapshots there are; anew where nothing is sealed', async () => {
    const turns = { last: [['clock', 'journal/a', 3]], leases: [], clock: 5 };
    expect(await place({ kept: [snapshotAt(9)] }).start(null)).toEqual({ position: 20, turns, snapshot: null });
    expect(await place({ head: 0, session: CHILD }).start(null)).toBe('anew');
  });

  it('when the journal is back, where that is away', async () => {
    const { stage, start, warned } = place({ kept: [snapshotAt(9)] });
    stage.database.outage(1_000);
    expect(await start()).toEqual(after(snapshotAt(9)));
    expect(warned.map(([what]) => what)).toEqual(['cannot read the journal: head of s: the database does not accept statements']);
  });
});

describe('a service in a child session', () => {
  const fromParent = { parent: 'p', end: 40, snapshot: openSnapshot(atParentsEnd) };

  it("goes on from the parent's state at its end, of whatever version, and names its hash", async () => {
    const kept = [snapshotAt(39, { session: 'p' }), atParentsEnd, snapshotAt(41, { session: 'p' })];
    const { start, madeAgain } = place({ session: CHILD, head: 0, kept });
    expect(await start()).toEqual({ ...fromParent, sha256: sha256(atParentsEnd.body) });
    expect(madeAgain).toEqual([]);
  });

  it('goes on from a snapshot of its own rather than from the parent', async () => {
    expect(await place({ session: CHILD, kept: [snapshotAt(3), atParentsEnd] }).start()).toEqual(after(snapshotAt(3)));
  });

  it('goes on from the parent where its own snapshot is corrupt: all since is read again', async () => {
    const { start } = place({ session: CHILD, kept: [corrupt(snapshotAt(3)), atParentsEnd] });
    expect(await start()).toMatchObject(fromParent);
  });

  it.each([
    ['corrupt', [corrupt(atParentsEnd)]],
    ['gone', []],
    ['gone, an earlier one left', [snapshotAt(39, { session: 'p' })]],
  ])("makes the parent's state again from its journal where the snapshot is %s, and holds it against no hash", async (_, kept) => {
    const { start, made, madeAgain } = place({ session: CHILD, kept });
    made.snapshot = snapshotAt(40, { session: 'p', version: '9' });
    expect(await start()).toEqual({ ...fromParent, sha256: null });
    expect(madeAgain).toEqual(['p']);
  });

  it.each([
    ['none', 'none', [], {}],
    ['one that is corrupt', 'one at 40', [corrupt(atParentsEnd)], {}],
    ['one of an earlier position', 'one at 39', [snapshotAt(39, { session: 'p' })], {}],
    ['one that is corrupt, of a parent that ended elsewhere', 'one at 40', [corrupt(atParentsEnd)], { end: 41 }],
    ['one that is corrupt, of a parent that goes on', 'one at 40', [corrupt(atParentsEnd)], { end: null }],
  ])('stops, and says what to do, where it finds %s and can make none', async (_, found, kept, parent) => {
    const { start, made } = place({ session: CHILD, kept, parent });
    // Of another end it would be another state.
    if ('end' in parent) made.snapshot = atParentsEnd;
    await expect(start()).rejects.toThrow(
      `risk: session s goes on from p:40, but there is no sound snapshot of risk at that position (found ${found}). Start anew with --clean`,
    );
  });
});

describe("a session's first event", () => {
  it('is read from the journal', async () => {
    const { stage, first } = place({});
    stage.begin({ risk: '7' });
    stage.decide();
    stage.record();
    expect(await first()).toMatchObject({ type: 'session.started', position: 1, data: { versions: { risk: '7' } } });
  });

  it('is missed with what stands there instead', async () => {
    const none = place({});
    await expect(none.first()).rejects.toThrow('risk: position 1 of s should be session.started, but is not in the journal');
    const other = place({});
    other.stage.decide();
    other.stage.record();
    await expect(other.first()).rejects.toThrow('position 1 of s should be session.started, but is another event');
    const malformed = place({});
    malformed.stage.store('session.started', '{"n":');
    malformed.stage.record();
    await expect(malformed.first()).rejects.toThrow('position 1 of s should be session.started, but n is not a whole number');
  });

  const { session } = new Stage();
  const event = { data: { versions: { risk: '1' }, snapshots: { risk: 'abc' } } } as unknown as StartedEvent;

  it('keeps out whoever is of another version, but not from what is over', () => {
    expect(() => checkStarted(event, 'risk', session, '1', null)).not.toThrow();
    expect(() => checkStarted(event, 'risk', session, '2', null)).toThrow('risk: session s names version 1 of it, this is 2');
    expect(() => checkStarted(event, 'strategy', session, '2', null)).toThrow('names version undefined of it');
    expect(() => checkStarted(event, 'risk', { ...session, end: 9 }, '2', null)).not.toThrow();
  });

  it('keeps out whoever starts from another snapshot, in a session that is over too', () => {
    expect(() => checkStarted(event, 'risk', session, '1', 'abc')).not.toThrow();
    for (const end of [null, 9])
      expect(() => checkStarted(event, 'risk', { ...session, end }, '1', 'abd')).toThrow(
        'risk: session s starts from a snapshot with hash abc, the one stored has abd',
      );
  });
});
