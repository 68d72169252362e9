import { realTime, runService } from '@arb/shared/hosting';
import { DashboardModule } from './http/dashboard.module.ts';
import { makeDashboardShell } from './shell/dashboard-shell.ts';
import { makeView } from './view/index.ts';

// One view for the life of the process; each session that it takes part in begins it anew.
const view = makeView();

await runService({
  service: 'dashboard',
  makeShell: () => makeDashboardShell(view),
  imports: [DashboardModule.of(view, realTime)],
});
