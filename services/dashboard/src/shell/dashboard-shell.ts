import { CATALOG, type EventType } from '@arb/shared/contracts';
import type { Shell } from '@arb/shared/runtime';
import type { View } from '../view/index.ts';

/** `trade` is the only kind for the dashboard that it does not show. */
export const HEARS: readonly EventType[] = (Object.keys(CATALOG) as EventType[]).filter(
  (type) => type !== 'trade' && CATALOG[type].readers.includes('dashboard'),
);

/** Listens to one session and says nothing in it. */
export function makeDashboardShell(view: View): Shell {
  view.begin();
  return {
    hears: HEARS,
    onEvent: (event) => view.hear(event),
    onLive: ({ session, config }) => view.goLive(session, config),
    // It acts on nothing in the world, so it asks for no lease.
    onLease: () => undefined,
    onEnd: () => view.end(),
  };
}
