import { createHmac } from 'node:crypto';
import { KNOWN_KEY } from '../../server/known-key.ts';
import { type Floor, type HttpAnswer, type HttpRequest, json } from '../../server/venue.ts';

/** As many nonces are remembered. */
const MOST_NONCES = 10_000;
const HASHES: Readonly<Record<string, string>> = { HS256: 'sha256', HS512: 'sha512' };

const refuse = (name: string, message: string): HttpAnswer => json(401, { error: { name, message } });
const MALFORMED = (): HttpAnswer => refuse('jwt_verification', 'Jwt 토큰 검증에 실패했습니다.');

/** Null for whoever holds the key; else how Upbit refuses. The time is no part of it. */
export function upbitDoorman(floor: Floor): (request: HttpRequest) => HttpAnswer | null {
  const nonces = new Set<string>();
  return ({ headers }) => {
    const [scheme, token] = (headers.authorization ?? '').split(' ', 2);
    const [header, payload, signature] = (token ?? '').split('.');
    const hash = HASHES[String(objectIn(header).alg)];
    if (scheme !== 'Bearer' || payload === undefined || hash === undefined) return MALFORMED();
    const { access_key: access, nonce } = objectIn(payload);
    if (access !== KNOWN_KEY.access || floor.keyRevoked()) return refuse('invalid_access_key', '잘못된 엑세스 키입니다.');
    if (signature !== createHmac(hash, KNOWN_KEY.secret).update(`${header}.${payload}`).digest('base64url')) return MALFORMED();
    if (typeof nonce !== 'string' || nonces.has(nonce)) return refuse('nonce_used', '이미 요청한 nonce값이 다시 사용되었습니다.');
    if (nonces.size >= MOST_NONCES) for (const oldest of nonces) if (nonces.delete(oldest)) break;
    nonces.add(nonce);
    return null;
  };
}

/** Without a member where it is none. */
function objectIn(part: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // refused by whoever looks for a member in it
  }
}
