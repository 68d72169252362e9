export { type MarketDataDeps, MarketDataShell } from './market-data-shell.ts';
