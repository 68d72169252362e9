import { make } from '@arb/risk/core';
import { runService } from '@arb/shared/hosting';

// The service as it is shipped: framework, configuration, HTTP and all.
await runService({ service: 'risk', makeCore: make });
process.on('disconnect', () => process.exit(1));
process.on('message', () => process.kill(process.pid, 'SIGTERM'));
process.send?.({ id: 0 });
