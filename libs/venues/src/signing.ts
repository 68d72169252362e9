/** What a venue has given for asking in an account's name. It stands in no log, no event and no error. */
export interface VenueKey {
  readonly access: string;
  readonly secret: string;
}

/** HMAC of UTF-8 text; how it is written out is the venue's wish. */
export type Hmac = (hash: 'sha256' | 'sha512', secret: string, text: string, as: 'hex' | 'base64url') => string;

/** All that a signature needs of the world: an adapter has no clock, no random numbers and no cryptography of its own. */
export interface Signing {
  readonly key: VenueKey;
  readonly nowMs: number;
  /** A UUID that was never used before. */
  readonly nonce: string;
  readonly hmac: Hmac;
}

/** What of a request goes out in another way for being signed. Neither is ever written down. */
export interface SignedRequest {
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}
