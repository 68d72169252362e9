import type { RestRequest, RestResponse } from '../rest.ts';
import type { SignedRequest, Signing } from '../signing.ts';
import { isRow } from './rest.ts';

/** How long after its own time a request is still taken: what Binance recommends at most for any. */
const RECEIVED_WITHIN_MS = 5_000;

/** Everything behind the question mark is signed, and the signature comes last. */
export function signBinance({ path }: RestRequest, { key, nowMs, hmac }: Signing): SignedRequest {
  const [bare, query] = path.split('?', 2) as [string, string | undefined];
  const signed = `${query === undefined ? '' : `${query}&`}recvWindow=${RECEIVED_WITHIN_MS}&timestamp=${Math.floor(nowMs)}`;
  return {
    path: `${bare}?${signed}&signature=${hmac('sha256', key.secret, signed, 'hex')}`,
    headers: { 'x-mbx-apikey': key.access },
  };
}

/** By the code of Binance's error. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [-1002, 'let the key read'],
  [-1021, "the request came too late or from the future: set this machine's clock"],
  [-1022, 'give the secret key that belongs to the access key'],
  [-2008, 'make a new key'],
  [-2014, 'give the access key as Binance has written it'],
  [-2015, 'let the key read, allow the address of this machine in its settings, or make a new key'],
]);

export function binanceKeyRefusal({ status, body }: RestResponse): string | null {
  if (status !== 400 && status !== 401) return null;
  const code = errorCodeIn(body);
  const remedy = REMEDIES.get(code ?? 0);
  if (remedy !== undefined) return `${code}: ${remedy}`;
  return status === 401 ? `${code ?? `answers ${status}`}: look after the key at the exchange` : null;
}

function errorCodeIn(body: Uint8Array): number | null {
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder().decode(body.subarray(0, 4_096)));
  } catch {
    return null; // a refusal that is no JSON is told by its status
  }
  return isRow(answer) && Number.isSafeInteger(answer.code) ? (answer.code as number) : null;
}
