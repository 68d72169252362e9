import { runService } from '@arb/shared/hosting';
import { make } from './core/index.ts';
import { makeShell } from './shell/index.ts';

await runService({ service: 'alerting', makeCore: make, makeShell });
