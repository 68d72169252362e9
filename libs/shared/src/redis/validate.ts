import { policyOf } from './domains.ts';
import { partsOf, ROOT } from './keys.ts';

/** A key as Redis has it. */
export interface StoredKey {
  readonly key: string;
  /** As TYPE says it. */
  readonly type: string;
  /** As TTL says it: -1 for none. */
  readonly ttlSeconds: number;
  /** Of a string; null for any other type. */
  readonly value: string | null;
}

/** What is wrong with a key under the policy of its domain, or null. */
export function faultOfKey({ key, type, ttlSeconds, value }: StoredKey): string | null {
  const parts = partsOf(key);
  if (parts === null) return `${key}: expected ${ROOT}:{env}:{session}:{domain}:{symbol}:{field}`;
  const policy = policyOf(parts.domain);
  if (policy === null) return `${key}: nothing is kept under the domain ${parts.domain}`;
  const most = policy.ttlSeconds;
  if (most === null) return ttlSeconds < 0 ? null : `${key}: it should stay, but it ends in ${ttlSeconds} s`;
  if (ttlSeconds === -1) return `${key}: it has no time to live, it should end within ${most} s`;
  if (ttlSeconds > most) return `${key}: it ends in ${ttlSeconds} s, it should within ${most} s`;
  if (policy.value === null) return null;
  if (type !== 'string' || value === null) return `${key}: expected a string, found a ${type}`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return `${key}: its value is no JSON: ${value.slice(0, 60)}`;
  }
  return policy.value(parsed, key);
}
