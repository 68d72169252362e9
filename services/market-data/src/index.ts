import type { Shell } from '@arb/shared/runtime';
import { httpGet, openSocket } from '@arb/venues/shell';
import { MarketDataShell, type MarketDeps } from './shell/index.ts';

export { expectKnownVenues, type LoadedRecordings, loadRecordings } from './shell/index.ts';

export type MarketDataDeps = Omit<MarketDeps, 'openSocket' | 'httpGet'> & Partial<Pick<MarketDeps, 'openSocket' | 'httpGet'>>;

export function makeShell(deps: MarketDataDeps): Shell {
  return new MarketDataShell({ openSocket, httpGet, ...deps });
}
