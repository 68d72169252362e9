import type { MakeCore } from '@arb/shared/core';
import { makeStrategy } from './strategy.ts';

export const make: MakeCore = makeStrategy;
export { VERSION } from './version.ts';
