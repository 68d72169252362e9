import type { RestResponse } from '../rest.ts';
import { whyOf } from './why.ts';

/** Rejects where no whole answer is had: the sentence says why. */
export type HttpGet = (
  url: string,
  forbiddenHeaders?: readonly string[],
  /** Beside those that every request has. */
  headers?: Readonly<Record<string, string>>,
) => Promise<RestResponse>;

const TIMEOUT_MS = 10_000;
/** The longest real answer, all pairs of Binance with their filters, has some 15 MB. */
const MOST_BYTES = 32 * 1024 * 1024;
const SENT_HEADERS: Readonly<Record<string, string>> = { accept: 'application/json', 'user-agent': 'arbitrage-lite' };

export const httpGet: HttpGet = async (url, forbiddenHeaders = [], more = {}) => {
  const headers = Object.fromEntries(Object.entries({ ...SENT_HEADERS, ...more }).filter(([name]) => !forbiddenHeaders.includes(name)));
  let response: Response;
  try {
    response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = await bodyOf(response);
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  } catch (cause) {
    throw new Error(`${withoutQuery(url)} does not answer: ${whyOf(cause)}`, { cause });
  }
};

async function bodyOf(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MOST_BYTES) throw new Error(`its answer has more than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

/** A query may hold a key or a signature. */
function withoutQuery(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
