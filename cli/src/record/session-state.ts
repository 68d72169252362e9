import type { ListedSession } from '@arb/shared/journal';

/** What the journal says of a session, and, where that is not an end, whether anything writes to it now. */
export function stateOf({ status, running }: Pick<ListedSession, 'status' | 'running'>): string {
  return status === 'ended' || status === 'lost' || running ? status : `${status}, not running`;
}
