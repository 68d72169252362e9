import { runService } from '@arb/shared/hosting';
import { makeShell } from './index.ts';

await runService({
  service: 'market-data',
  makeShell: ({ config, time, log }) =>
    makeShell({ time, log, simulatorUrl: config.infrastructure.simulatorUrl, random: Math.random, source: config.session.market.source }),
});
