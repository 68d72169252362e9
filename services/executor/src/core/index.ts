import type { MakeCore } from '@arb/shared/core';
import { makeExecutor } from './executor.ts';

export const make: MakeCore = makeExecutor;
export { roundTripLine } from './round-trip.ts';
export { VERSION } from './version.ts';
