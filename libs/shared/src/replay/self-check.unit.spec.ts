import { CORE_SERVICES } from '@arb/shared/contracts';
import { sha256 } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import { selfCheck } from './self-check.ts';
import { versionsOf } from './starting.ts';
import { journalOf, type RecordedSession, recordSession, tinyCores } from './testing.ts';
import { verifyRange } from './verify.ts';

const recorded = recordSession({ events: 200 });
const cores = tinyCores();
const check = (of: RecordedSession) =>
  selfCheck(journalOf(of), of.session, versionsOf(cores), (range) => verifyRange(journalOf(of), of.session, range, { cores }));

describe('the self-check', () => {
  it('makes the newest state of every core again and finds it the same', async () => {
    const found = await check(recorded);
    expect(found).toMatchObject({ session: 's-1', to: recorded.session.end, fault: null });
    expect(found?.snapshots).toBeGreaterThanOrEqual(CORE_SERVICES.length);
    expect(found?.from).toBeGreaterThan(recorded.rows.length / 2);
  });

  it('finds a state that the events do not lead to', async () => {
    const snapshots = recorded.snapshots.map((one) => {
      if (one.service !== 'executor' || one.position !== recorded.session.end) return one;
      const body = one.body.replace(/"orders":\d+/, '"orders":9999');
      return { ...one, body, sha256: sha256(body) };
    });
    expect((await check({ ...recorded, snapshots }))?.fault).toMatchObject({ check: 'snapshot', subject: 'snapshot of executor' });
  });

  it('waits until there are two states to compare', async () => {
    expect(await check({ ...recorded, snapshots: recorded.snapshots.slice(0, CORE_SERVICES.length) })).toBeNull();
  });
});
