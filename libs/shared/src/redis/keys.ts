import type { Domain } from './domains.ts';

/** Everything of ours in Redis stands under it. */
export const ROOT = 'arb';

/** Where the whole of a domain is meant, not one coin, venue or session. */
export const ALL = 'all';

export interface KeyParts {
  readonly environment: string;
  readonly session: string;
  readonly domain: Domain;
  /** A coin, a venue, or `all`. */
  readonly symbol: string;
  readonly field: string;
}

const PART = /^[A-Za-z0-9._-]{1,100}$/;
const NAMES = ['environment', 'session', 'domain', 'symbol', 'field'] as const;

/** `arb:{env}:{session}:{domain}:{symbol}:{field}`: the only place where a key is spelled. */
export function redisKey(parts: KeyParts): string {
  for (const name of NAMES)
    if (!PART.test(parts[name]))
      throw new Error(`redis key: expected letters, digits, dots, _ and - as its ${name}, found ${JSON.stringify(parts[name])}`);
  return [ROOT, ...NAMES.map((name) => parts[name])].join(':');
}

/** Of any text that stands as a key: its parts, or null where it was not made here. The domain may be an unknown one. */
export function partsOf(key: string): (Omit<KeyParts, 'domain'> & { readonly domain: string }) | null {
  const [root, ...parts] = key.split(':');
  if (root !== ROOT || parts.length !== NAMES.length || !parts.every((part) => PART.test(part))) return null;
  const [environment, session, domain, symbol, field] = parts as [string, string, string, string, string];
  return { environment, session, domain, symbol, field };
}
