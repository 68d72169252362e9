import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisKey } from '@arb/shared/redis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort } from '../../libs/shared/src/free-port.ts';
import { passwords } from '../../workspace/deploy/handed.ts';
// @ts-expect-error: plain JavaScript, because containers run it as it is
import { handedOut } from './secrets.mjs';

const keyOf = (domain: 'alerts' | 'guard', field: string) =>
  redisKey({ environment: 'paper', session: 's1', domain, symbol: 'all', field });
const waiting = keyOf('alerts', 'waiting');
const guard = keyOf('guard', 'now');

describe('what each user of Redis may do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'arb-redis-'));
  let server: ChildProcess;
  let given: Readonly<Record<string, Readonly<Record<string, string>>>>;
  const opened: Redis[] = [];

  beforeAll(async () => {
    const port = await freePort();
    given = handedOut(passwords, {
      postgres: 'postgres:5432',
      redis: `127.0.0.1:${port}`,
      nats: { viewer: false },
      redisServer: { folder, bind: '127.0.0.1' },
    });
    const conf = join(folder, 'redis.conf');
    writeFileSync(conf, String(given.redis?.['redis.conf']).replace('port 6379', `port ${port}`));
    server = spawn('redis-server', [conf], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const said of server.stdout as NodeJS.ReadableStream) if (String(said).includes('Ready to accept')) break;
  });
  afterAll(async () => {
    for (const redis of opened) redis.disconnect();
    server.kill();
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });

  const as = (url: string): Redis => {
    const redis = new Redis(url.trim(), { maxRetriesPerRequest: 0 });
    opened.push(redis);
    return redis;
  };
  const user = (name: string) => as(given[name]?.['redis-url'] as string);

  it('alerting keeps its queue', async () => {
    const redis = user('alerting');
    await redis.xgroup('CREATE', waiting, 'workers', '0', 'MKSTREAM');
    await redis.xadd(waiting, '1-0', 'a', 'letter');
    const taken = await redis.xreadgroup('GROUP', 'workers', 'w1', 'COUNT', 1, 'STREAMS', waiting, '>');
    expect(JSON.stringify(taken)).toContain('letter');
    await redis.xautoclaim(waiting, 'workers', 'w2', 0, '0', 'COUNT', 1);
    await redis.xinfo('STREAM', waiting);
    await redis.xack(waiting, 'workers', '1-0');
    await redis.xdel(waiting, '1-0');
    expect(await redis.xlen(waiting)).toBe(0);
    await redis.del(waiting);
  });

  it('the dashboard shows what is, and can neither read nor lose an alert', async () => {
    const redis = user('dashboard');
    await redis.pipeline().set(guard, '{}', 'EX', 10).del(guard).exec();
    expect(await redis.set(guard, '{}', 'EX', 10)).toBe('OK');
    await user('alerting').xadd(waiting, '2-0', 'a', 'letter');
    for (const [command, ...words] of [
      ['del', waiting],
      ['xrange', waiting, '-', '+'],
      ['set', 'other', '1'],
      ['flushall'],
      ['config', 'set', 'dir', '/tmp'],
      ['eval', 'return 1', '0'],
      ['keys', '*'],
      ['shutdown'],
    ] as const)
      await expect(redis.call(command, ...words)).rejects.toThrow('NOPERM');
  });

  it('the command line moves dead letters, and whoever has no name is told only that it lives', async () => {
    const redis = user('cli');
    const [dead, again] = [keyOf('alerts', 'dead'), keyOf('alerts', 'again')];
    const entry = (await redis.xadd(dead, '*', 'a', 'letter')) as string;
    await redis.multi().xadd(again, '*', 'a', 'letter').xdel(dead, entry).exec();
    expect(await redis.xlen(again)).toBe(1);
    await expect(redis.get(guard)).rejects.toThrow('NOPERM');
    const url = new URL(given.cli?.['redis-url'] as string);
    const nobody = new Redis({ host: url.hostname, port: Number(url.port), password: passwords.redis as string, enableReadyCheck: false });
    opened.push(nobody);
    expect(await nobody.ping()).toBe('PONG');
    await expect(nobody.get(guard)).rejects.toThrow('NOPERM');
  });
});
