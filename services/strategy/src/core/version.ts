import { CORE_VERSIONS } from '@arb/shared/core';

export const VERSION = CORE_VERSIONS.strategy;
