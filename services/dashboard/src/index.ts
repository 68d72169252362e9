export { DashboardModule } from './http/dashboard.module.ts';
export { makeDashboardShell } from './shell/dashboard-shell.ts';
export { type Change, LIMITS, makeView, type State, type View } from './view/index.ts';
