export { type RedisServer, startRedis } from '@arb/shared/redis';
export { letter } from './letters.ts';
export { type Request, type Scripted, scriptedServer } from './scripted-server.ts';
