import { runService } from '@arb/shared/hosting';
import { make } from './core/index.ts';

await runService({ service: 'strategy', makeCore: make });
