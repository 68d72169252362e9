import type { Shell } from '@arb/shared/runtime';
import { type MarketDataDeps, MarketDataShell } from './shell/index.ts';

export type { MarketDataDeps } from './shell/index.ts';

export function makeShell(deps: MarketDataDeps): Shell {
  return new MarketDataShell(deps);
}
