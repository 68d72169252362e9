import { CORE_SERVICES } from '@arb/shared/contracts';
import { type StoredSnapshot, sha256 } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import { planRanges } from './ranges.ts';
import type { RecordReader } from './record.ts';
import { versionsOf } from './starting.ts';
import { journalOf, type RecordedSession, recordSession, tinyCores } from './testing.ts';
import { type RangeReport, summary, verifyRange, verifySession } from './verify.ts';

const recorded = recordSession({ events: 300 });
const cores = tinyCores();
const { session, rows } = recorded;

async function inRanges(of: RecordedSession, jobs: number, journal: RecordReader = journalOf(of)) {
  const ranges = await planRanges(journal, of.session, versionsOf(cores), { jobs, leastPositions: 20 });
  const reports: RangeReport[] = [];
  for (const range of ranges) reports.push(await verifyRange(journal, of.session, range, { cores }));
  return { ranges, reports, report: await summary(journal, of.session, reports, {}) };
}

describe('a session that is proved in ranges', () => {
  it('is covered without a gap, each core from the snapshot that the range before goes on to', async () => {
    const { ranges } = await inRanges(recorded, 4);
    expect(ranges.length).toBeGreaterThan(3);
    expect(ranges[0]?.after).toBe(0);
    expect(ranges.at(-1)).toMatchObject({ to: session.end, ends: {}, whole: true });
    ranges.slice(1).forEach((range, i) => {
      expect(range.after).toBe(ranges[i]?.to);
      expect(range.begins).toEqual(ranges[i]?.ends);
      for (const service of CORE_SERVICES) expect(range.begins[service]).toBeGreaterThanOrEqual(range.after);
    });
  });

  it('comes out as it does in one piece: the same events, seals, head and outputs', async () => {
    const { ranges, ...all } = await verifySession(journalOf(recorded), session, { cores });
    const { report } = await inRanges(recorded, 4);
    expect(ranges).toBe(1);
    expect(report).toMatchObject(all);
    expect(report.ok).toBe(true);
  });

  it('turns red at the same place, whichever range that is in', async () => {
    for (const part of [0.1, 0.35, 0.6, 0.85]) {
      const target = rows.find((row) => row.position > rows.length * part && row.taken && row.subject.startsWith('verdict.'));
      if (target === undefined) throw new Error('no verdict was recorded there');
      const bytes = Buffer.from(Buffer.from(target.bytes).toString().replace('"rule":"tiny"', '"rule":"tony"'));
      const changed = { ...recorded, rows: rows.map((row) => (row === target ? { ...row, bytes } : row)) };
      const { report } = await inRanges(changed, 4);
      const faults = (check: string) => report.faults.filter((fault) => fault.check === check).map(({ position }) => position);
      expect(faults('output')).toContain(target.position);
      expect(faults('seal')).toHaveLength(1);
    }
  });

  it('finds a changed snapshot between two ranges, though the second begins with it', async () => {
    const { ranges } = await inRanges(recorded, 4);
    const at = ranges[1]?.begins.risk as number;
    const snapshots = recorded.snapshots.map((one): StoredSnapshot => {
      if (one.service !== 'risk' || one.position !== at) return one;
      const body = one.body.replace(/"blocked":\d+/, '"blocked":9999');
      return { ...one, body, sha256: sha256(body) };
    });
    const { report } = await inRanges({ ...recorded, snapshots }, 4);
    expect(report.faults).toContainEqual(expect.objectContaining({ check: 'snapshot', position: at, subject: 'snapshot of risk' }));
  });

  it('is handed over at the next sound snapshot where one is broken', async () => {
    const { ranges } = await inRanges(recorded, 4);
    const at = ranges[1]?.begins.risk as number;
    const snapshots = recorded.snapshots.map((one) =>
      one.service === 'risk' && one.position === at ? { ...one, sha256: '0'.repeat(64) } : one,
    );
    const again = await inRanges({ ...recorded, snapshots }, 4);
    expect(again.ranges.every(({ begins }) => begins.risk !== at)).toBe(true);
    expect(again.report.faults.map(({ check, position }) => [check, position])).toEqual([['snapshot', at]]);
  });

  it('is proved from a position on, and up to one, from the snapshots before it', async () => {
    const [from, to] = [150, 200];
    const report = await verifySession(journalOf(recorded), session, { cores, from, to });
    expect(report).toMatchObject({ ok: true, faults: [] });
    expect(report.from).toBeGreaterThan(1);
    expect(report.from).toBeLessThanOrEqual(from);
    expect(report.to).toBeGreaterThanOrEqual(to);
    expect(report.to).toBeLessThan(to + 7);
    expect(report.outputs.aggregator).toBeGreaterThan(10);
  });

  it('whose first events are gone is proved from there, and the chain of the seals before', async () => {
    const kept = 101;
    const rest = { ...recorded, rows: rows.filter(({ position }) => position >= kept) };
    const journal = (of: RecordedSession): RecordReader => ({ ...journalOf(of), keptFrom: async () => kept });
    const { report } = await inRanges(rest, 1, journal(rest));
    expect(report).toMatchObject({ ok: true, to: session.end });
    expect(report.from).toBeGreaterThanOrEqual(kept);
    const seals = recorded.seals.map((seal, i) => (i === 3 ? { ...seal, head: 'f'.repeat(64) } : seal));
    const broken = { ...rest, seals };
    expect((await inRanges(broken, 1, journal(broken))).report.faults[0]).toMatchObject({ check: 'seal', position: seals[3]?.from });
  });

  it('of another version is one range, since its cores are followed from the beginning', async () => {
    const other = versionsOf(tinyCores({ service: 'strategy', version: '2' }));
    expect(await planRanges(journalOf(recorded), session, other, { jobs: 8, leastPositions: 10 })).toHaveLength(1);
  });
});
