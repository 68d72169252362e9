import { CORE_SERVICES } from '@arb/shared/contracts';
import { type VerifyFault, type VerifyOptions, type VerifyReport, verifySession } from '@arb/shared/replay';
import { type SnapshotBody, type StoredEvent, type StoredSnapshot, sha256 } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import { journalOf, type RecordedSession, recordSession, sealsOf, tinyCores } from './testing.ts';

const recorded = recordSession();
const { rows } = recorded;

async function verified(
  session: RecordedSession,
  options: Partial<VerifyOptions> = {},
  ...others: RecordedSession[]
): Promise<VerifyReport> {
  return verifySession(journalOf(...others, session), session.session, { cores: tinyCores(), ...options });
}

/** The first fault of a kind: a report that does not have one is a test that fails. */
function first(report: VerifyReport, check: VerifyFault['check']): VerifyFault {
  const fault = report.faults.find((found) => found.check === check);
  if (fault === undefined || report.ok) throw new Error(`no fault of ${check} in ${JSON.stringify(report.faults)}`);
  return fault;
}

const isTaken = (row: StoredEvent, root: string) => row.taken && row.subject.startsWith(root);
/** A row in the middle of the session, and of its seal. */
function rowOf(root: string): StoredEvent {
  const found = rows.find((row) => row.position > rows.length / 3 && row.position % 7 > 1 && isTaken(row, root));
  if (found === undefined) throw new Error(`no ${root} was recorded`);
  return found;
}

function withRows(change: (row: StoredEvent) => StoredEvent | readonly StoredEvent[], reseal = false): RecordedSession {
  const changed = rows.flatMap(change);
  return { ...recorded, rows: changed, seals: reseal ? sealsOf(recorded.session.id, changed) : recorded.seals };
}

const replaced = (row: StoredEvent, from: string | RegExp, to: string): StoredEvent => {
  const text = Buffer.from(row.bytes).toString();
  const bytes = Buffer.from(text.replace(from, to));
  if (bytes.toString() === text) throw new Error(`${from} is not in ${text}`);
  return { ...row, bytes };
};

/** A digit inside the data: the event stays well-formed. */
function flipped(row: StoredEvent): StoredEvent {
  const text = Buffer.from(row.bytes).toString();
  const at = text.lastIndexOf('"data"') + (/[1-8]/.exec(text.slice(text.lastIndexOf('"data"')))?.index ?? 0);
  const bytes = Buffer.from(row.bytes);
  bytes[at] = (bytes[at] as number) ^ 1;
  return { ...row, bytes };
}

const sealOver = (position: number) => recorded.seals.find(({ from, to }) => from <= position && position <= to);

describe('verify', () => {
  it('finds a session as it was recorded in order, though messages were doubled, malformed, foreign and late', async () => {
    const report = await verified(recorded);
    expect(report.faults).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      session: 's-1',
      from: 1,
      to: rows.length,
      events: rows.length,
      taken: rows.filter((row) => row.taken).length,
      seals: recorded.seals.length,
      head: recorded.seals.at(-1)?.head,
      otherVersions: [],
      snapshots: recorded.snapshots.length,
    });
    expect(rows.some((row) => !row.taken)).toBe(true);
    for (const service of CORE_SERVICES) expect([service, report.outputs[service]]).not.toEqual([service, 0]);
  });

  it('ends in the middle when it is told to', async () => {
    const stop = new AbortController();
    let seen = 0;
    const progress = (position: number) => {
      seen = position;
      if (position > rows.length / 2) stop.abort(new Error('interrupted'));
    };
    await expect(verified(recorded, { progress, signal: stop.signal })).rejects.toThrow('interrupted');
    expect(seen).toBeLessThan(rows.length);
  });

  it('finds other seeds in order too, and the same seed the same', async () => {
    for (const seed of ['one', 'two', 'three']) expect((await verified(recordSession({ seed, events: 60 }))).faults).toEqual([]);
    expect(recordSession().seals.at(-1)?.head).toBe(recorded.seals.at(-1)?.head);
  });

  it('tells how far it is, up to the end', async () => {
    const told: number[][] = [];
    await verified(recorded, { progress: (position, to) => told.push([position, to]) });
    expect(told.length).toBe(recorded.seals.length);
    expect(told.at(-1)).toEqual([rows.length, rows.length]);
  });

  it('lets the last outputs of a core be missing: they were not published any more', async () => {
    // Everything that came out of or after the last alert, of that one core.
    const lastAlert = rows.findLast((row) => isTaken(row, 'alert.'))?.position as number;
    const cut = rows.filter(({ position }) => position < lastAlert);
    const end = cut.length;
    const report = await verified({
      session: { ...recorded.session, end },
      rows: cut,
      seals: sealsOf('s-1', cut),
      snapshots: recorded.snapshots.filter(({ position }) => position <= end),
    });
    expect(report.faults).toEqual([]);
    expect(report.outputs.alerting).toBeLessThan((await verified(recorded)).outputs.alerting as number);
  });

  describe('turns red', () => {
    it('when a constant of a core has changed, at the first output that differs', async () => {
      const report = await verified(recorded, { cores: tinyCores({ edge: 11 }) });
      const fault = first(report, 'output');
      const decision = rows.find((row) => isTaken(row, 'decision.')) as StoredEvent;
      expect(fault).toMatchObject({ position: decision.position, subject: decision.subject, expected: decision.bytes.toString() });
      expect(fault.found).not.toBe(fault.expected);
    });

    it('when a core says nothing where the recorded one did', async () => {
      const silent = rowOf('verdict.');
      let told = 0;
      const before = (event: { type: string }) => (event.type === 'decision' && ++told > 3 ? ('skip' as const) : undefined);
      const report = await verified(recorded, { cores: tinyCores({ service: 'risk', before }) });
      const fourth = rows.filter((row) => isTaken(row, 'verdict.'))[3] as StoredEvent;
      expect(silent.position).toBeGreaterThan(fourth.position);
      expect(first(report, 'output')).toMatchObject({ position: fourth.position, subject: fourth.subject, found: 'nothing' });
    });

    it('when an output was recorded that no core says, even as the last event', async () => {
      const last = rows.findLast((row) => isTaken(row, 'verdict.')) as StoredEvent;
      const n = JSON.parse(last.bytes.toString()).n as number;
      const more = { ...replaced(last, `"n":${n}`, `"n":${n + 1}`), position: rows.length + 1 };
      const longer = [...rows, more];
      const report = await verified({
        ...recorded,
        session: { ...recorded.session, end: longer.length },
        rows: longer,
        seals: sealsOf('s-1', longer),
      });
      expect(first(report, 'output').position).toBe(more.position);
      expect(first(report, 'output').expected).toBe(more.bytes.toString());
    });

    it('when an output was recorded twice as if both had been taken', async () => {
      const twice = rowOf('verdict.');
      const later = (row: StoredEvent, by: number) => ({ ...row, position: row.position + by });
      const doubled = rows.flatMap((row) =>
        row.position < twice.position ? [row] : row === twice ? [row, later(row, 1)] : [later(row, 1)],
      );
      const report = await verified({
        ...recorded,
        session: { ...recorded.session, end: doubled.length },
        rows: doubled,
        seals: sealsOf('s-1', doubled),
      });
      expect(first(report, 'turn')).toMatchObject({
        position: twice.position + 1,
        subject: twice.subject,
        expected: 'taken, as recorded',
        found: 'out-of-turn',
      });
    });

    it('when a row was dropped', async () => {
      const dropped = rowOf('book.');
      const report = await verified(withRows((row) => (row === dropped ? [] : row)));
      expect(first(report, 'gap')).toMatchObject({
        position: dropped.position,
        expected: `position ${dropped.position}`,
        found: `position ${dropped.position + 1}`,
      });
      expect(first(report, 'seal')).toMatchObject({ position: sealOver(dropped.position)?.from });
    });

    it('when a row was dropped and every later seal was made anew', async () => {
      const dropped = rowOf('book.');
      const report = await verified(withRows((row) => (row === dropped ? [] : row), true));
      expect(report.faults.some(({ check }) => check === 'seal')).toBe(false);
      expect(first(report, 'gap').position).toBe(dropped.position);
    });

    it('when a row was dropped, all later ones moved up and every later seal was made anew', async () => {
      const dropped = rowOf('book.');
      const moved = withRows(
        (row) => (row === dropped ? [] : { ...row, position: row.position - (row.position > dropped.position ? 1 : 0) }),
        true,
      );
      const report = await verified({ ...moved, session: { ...recorded.session, end: rows.length - 1 } });
      // The number of the next book is out of turn now.
      expect(first(report, 'turn').position).toBeGreaterThanOrEqual(dropped.position);
    });

    it('when the last row of a batch, or of the session, was dropped', async () => {
      for (const position of [sealOver(30)?.to as number, rows.length]) {
        const report = await verified(withRows((row) => (row.position === position ? [] : row)));
        expect(first(report, 'gap')).toMatchObject({ position, expected: `rows up to ${position}` });
      }
    });

    it('when two rows were swapped, with or without new seals', async () => {
      const one = rowOf('book.');
      const other = rows.find((row) => row.position > one.position && isTaken(row, 'clock')) as StoredEvent;
      const swap = (row: StoredEvent) =>
        row === one ? { ...other, position: one.position } : row === other ? { ...one, position: other.position } : row;
      expect(first(await verified(withRows(swap)), 'seal')).toMatchObject({ position: sealOver(one.position)?.from });
      expect((await verified(withRows(swap, true))).ok).toBe(false);
    });

    it.each(['book.', 'l2.', 'verdict.', 'clock', 'order.'])('when one bit of a %s event was changed', async (root) => {
      const target = rowOf(root);
      const report = await verified(withRows((row) => (row === target ? flipped(row) : row)));
      const seal = sealOver(target.position);
      expect(first(report, 'seal')).toMatchObject({ position: seal?.from });
      expect(first(report, 'seal').expected).toContain(seal?.head);
      expect(first(report, 'seal').found).toMatch(/^[0-9a-f]{64}$/);
      // One wrong batch is named once.
      expect(report.faults.filter(({ check }) => check === 'seal')).toHaveLength(1);
    });

    it.each(['l2.', 'verdict.', 'order.'])('when one bit of a %s event was changed and every later seal was made anew', async (root) => {
      const target = rowOf(root);
      const changed = flipped(target);
      const report = await verified(withRows((row) => (row === target ? changed : row), true));
      expect(report.faults.some(({ check }) => check === 'seal')).toBe(false);
      expect(first(report, 'output')).toMatchObject({
        position: target.position,
        subject: target.subject,
        expected: changed.bytes.toString(),
        found: `${target.subject} ${target.bytes.toString()}`,
      });
    });

    it('when a book was changed and every later seal was made anew, at what followed from it', async () => {
      const target = rowOf('book.');
      const report = await verified(withRows((row) => (row === target ? replaced(row, /"bids":\[\[\d/, '"bids":[[7') : row), true));
      const l2 = rows.find((row) => isTaken(row, 'l2.') && row.bytes.toString().includes(`"cause":${target.position},`));
      expect(first(report, 'output')).toMatchObject({ position: l2?.position, subject: l2?.subject });
    });

    it('when the time at which a row was stored, or its subject, was changed', async () => {
      const target = rowOf('book.');
      for (const change of [{ storedAt: target.storedAt + 1 }, { subject: 'book.upbit.XRP-KRW' }])
        expect(
          (await verified(withRows((row) => (row === target ? { ...row, ...change } : row)))).faults.map(({ check }) => check),
        ).toContain('seal');
    });

    it('when the flag that a row was taken was changed, either way, with or without new seals', async () => {
      const ignored = rows.find((row) => !row.taken) as StoredEvent;
      for (const target of [rowOf('book.'), ignored])
        for (const reseal of [false, true]) {
          const report = await verified(withRows((row) => (row === target ? { ...row, taken: !row.taken } : row), reseal));
          expect(first(report, 'turn')).toMatchObject({ position: target.position, subject: target.subject });
          expect(first(report, 'turn').expected).toBe(target.taken ? 'ignored, as recorded' : 'taken, as recorded');
          expect(report.faults.some(({ check }) => check === 'seal')).toBe(!reseal);
        }
    });

    it('when a seal was changed, in any of its parts', async () => {
      const nth = 5;
      const seal = recorded.seals[nth] as (typeof recorded.seals)[number];
      const with_ = (change: object) =>
        verified({ ...recorded, seals: recorded.seals.map((one, i) => (i === nth ? { ...one, ...change } : one)) });
      const other = 'f'.repeat(64);
      for (const change of [{ head: other }, { market: other }, { ledger: other }])
        expect(first(await with_(change), 'seal').position).toBe(seal.from);
      expect(first(await with_({ turns: seal.turns.replace(/\d/, '9') }), 'turn').position).toBe(seal.to);
      expect(first(await with_({ from: seal.from + 1 }), 'gap')).toMatchObject({
        position: seal.from,
        expected: `a seal from ${seal.from}`,
      });
      expect((await with_({ to: seal.to - 1 })).ok).toBe(false);
    });

    it('when a seal was removed, the first, one between, or the last', async () => {
      for (const nth of [0, 5, recorded.seals.length - 1]) {
        const report = await verified({ ...recorded, seals: recorded.seals.filter((_, i) => i !== nth) });
        expect(first(report, 'gap').position).toBe(recorded.seals[nth]?.from);
      }
    });

    it('when the seals over a range were removed together with its rows, and an anchor was kept', async () => {
      const kept = recorded.seals.slice(0, 10);
      const end = kept.at(-1)?.to as number;
      const shorter = { ...recorded, rows: rows.slice(0, end), seals: kept, session: { ...recorded.session, end } };
      const anchor = recorded.seals.at(-1)?.head as string;
      const fault = first(await verified(shorter, { anchor }), 'seal');
      expect(fault).toMatchObject({ position: end, expected: `a seal with the head ${anchor}` });
      expect(fault.found).toContain(kept.at(-1)?.head);
    });

    it('when the anchor is of another journal, and not when it is one of its own', async () => {
      expect((await verified(recorded, { anchor: 'f'.repeat(64) })).ok).toBe(false);
      for (const nth of [0, 7, recorded.seals.length - 1])
        expect((await verified(recorded, { anchor: recorded.seals[nth]?.head as string })).ok).toBe(true);
    });

    it('when a snapshot was changed, with or without its hash', async () => {
      const nth = recorded.snapshots.findIndex(({ service, position }) => service === 'risk' && position > 40);
      const snapshot = recorded.snapshots[nth] as StoredSnapshot;
      const body = JSON.parse(snapshot.body) as SnapshotBody;
      const changed = JSON.stringify({ ...body, runner: { ...body.runner, core: { blocked: 999 } } });
      for (const change of [{ body: changed }, { body: changed, sha256: sha256(changed) }, { sha256: '0'.repeat(64) }]) {
        const snapshots = recorded.snapshots.map((one, i) => (i === nth ? { ...one, ...change } : one));
        expect(first(await verified({ ...recorded, snapshots }), 'snapshot')).toMatchObject({
          position: snapshot.position,
          subject: 'snapshot of risk',
        });
      }
    });

    it('when a core fails on what it handled when it was recorded', async () => {
      const before = (event: { type: string }) => {
        if (event.type === 'verdict') throw new Error('cannot handle this');
        return undefined;
      };
      const fault = first(await verified(recorded, { cores: tinyCores({ service: 'executor', before }) }), 'output');
      expect(fault).toMatchObject({ expected: 'the core of executor handles every recorded event', found: 'cannot handle this' });
    });
  });

  describe('of another version of a core', () => {
    it('tells the first difference, and fails only when it is strict', async () => {
      const cores = tinyCores({ service: 'strategy', version: '2', edge: 11 });
      const report = await verified(recorded, { cores });
      const decisions = rows.filter((row) => isTaken(row, 'decision.'));
      const decision = decisions[0] as StoredEvent;
      // What its timer says does not depend on the edge.
      const same = decisions.filter((row) => !row.bytes.toString().includes('"basis"'));
      expect(same.length).toBeGreaterThan(0);
      expect([report.ok, report.faults]).toEqual([true, []]);
      expect(report.otherVersions).toEqual([
        {
          ...{ service: 'strategy', recordedBy: '1', thisIs: '2', outputs: decisions.length, differ: decisions.length - same.length },
          firstDifference: expect.objectContaining({ position: decision.position }),
        },
      ]);
      expect((await verified(recorded, { cores, strict: true })).ok).toBe(false);
    });

    it('is in order, strict too, when it says the same', async () => {
      const report = await verified(recorded, { cores: tinyCores({ service: 'strategy', version: '2' }), strict: true });
      const outputs = rows.filter((row) => isTaken(row, 'decision.')).length;
      expect([report.ok, report.otherVersions]).toEqual([
        true,
        [{ service: 'strategy', recordedBy: '1', thisIs: '2', outputs, differ: 0, firstDifference: null }],
      ]);
    });

    it('still checks seals and the other cores', async () => {
      const target = rowOf('verdict.');
      const report = await verified(
        withRows((row) => (row === target ? flipped(row) : row)),
        { cores: tinyCores({ service: 'strategy', version: '2', edge: 11 }) },
      );
      expect(first(report, 'seal').position).toBe(sealOver(target.position)?.from);
      expect(first(report, 'output')).toMatchObject({ position: target.position, subject: target.subject });
    });
  });

  describe('of a child session', () => {
    const child = recordSession({ id: 's-2', parent: recorded });

    it('goes on from the last snapshots of its parent, and says again what was open there', async () => {
      const open = recorded.snapshots.filter(({ position }) => position === recorded.session.end);
      expect(open.some(({ body }) => (JSON.parse(body) as SnapshotBody).open.length > 0)).toBe(true);
      expect((await verified(child, {}, recorded)).faults).toEqual([]);
    });

    it('turns red when a snapshot of its parent is missing, stands elsewhere or is broken', async () => {
      const end = recorded.session.end as number;
      const ofRisk = (change: (snapshot: StoredSnapshot) => StoredSnapshot[]) => ({
        ...recorded,
        snapshots: recorded.snapshots.flatMap((one) => (one.service === 'risk' && one.position === end ? change(one) : one)),
      });
      for (const [parent, found] of [
        [{ ...recorded, snapshots: recorded.snapshots.filter(({ service }) => service !== 'risk') }, 'none'],
        [ofRisk(() => []), /^one at \d+$/],
        [ofRisk((one) => [{ ...one, body: one.body.replace('blocked', 'blacked') }]), `one at ${end}`],
      ] as const) {
        const fault = first(await verified(child, {}, parent), 'parent');
        expect(fault).toMatchObject({ position: 1, subject: 'snapshot of risk', expected: `a sound one at s-1:${end}` });
        expect(fault.found).toMatch(found);
      }
    });

    it('turns red when the state it went on from was changed along with its hash', async () => {
      const snapshots = recorded.snapshots.map((one) => {
        if (one.service !== 'executor' || one.position !== recorded.session.end) return one;
        const body = one.body.replace(/"orders":\d+/, '"orders":7000');
        return { ...one, body, sha256: sha256(body) };
      });
      const fault = first(await verified(child, {}, { ...recorded, snapshots }), 'output');
      expect(fault.subject).toMatch(/^order\./);
      expect(fault.found).toContain('t-7001-0-0');
    });
  });
});
