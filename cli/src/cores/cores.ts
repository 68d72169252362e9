import { make as aggregator } from '@arb/aggregator/core';
import { make as alerting } from '@arb/alerting/core';
import { make as executor } from '@arb/executor/core';
import { make as risk } from '@arb/risk/core';
import type { CoreServiceName } from '@arb/shared/contracts';
import type { MakeCore } from '@arb/shared/core';
import { make as strategy } from '@arb/strategy/core';

/** Every core of this version of the code, in one process: what replay and verification run. */
export const CORES: Readonly<Record<CoreServiceName, MakeCore>> = { aggregator, strategy, risk, executor, alerting };

/** Where other processes find them. */
export const CORES_MODULE = import.meta.url;
