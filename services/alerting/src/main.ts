import { runService } from '@arb/shared/hosting';
import { make } from './core/index.ts';
import { logChannel } from './shell/channel.ts';
import { DeliveryShell } from './shell/delivery.ts';

await runService({
  service: 'alerting',
  makeCore: make,
  makeShell: ({ time, log }) => new DeliveryShell({ channel: logChannel(log), time, log }),
});
