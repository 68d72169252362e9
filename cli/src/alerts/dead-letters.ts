import { queueKeys } from '@arb/alerting/delivery';
import { ENVIRONMENTS } from '@arb/shared/config';
import { Redis } from 'ioredis';
import { UsageError } from '../command.ts';
import { runningStack } from './tell-stack.ts';

export interface DeadLetter {
  /** Of its entry in the dead-letter stream. */
  readonly entry: string;
  readonly alert: string;
  readonly session: string;
  readonly channel: string;
  readonly severity: string;
  readonly key: string;
  readonly summary: string;
  readonly buriedAt: string;
}

const MOST = 10_000;

interface Body {
  readonly session: string;
  readonly only?: string;
  readonly alert: { readonly id: string; readonly severity: string; readonly key: string; readonly summary: string };
}

/** Alerts that no channel took. */
export async function listDead(limit: number): Promise<readonly DeadLetter[]> {
  return withRedis(async (redis, keys) => (await entries(redis, keys.dead, limit)).map(([entry, body]) => read(entry, body)));
}

/** Puts them back for the service to send once more; gives how many. */
export async function retryDead(which: string): Promise<number> {
  return withRedis(async (redis, keys) => {
    const found = await chosen(redis, keys.dead, which);
    for (const [entry, body] of found) {
      // Both or neither: it is never in two places, and never in none.
      await redis.multi().xadd(keys.again, '*', 'a', body).xdel(keys.dead, entry).exec();
    }
    return found.length;
  });
}

export async function dropDead(which: string): Promise<number> {
  return withRedis(async (redis, keys) => {
    const found = await chosen(redis, keys.dead, which);
    for (const [entry] of found) await redis.xdel(keys.dead, entry);
    return found.length;
  });
}

async function chosen(redis: Redis, key: string, which: string): Promise<readonly (readonly [string, string])[]> {
  const all = await entries(redis, key, MOST);
  if (which === 'all') return all;
  const found = all.filter(([entry, body]) => entry === which || read(entry, body).alert === which);
  if (found.length === 0) throw new UsageError(`no dead letter ${which}: "arb alerts dlq list" lists them, "all" means all of them`);
  return found;
}

async function entries(redis: Redis, key: string, limit: number): Promise<readonly (readonly [string, string])[]> {
  const found = await redis.xrange(key, '-', '+', 'COUNT', limit);
  return found.map(([entry, fields]) => [entry, fields[1] ?? ''] as const);
}

function read(entry: string, body: string): DeadLetter {
  const { session, only, alert } = JSON.parse(body) as Body;
  const buriedAt = new Date(Number(entry.split('-')[0])).toISOString();
  return {
    entry,
    alert: alert.id,
    session,
    channel: only ?? '-',
    severity: alert.severity,
    key: alert.key,
    summary: alert.summary,
    buriedAt,
  };
}

async function withRedis<T>(work: (redis: Redis, keys: ReturnType<typeof queueKeys>) => Promise<T>): Promise<T> {
  const environment = process.env.ARB_ENV || 'paper';
  if (!(ENVIRONMENTS as readonly string[]).includes(environment))
    throw new UsageError(`ARB_ENV is one of ${ENVIRONMENTS.join(', ')}, found ${environment}`);
  const redis = new Redis(runningStack().redis, {
    lazyConnect: true,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
    retryStrategy: () => null,
  });
  redis.on('error', () => {}); // the command under way rejects as well, and that one is told
  try {
    await redis.connect();
    return await work(redis, queueKeys(environment, 'all'));
  } finally {
    redis.disconnect();
  }
}
