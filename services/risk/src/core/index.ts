import type { MakeCore } from '@arb/shared/core';
import { makeRisk } from './risk.ts';

export const make: MakeCore = makeRisk;
export { VERSION } from './version.ts';
