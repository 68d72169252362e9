import { realTime, runService } from '@arb/shared/hosting';
import { type Archive, openArchive } from '@arb/shared/journal';
import { resolveEvent, why } from '@arb/shared/replay';
import { DashboardModule } from './http/dashboard.module.ts';
import { type LiveView, openLiveView } from './live-view/index.ts';
import { makeDashboardShell } from './shell/dashboard-shell.ts';
import { makeView } from './view/index.ts';

// One view for the life of the process; each session that it takes part in begins it anew.
const view = makeView();
let liveView: LiveView | null = null;
let archive: Archive | null = null;

async function explain(from: Archive, event: string) {
  const { session, position } = await resolveEvent(from, event);
  return why(from, session, position);
}

await runService({
  service: 'dashboard',
  makeShell({ config: { infrastructure }, log }) {
    archive ??= openArchive(infrastructure.postgresUrl);
    liveView ??= openLiveView({ redisUrl: infrastructure.redisUrl, environment: infrastructure.environment, log });
    return makeDashboardShell(view, liveView);
  },
  imports: [DashboardModule.of(view, realTime, (event) => (archive === null ? null : explain(archive, event)))],
});
