import { make as makeAggregator } from '@arb/aggregator/core';
import { make as makeAlerting } from '@arb/alerting/core';
import { make as makeExecutor } from '@arb/executor/core';
import { make as makeRisk } from '@arb/risk/core';
import type { CoreServiceName } from '@arb/shared/contracts';
import type { MakeCore } from '@arb/shared/core';
import { make as makeStrategy } from '@arb/strategy/core';
import { type EmptySettings, emptyCore } from '../empty/cores.ts';
import { hostIn, type Place } from './host.ts';
import { fail, serve, settings } from './serve.ts';

export interface CoreSettings extends Place, EmptySettings {
  readonly service: CoreServiceName;
  readonly real: boolean;
}

const REAL: Readonly<Record<CoreServiceName, MakeCore>> = {
  aggregator: makeAggregator,
  strategy: makeStrategy,
  risk: makeRisk,
  executor: makeExecutor,
  alerting: makeAlerting,
};

const mine = settings<CoreSettings>();
const { host, catchUp, stop } = hostIn(mine, mine.service, mine.real ? REAL[mine.service] : emptyCore(mine.service, mine), null);
host.start().catch(fail);
serve({ status: () => host.status(), catchUp }, stop);
