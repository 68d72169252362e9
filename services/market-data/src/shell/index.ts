export { expectKnownVenues, MarketDataShell } from './market-data-shell.ts';
export type { MarketDeps } from './market-run.ts';
export { type LoadedRecordings, loadRecordings } from './recordings.ts';
