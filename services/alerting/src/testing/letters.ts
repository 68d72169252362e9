import type { DataOf } from '@arb/shared/contracts';
import type { Letter } from '../shell/letter.ts';

/** An alert as it stands in a session, with what a test wants otherwise. */
export function letter(change: Partial<DataOf<'alert'>> = {}, position = 200): Letter {
  const alert: DataOf<'alert'> = {
    id: `a${position}`,
    key: 'VN-002/upbit',
    rule: 'VN-002',
    severity: 'P1',
    state: 'raised',
    step: 'opened',
    summary: 'upbit is down: <no answer> & more',
    count: 3,
    since: 1_700_000_000_000_000,
    channels: ['telegram', 'slack', 'store'],
    runbook: 'venue-down',
    ...change,
  };
  return { alert, session: 's1', position, at: 1_700_000_180_000_000, about: 12 };
}
