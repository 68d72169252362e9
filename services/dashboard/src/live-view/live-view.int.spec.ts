import { DOMAINS, type Domain, faultOfKey, partsOf, type RedisServer, redisKey, startRedis } from '@arb/shared/redis';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { clock, l2, makeTape, sessionStarted, type Tape, trip } from '../testing.ts';
import { type LiveView, openLiveView } from './live-view.ts';

let server: RedisServer;
let redis: Redis;
let view: LiveView;
let said: string[];
let tape: Tape;
const open = (options: { readonly most?: number; readonly renewShare?: number } = {}) =>
  openLiveView({ redisUrl: server.url, environment: 'test', log: (_, message) => void said.push(message), flushMs: 10, ...options });
const keyOf = (domain: Domain, symbol: string, field: string) => redisKey({ environment: 'test', session: 's1', domain, symbol, field });

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  redis.on('error', () => {}); // it is killed on purpose
  said = [];
  tape = makeTape();
});
afterEach(async () => {
  await view.close();
  redis.disconnect();
  await server.stop();
});

/** Looks until it holds; the test's own time limit is the only one. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 10));
}
const there = (key: string) => until(async () => (await redis.exists(key)) === 1);

/** One event of each kind that is shown. */
function hearAll(): void {
  view.begin();
  view.hear(sessionStarted(tape));
  view.hear(clock(tape));
  view.hear(l2(tape, 'BTC', 100));
  view.hear(trip(tape, 'BTC-x-1', 'OPEN'));
  view.hear(tape.event('balance', ['upbit'], { venue: 'upbit', balances: { KRW: '1000', BTC: '0.5' } }));
  const money = { amount: '0', currency: 'USDT' };
  view.hear(
    tape.event('guard', [], {
      mode: 'REDUCE_ONLY',
      rule: 'daily-loss',
      why: 'too much was lost today',
      closed: [],
      exposure: money,
      dailyPnl: money,
      equity: money,
      drawdown: money,
      numbers: {},
    }),
  );
  const health = {
    venue: 'upbit',
    state: 'HEALTHY',
    why: 'books arrive',
    latencyMs: 3,
    reconnects: 0,
    conflated: 0,
    suspended: [],
  } as const;
  view.hear(tape.event('health', ['upbit'], health));
  view.hear(
    tape.event('kpi', [], {
      since: tape.at,
      trips: { open: 1, closed: 0, unwound: 0, failed: 0, won: 0, lost: 0 },
      realised: money,
      unrealised: null,
      drawdown: money,
      numbers: {},
    }),
  );
}

async function stored(): Promise<readonly { key: string; type: string; ttlSeconds: number; value: string | null }[]> {
  const keys = (await redis.keys('*')).sort();
  return Promise.all(
    keys.map(async (key) => ({ key, type: await redis.type(key), ttlSeconds: await redis.ttl(key), value: await redis.get(key) })),
  );
}

describe('the live view', () => {
  it('keeps the newest of every domain under its key, with its time to live and in its shape', async () => {
    view = open();
    hearAll();
    await there(keyOf('kpi', 'all', 'now'));
    const all = await stored();
    expect(all.map(faultOfKey).filter((fault) => fault !== null)).toEqual([]);
    expect(new Set(all.map(({ key }) => partsOf(key)?.domain))).toEqual(
      new Set(Object.keys(DOMAINS).filter((domain) => domain !== 'alerts')),
    );
    expect(JSON.parse((await redis.get(keyOf('l2', 'BTC', 'top'))) as string)).toMatchObject({
      numeraire: 'USDT',
      bid: { price: expect.any(Number), venue: 'upbit' },
      venues: { fresh: 2, stale: 0, absent: 0 },
    });
    expect(JSON.parse((await redis.get(keyOf('session', 'all', 'facts'))) as string)).toMatchObject({
      id: 's1',
      stage: 'live',
      mode: 'REDUCE_ONLY',
    });
  });

  it('takes a round trip out once it is over', async () => {
    view = open();
    hearAll();
    await there(keyOf('position', 'BTC', 'BTC-x-1'));
    view.hear(trip(tape, 'BTC-x-1', 'CLOSED', '1.5'));
    await until(async () => (await redis.exists(keyOf('position', 'BTC', 'BTC-x-1'))) === 0);
    // Redis takes the key out a moment before its answer lets the view forget it.
    await until(async () => view.numbers().keys === 6);
  });

  it('comes back by itself after Redis was emptied', async () => {
    view = open({ renewShare: 0.001 });
    hearAll();
    await there(keyOf('kpi', 'all', 'now'));
    await redis.flushall();
    for (const key of [keyOf('l2', 'BTC', 'top'), keyOf('balance', 'upbit', 'holds'), keyOf('kpi', 'all', 'now')]) await there(key);
  });

  it('goes on while Redis is away, says so once, and writes all of it when Redis is back', async () => {
    view = open();
    hearAll();
    await there(keyOf('kpi', 'all', 'now'));
    await server.kill();
    await until(async () => said.length > 0);
    for (let i = 0; i < 100; i++) view.hear(l2(tape, 'ETH', 50 + i));
    await server.restart();
    await there(keyOf('l2', 'ETH', 'top'));
    await until(async () => said.includes('live view: Redis is there again'));
    expect(said.filter((line) => line.includes('does not answer'))).toHaveLength(1);
  });

  it('says that Redis is back where it was only slow and kept the connection', async () => {
    view = open();
    hearAll();
    await there(keyOf('kpi', 'all', 'now'));
    await redis.client('PAUSE', 2_000, 'ALL');
    view.hear(l2(tape, 'ETH', 50));
    await until(async () => said.some((line) => line.includes('does not answer')));
    await there(keyOf('l2', 'ETH', 'top'));
    await until(async () => said.includes('live view: Redis is there again'));
  });

  it('keeps to its bound, and counts what found no room', async () => {
    view = open({ most: 3 });
    hearAll();
    await until(async () => view.numbers().written >= 3);
    expect(view.numbers()).toMatchObject({ keys: 3 });
    expect(view.numbers().dropped).toBeGreaterThan(0);
  });

  it('writes nothing more of a session that is over than that it is', async () => {
    view = open();
    hearAll();
    await there(keyOf('kpi', 'all', 'now'));
    view.end();
    await until(async () => ((await redis.get(keyOf('session', 'all', 'facts'))) ?? '').includes('"ended"'));
    view.begin();
    expect(view.numbers().keys).toBe(0);
  });
});
