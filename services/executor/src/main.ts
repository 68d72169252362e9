import { runService } from '@arb/shared/hosting';
import { make } from './core/index.ts';

await runService({ service: 'executor', makeCore: make });
