import { CATALOG, type EventType } from '@arb/shared/contracts';
import type { Shell } from '@arb/shared/runtime';
import type { LiveView } from '../live-view/index.ts';
import type { View } from '../view/index.ts';

/** `trade` is the only kind for the dashboard that it does not show. */
export const HEARS: readonly EventType[] = (Object.keys(CATALOG) as EventType[]).filter(
  (type) => type !== 'trade' && CATALOG[type].readers.includes('dashboard'),
);

/** Listens to one session and says nothing in it: for the page, and for whoever looks into Redis. */
export function makeDashboardShell(view: View, liveView: LiveView | null = null): Shell {
  view.begin();
  liveView?.begin();
  return {
    hears: HEARS,
    onEvent(event) {
      view.hear(event);
      liveView?.hear(event);
    },
    onLive: ({ session, config }) => view.goLive(session, config),
    // It acts on nothing in the world, so it asks for no lease.
    onLease: () => undefined,
    onEnd() {
      view.end();
      liveView?.end();
    },
  };
}
