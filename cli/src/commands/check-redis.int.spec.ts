import { type RedisServer, redisKey, startRedis } from '@arb/shared/redis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { checkRedis } from './check-redis.ts';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

describe('the keys in Redis', () => {
  it('are found in order where each is as its domain says, and named where one is not', async () => {
    const key = (domain: 'l2' | 'alerts', field: string) => redisKey({ environment: 'paper', session: 's1', domain, symbol: 'BTC', field });
    const top = { position: 1, at: 1, numeraire: 'USDT', bid: null, ask: null, venues: { fresh: 0, stale: 0, absent: 2 } };
    await redis.set(key('l2', 'top'), JSON.stringify(top), 'EX', 10);
    await redis.xadd(key('alerts', 'waiting'), '*', 'alert', '1');
    expect(await checkRedis(server.url)).toEqual({ name: 'Redis keys', ok: true, found: '2 keys, each as its domain says', remedy: null });
    await redis.set('session', 'of somebody else');
    await redis.set(key('l2', 'depth'), JSON.stringify(top));
    const { ok, found } = await checkRedis(server.url);
    expect(ok).toBe(false);
    expect(found).toContain('2 of 4 keys are wrong');
    expect(found).toContain('session: expected arb:{env}:{session}:{domain}:{symbol}:{field}');
    expect(found).toContain(`${key('l2', 'depth')}: it has no time to live, it should end within 10 s`);
  });

  it('cannot be looked at where nothing answers, and it says so', async () => {
    const { ok, found } = await checkRedis('redis://127.0.0.1:1');
    expect(ok).toBe(false);
    expect(found).toMatch(/closed|refused/i);
  });
});
