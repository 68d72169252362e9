export { ShadowHost, type ShadowHostDeps, type ShadowTotals } from './shadow-host.ts';
export { ShadowRun, type ShadowStatus } from './shadow-run.ts';
export { type Difference, SIDE_BY_SIDE_DEFAULTS, SideBySide, type SideBySideOptions } from './side-by-side.ts';
