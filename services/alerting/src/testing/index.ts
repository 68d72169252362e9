export { type RedisServer, startRedis } from './redis-server.ts';
export { type Scripted, scriptedServer } from './scripted-server.ts';
