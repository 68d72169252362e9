import type { StoredEvent } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import { replay } from './replay.ts';
import { NotThere } from './resolve.ts';
import { NoStateThere } from './starting.ts';
import { coreServiceNamed, stateAt } from './state.ts';
import { journalOf, recordSession, tinyCores } from './testing.ts';

const recorded = recordSession({ events: 200 });
const { session, rows } = recorded;
const end = session.end as number;
const cores = tinyCores();
const child = recordSession({ id: 's-2', parent: recorded });

const changedAt = (position: number) => ({
  ...recorded,
  rows: rows.map((row) =>
    row.position === position
      ? { ...row, bytes: Buffer.from(Buffer.from(row.bytes).toString().replace('"rule":"tiny"', '"rule":"tony"')) }
      : row,
  ),
});

describe('replay', () => {
  it('of any range begins at the snapshots before it and finds the record again', async () => {
    for (const [from, to] of [
      [1, end],
      [100, 101],
      [end, end],
      [77, 180],
    ] as const) {
      const report = await replay(journalOf(recorded), session, { cores, from, to });
      expect(report).toMatchObject({ ok: true, from, to });
      expect(report.fedFrom).toBeLessThan(from);
      expect(report.fed).toBe(to - report.fedFrom);
      expect(Object.values(report.events).reduce((sum, count) => sum + count, 0)).toBe(to - from + 1);
      expect(report.cores.every(({ snapshot }) => from < 60 || snapshot > 0)).toBe(true);
    }
  });

  it('counts what each core said in the range, and hands over its rows in order', async () => {
    const seen: StoredEvent[] = [];
    const report = await replay(journalOf(recorded), session, { cores, from: 60, to: 160, each: (row) => void seen.push(row) });
    expect(seen.map(({ position }) => position)).toEqual(Array.from({ length: 101 }, (_, i) => 60 + i));
    const said = rows.filter((row) => row.position >= 60 && row.position <= 160 && row.taken && row.subject.startsWith('l2.')).length;
    expect(report.cores.find(({ service }) => service === 'aggregator')?.outputs).toBe(said);
    expect(report.events.l2).toBe(said);
  });

  it('waits for whoever shows the rows', async () => {
    let open = 0;
    let most = 0;
    const each = async () => {
      most = Math.max(most, ++open);
      await Promise.resolve();
      open--;
    };
    await replay(journalOf(recorded), session, { cores, from: 150, to: 170, each });
    expect(most).toBe(1);
  });

  it('tells where a core does not say what was recorded', async () => {
    const target = rows.find((row) => row.position > 120 && row.taken && row.subject.startsWith('verdict.')) as StoredEvent;
    const changed = changedAt(target.position);
    const report = await replay(journalOf(changed), session, { cores, from: 110, to: end });
    expect(report.ok).toBe(false);
    expect(report.cores.find(({ service }) => service === 'risk')?.divergence).toMatchObject({
      position: target.position,
      subject: target.subject,
    });
  });

  it('by another version tells how much differs, and is no failure', async () => {
    const report = await replay(journalOf(recorded), session, {
      cores: tinyCores({ service: 'strategy', version: '2', edge: 40 }),
      from: 100,
      to: end,
    });
    const strategy = report.cores.find(({ service }) => service === 'strategy');
    expect(report.ok).toBe(true);
    expect(strategy).toMatchObject({ recordedBy: '1', thisIs: '2' });
    expect(strategy?.differ).toBeGreaterThan(0);
  });

  it('of a child session begins with the state of its parent', async () => {
    const report = await replay(journalOf(recorded, child), child.session, { cores, from: 1, to: 30 });
    expect(report).toMatchObject({ ok: true, fedFrom: 0 });
  });

  it('passes over a broken snapshot for the one before it', async () => {
    const broken = { ...recorded, snapshots: recorded.snapshots.map((one) => (one.position > 100 ? { ...one, sha256: 'x' } : one)) };
    const report = await replay(journalOf(broken), session, { cores, from: 190, to: end });
    expect(report.ok).toBe(true);
    expect(report.fedFrom).toBeLessThanOrEqual(100);
  });

  it('of what comes before the first snapshot is refused where the beginning is gone, and says from where on it works', async () => {
    const journal = { ...journalOf(recorded), keptFrom: async () => 70 };
    const first = recorded.snapshots.map(({ position }) => position).find((position) => position >= 69) as number;
    await expect(replay(journal, session, { cores, from: 71, to: end })).rejects.toThrow(NoStateThere);
    await expect(replay(journal, session, { cores, from: 71, to: end })).rejects.toThrow(`choose an event above ${first}`);
    expect((await replay(journal, session, { cores, from: first + 1, to: end })).ok).toBe(true);
  });

  it('of a child whose parent is not there says what is missing', async () => {
    const orphan = { ...child, snapshots: [] };
    await expect(replay(journalOf(orphan), child.session, { cores, from: 1, to: 5 })).rejects.toThrow(
      /goes on from s-1:\d+, but the state of aggregator there is missing/,
    );
  });
});

describe('the state of a core', () => {
  it('after any position is the one that its snapshot there holds', async () => {
    for (const stored of recorded.snapshots) {
      const before = { ...recorded, snapshots: recorded.snapshots.filter(({ position }) => position < stored.position) };
      const service = coreServiceNamed(stored.service);
      const found = await stateAt(journalOf(before), session, service, stored.position, cores);
      const { runner } = JSON.parse(stored.body) as { runner: { core: unknown; now: number; timers: unknown } };
      expect(found).toMatchObject({ position: stored.position, state: runner.core, now: runner.now, timers: runner.timers });
    }
  });

  it('reads no row after its position', async () => {
    const journal = journalOf(recorded);
    let furthest = 0;
    const events: typeof journal.events = async (id, from, limit) => {
      furthest = Math.max(furthest, from + limit - 1);
      return journal.events(id, from, limit);
    };
    expect((await stateAt({ ...journal, events }, session, 'risk', 150, cores)).position).toBe(150);
    expect(furthest).toBe(150);
  });

  it('is not told where the record is not what this code says', async () => {
    const target = rows.find((row) => row.position > 120 && row.taken && row.subject.startsWith('verdict.')) as StoredEvent;
    await expect(stateAt(journalOf(changedAt(target.position)), session, 'risk', target.position + 1, cores)).rejects.toThrow(
      /cannot be derived: at position \d+/,
    );
  });

  it('is asked of services that keep one', () => {
    expect(() => coreServiceNamed('market-data')).toThrow(NotThere);
    expect(() => coreServiceNamed('market-data')).toThrow(/one of aggregator, strategy/);
  });
});
