import type { MakeCore } from '@arb/shared/core';
import { makeAlerting } from './alerting.ts';

export const make: MakeCore = makeAlerting;
export { VERSION } from './version.ts';
