import { faultOfKey, type StoredKey } from '@arb/shared/redis';
import { Redis } from 'ioredis';
import type { Finding } from './check-up.ts';

const MOST_KEYS = 50_000;
const PAGE = 500;
const TIMEOUT_MS = 5_000;
const SHOWN = 3;

/** Every key in the stack's own Redis, held against the table of domains. */
export async function checkRedis(url: string): Promise<Finding> {
  const name = 'Redis keys';
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: null,
    // Its timer would hold the command back after it has ended.
    disconnectTimeout: 0,
  });
  let why: string | null = null;
  redis.on('error', (error: Error) => {
    why = error.message;
  });
  try {
    await redis.connect();
    const faults: string[] = [];
    let keys = 0;
    for (let cursor = '0'; ; ) {
      const [next, page] = await redis.scan(cursor, 'COUNT', PAGE);
      for (const stored of await read(redis, page)) {
        keys++;
        const fault = faultOfKey(stored);
        if (fault !== null) faults.push(fault);
      }
      cursor = next;
      if (cursor === '0' || keys >= MOST_KEYS) break;
    }
    if (faults.length === 0) return { name, ok: true, found: `${keys} keys, each as its domain says`, remedy: null };
    const more = faults.length > SHOWN ? `; and ${faults.length - SHOWN} more` : '';
    return {
      name,
      ok: false,
      found: `${faults.length} of ${keys} keys are wrong: ${faults.slice(0, SHOWN).join('; ')}${more}`,
      remedy: 'delete what other programs have put there; of the live view all may go, it comes back by itself',
    };
  } catch (error) {
    return { name, ok: false, found: why ?? (error as Error).message, remedy: 'see the log of redis' };
  } finally {
    redis.disconnect();
  }
}

/** Those that are still there: many live for seconds only. */
async function read(redis: Redis, keys: readonly string[]): Promise<readonly StoredKey[]> {
  if (keys.length === 0) return [];
  const asked = redis.pipeline();
  for (const key of keys) asked.type(key).ttl(key);
  const answers = (await asked.exec()) ?? [];
  const found = keys.map((key, i) => ({ key, type: String(answers[2 * i]?.[1]), ttlSeconds: Number(answers[2 * i + 1]?.[1]) }));
  const strings = found.filter(({ type }) => type === 'string');
  const values = strings.length === 0 ? [] : await redis.mget(strings.map(({ key }) => key));
  const texts = new Map(strings.map(({ key }, i) => [key, values[i] ?? null]));
  return found
    .filter(({ key, type }) => type !== 'none' && (type !== 'string' || texts.get(key) != null))
    .map((one) => ({ ...one, value: texts.get(one.key) ?? null }));
}
