import { createHmac, randomUUID } from 'node:crypto';
import type { VenueAdapter } from '../adapter.ts';
import type { RestRequest } from '../rest.ts';
import type { Hmac, SignedRequest, VenueKey } from '../signing.ts';
import type { Clock } from './clock.ts';

export const hmac: Hmac = (hash, secret, text, as) => createHmac(hash, secret).update(text, 'utf8').digest(as);

/** Signs at the moment at which a request goes out: one that has waited for its turn would be out of date. */
export function signerWith(adapter: VenueAdapter, key: VenueKey, clock: Clock): (request: RestRequest) => SignedRequest {
  return (request) => adapter.sign(request, { key, nowMs: clock.wallMicros() / 1_000, nonce: randomUUID(), hmac });
}
