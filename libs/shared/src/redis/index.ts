export { DOMAINS, type Domain, type DomainPolicy, policyOf } from './domains.ts';
export { ALL, type KeyParts, partsOf, ROOT, redisKey } from './keys.ts';
export { type RedisServer, startRedis } from './testing.ts';
export { faultOfKey, type StoredKey } from './validate.ts';
