import { make as aggregator } from '@arb/aggregator/core';
import { make as alerting } from '@arb/alerting/core';
import { make as executor } from '@arb/executor/core';
import { make as risk } from '@arb/risk/core';
import type { Cores } from '@arb/shared/replay';
import { make as strategy } from '@arb/strategy/core';

/** What recorded events are replayed into: loaded by the processes that replay, never by the journal's own. */
export const CORES: Cores = { aggregator, strategy, risk, executor, alerting };
