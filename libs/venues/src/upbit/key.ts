import type { RestRequest, RestResponse } from '../rest.ts';
import type { SignedRequest, Signing } from '../signing.ts';
import { field, isObject, type Json, readJson, textOf } from '../wire/json-text.ts';

const HEADER = base64Url('{"alg":"HS512","typ":"JWT"}');

/** A token in a header. It says nothing of the time: a nonce is what makes it good only once. */
export function signUpbit({ path }: RestRequest, { key, nonce, hmac }: Signing): SignedRequest {
  // With a query the token holds a hash of it. Nothing that is asked here has one; unsigned it would be refused as if the key were wrong.
  if (path.includes('?')) throw new Error(`upbit: expected a signed request without a query, found ${path.slice(0, path.indexOf('?'))}?…`);
  const token = `${HEADER}.${base64Url(JSON.stringify({ access_key: key.access, nonce }))}`;
  return { path, headers: { authorization: `Bearer ${token}.${hmac('sha512', key.secret, token, 'base64url')}` } };
}

/** Of ASCII only: a key and a nonce hold nothing else. */
function base64Url(text: string): string {
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Of a refusal that is read. */
const MOST_BYTES = 4_096;
const ADDRESS = 'allow the address of this machine in the settings of the key';
const ANOTHER = 'make a new key';
/** By the name of Upbit's error. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['invalid_access_key', ANOTHER],
  ['expired_access_key', ANOTHER],
  ['jwt_verification', 'give the secret key that belongs to the access key'],
  ['invalid_query_payload', 'give the secret key that belongs to the access key'],
  ['no_authorization_ip', ADDRESS],
  ['no_authorization_i_p', ADDRESS],
  ['out_of_scope', ANOTHER],
]);

export function upbitKeyRefusal({ status, body }: RestResponse): string | null {
  if (status !== 401 && status !== 403) return null;
  const name = errorNameIn(body);
  // Something on the way has asked twice: nobody has to do anything about the key.
  if (name === 'nonce_used') return null;
  return `${name ?? `answers ${status}`}: ${REMEDIES.get(name ?? '') ?? 'look after the key at the exchange'}`;
}

/** Null where it is not spelt as a name is: others' words are not repeated. */
function errorNameIn(body: Uint8Array): string | null {
  let answer: Json;
  try {
    answer = readJson(body.subarray(0, MOST_BYTES));
  } catch {
    return null; // a refusal that is no JSON is told by its status
  }
  const error = isObject(answer) ? answer.error : undefined;
  const name = isObject(error) ? textOf(field(error, 'name')) : null;
  return name !== null && /^[a-z_]{1,40}$/.test(name) ? name : null;
}
