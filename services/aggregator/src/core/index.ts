import type { MakeCore } from '@arb/shared/core';
import { makeAggregator } from './aggregator.ts';

export const make: MakeCore = makeAggregator;
export { VERSION } from './version.ts';
