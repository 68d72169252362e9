import { describe, expect, it } from '@jest/globals';
import type { JournalRow, Seal, SessionRow } from '../../runtime/ports.ts';
import { Database, type Process, World } from '../index.ts';

const row = (position: number): JournalRow => ({
  position,
  storedAt: position,
  subject: 't',
  source: 'risk',
  n: position,
  type: 't',
  v: 1,
  at: 0,
  cause: null,
  bytes: new Uint8Array([position]),
  taken: true,
  malformed: false,
  table: 'market',
});
const seal = (from: number, to: number): Seal => ({ from, to, market: '', ledger: '', head: `${to}`, turns: '' });
const rows = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => row(from + i));

/** What became of a promise, as a text. */
function fate(promise: Promise<unknown>): { now: string } {
  const seen = { now: 'open' };
  promise.then(
    (value) => {
      seen.now = value === undefined ? 'done' : JSON.stringify(value);
    },
    (error: Error) => {
      seen.now = error.message;
    },
  );
  return seen;
}

async function place(seed: string | number) {
  const world = new World(seed);
  const db = new Database(world);
  const process = world.process('journal');
  const store = db.store(process);
  const opened = fate(store.lock());
  let session: SessionRow | null = null;
  void store
    .createSession({ id: 'a', parent: null, parentPosition: null, configHash: '', config: '', versions: {}, startedAt: 0 })
    .then((made) => {
      session = made;
    });
  await world.until(() => session !== null, 1000);
  expect(opened.now).toBe('true');
  return { world, db, process, store, session: session as unknown as SessionRow };
}

describe('a simulated journal', () => {
  it('writes rows and seal together, or neither of them', async () => {
    let whole = 0;
    for (let seed = 0; seed < 60; seed++) {
      const { world, db, process, store, session } = await place(seed);
      const first = fate(store.append(session, rows(1, 5), seal(1, 5)));
      await world.runFor(db.random.below(12));
      const how = seed % 3;
      if (how === 0) process.kill();
      else if (how === 1) db.cutConnections('journal');
      else db.restart(100);
      await world.runFor(60_000);
      expect([0, 5]).toContain(db.rowsOf('a').length);
      expect(db.headOf('a')).toBe(db.rowsOf('a').length);
      if (db.headOf('a') === 5) whole++;
      else expect(first.now).not.toBe('done');
      if (how === 0) expect(['open', 'done']).toContain(first.now);
    }
    expect(whole).toBeGreaterThan(5);
    expect(whole).toBeLessThan(55);
  });

  it('refuses a batch that is not next, with nothing written', async () => {
    const { world, db, store, session } = await place(1);
    const calls = [
      store.append(session, rows(1, 3), seal(1, 3)),
      store.append(session, rows(1, 3), seal(1, 3)),
      store.append(session, rows(5, 6), seal(5, 6)),
      store.append(session, [row(4), row(4)], seal(4, 5)),
      store.append(session, rows(4, 5), seal(4, 5)),
    ].map((call) => fate(call));
    await world.runFor(1000);
    expect(calls.map((call) => call.now)).toEqual([
      'done',
      expect.stringContaining('expected 4'),
      expect.stringContaining('expected 4'),
      expect.stringContaining('out of order'),
      'done',
    ]);
    expect(db.rowsOf('a').map((one) => one.position)).toEqual([1, 2, 3, 4, 5]);
  });

  it('has one writer: the lock is free only when the connection has ended, and a zombie writes nothing', async () => {
    const { world, db, store, session } = await place(1);
    const other = db.store(world.process('journal'));
    let answer = fate(other.lock());
    await world.runFor(100);
    expect(answer.now).toBe('false');
    // The server gives up the connection of a writer who has not noticed.
    for (const one of db.stores) if (one === (store as unknown)) one.cut({ serverAfterMs: 10, clientAfterMs: 20_000 });
    await world.runFor(100);
    answer = fate(other.lock());
    const zombie = fate(store.append(session, rows(1, 1), seal(1, 1)));
    const lost = fate(store.lost);
    await world.runFor(100);
    expect([answer.now, zombie.now, lost.now]).toEqual(['true', 'open', 'open']);
    const heir = fate(other.append(session, rows(1, 2), seal(1, 2)));
    await world.runFor(30_000);
    expect(heir.now).toBe('done');
    expect(zombie.now).toContain('was lost');
    expect(lost.now).toContain('was lost');
    expect(db.rowsOf('a').length).toBe(2);
  });

  it('refuses a writer without the lock', async () => {
    const { world, db, session } = await place(1);
    const other = fate(db.store(world.process('other')).append(session, rows(1, 1), seal(1, 1)));
    await world.runFor(100);
    expect(other.now).toContain('does not hold the lock');
  });

  it('writes what is in a reused buffer by then, so that a row kept without copying is caught', async () => {
    const { world, db, store, session } = await place(1);
    const mine = row(1);
    void store.append(session, [mine], seal(1, 1));
    mine.bytes.fill(0xdb);
    await world.runFor(100);
    expect(db.rowsOf('a')[0]?.bytes[0]).toBe(0xdb);
    mine.bytes.fill(7);
    expect(db.rowsOf('a')[0]?.bytes[0]).toBe(0xdb);
  });

  it('refuses every call during an outage and goes on afterwards', async () => {
    const { world, db, process, store, session } = await place(1);
    db.outage(1000);
    const reader = db.reader(process);
    const calls = [reader.head('a'), store.append(session, rows(1, 1), seal(1, 1))].map((call) => fate(call));
    await world.runFor(1000);
    for (const call of calls) expect(call.now).toContain('does not accept statements');
    const again = fate(store.append(session, rows(1, 1), seal(1, 1)));
    await world.runFor(100);
    const head = fate(reader.head('a'));
    await world.runFor(100);
    expect([again.now, head.now]).toEqual(['done', '1']);
  });

  it('keeps snapshots newest first, and can spoil or hide them', async () => {
    const { world, db, process } = await place(1);
    const reader = db.reader(process);
    const save = (position: number) =>
      reader.saveSnapshot({ session: 'a', service: 'risk', position, version: '1', schema: 1, sha256: '', body: '{"a":1}' });
    for (const position of [3, 1, 2]) void save(position);
    await world.runFor(100);
    let found: readonly { position: number; body: string }[] = [];
    const look = async (upTo: number) => {
      void reader.snapshots('a', 'risk', upTo, 5).then((list) => {
        found = list;
      });
      await world.runFor(100);
    };
    await look(2);
    expect(found.map((one) => one.position)).toEqual([2, 1]);
    expect(db.corruptSnapshot()).toBe(true);
    await look(9);
    expect(found.map((one) => one.body === '{"a":1}')).toEqual([false, true, true]);
    db.snapshotsUnreachable(1000);
    const away = fate(reader.snapshots('a', 'risk', 9, 5));
    const head = fate(reader.head('a'));
    await world.runFor(100);
    expect([away.now.includes('cannot be reached'), head.now]).toEqual([true, '0']);
  });

  it('hands out bytes that are the caller’s to keep', async () => {
    const { world, db, process, store, session } = await place(1);
    void store.append(session, rows(1, 4), seal(1, 4));
    await world.runFor(100);
    let got: readonly { position: number; bytes: Uint8Array }[] = [];
    void db
      .reader(process as Process)
      .events('a', 2, 2)
      .then((list) => {
        got = list;
      });
    await world.runFor(100);
    expect(got.map((one) => one.position)).toEqual([2, 3]);
    got[0]?.bytes.fill(0);
    expect(db.rowsOf('a')[1]?.bytes[0]).toBe(2);
  });
});
