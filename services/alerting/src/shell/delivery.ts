export type { Letter } from './letter.ts';
export { AlertQueue, type AlertQueueOptions, type QueueStatus } from './queue/alert-queue.ts';
export { type QueueKeys, queueKeys } from './queue/keys.ts';
export { type Queued, RedisQueue } from './queue/redis-queue.ts';
