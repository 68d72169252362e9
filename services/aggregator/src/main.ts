import { runService } from '@arb/shared/hosting';
import { make } from './core/index.ts';

await runService({ service: 'aggregator', makeCore: make });
