import type { CoreServiceName } from '../contracts/index.ts';

/**
 * Version of each core's code, in one place because the journal must name all of them in a session's first event.
 * A change that can alter a core's outputs for the same inputs, or the bytes of its snapshots, raises its number; the next start is then a handover.
 */
export const CORE_VERSIONS: Readonly<Record<CoreServiceName, string>> = {
  aggregator: '5',
  strategy: '4',
  risk: '4',
  executor: '4',
  alerting: '6',
};
