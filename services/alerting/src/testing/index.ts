export { letter } from './letters.ts';
export { type RedisServer, startRedis } from './redis-server.ts';
export { type Request, type Scripted, scriptedServer } from './scripted-server.ts';
