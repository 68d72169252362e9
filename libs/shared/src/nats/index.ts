export { plainOf, wireOf } from './address.ts';
export { JetStreamError } from './api.ts';
export { type NatsBusOptions, natsBus } from './bus.ts';
export { inboxOf, MAX_PAYLOAD, type NatsConfigOptions, natsConfig, publishableBy, SHADOW, subscribableBy, VIEWER } from './config.ts';
export { type NatsServer, type ServerPlace, startNatsCluster, startNatsServer } from './testing.ts';
