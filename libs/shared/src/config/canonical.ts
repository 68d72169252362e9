import { createHash } from 'node:crypto';
import type { SessionConfig } from '../core/config.ts';
import { isSecret } from './fault.ts';

/** JSON with sorted keys and secrets masked: the same configuration gives the same text, in whatever order it was written. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const map = value as Record<string, unknown>;
  const fields = Object.keys(map)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${isSecret(key) ? '"***"' : canonicalJson(map[key])}`);
  return `{${fields.join(',')}}`;
}

/** SHA-256 of what decides: a restart may go on with a session only under the same one. */
export function configHash(session: SessionConfig): string {
  return createHash('sha256').update(canonicalJson(session)).digest('hex');
}
