import type { Shell } from '@arb/shared/runtime';
import { httpGet, openSocket } from '@arb/venues/shell';
import { MarketDataShell, type MarketDeps } from './shell/index.ts';

export { expectKnownVenues, type LoadedRecordings, loadRecordings } from './shell/index.ts';

/** What stands in for none. */
type Given = 'openSocket' | 'httpGet' | 'keys';
export type MarketDataDeps = Omit<MarketDeps, Given> & Partial<Pick<MarketDeps, Given>>;

export function makeShell(deps: MarketDataDeps): Shell {
  return new MarketDataShell({ openSocket, httpGet, keys: new Map(), ...deps });
}
