import { createHmac } from 'node:crypto';
import { KNOWN_KEY } from '../../server/known-key.ts';
import { type Floor, type HttpAnswer, type HttpRequest, json } from '../../server/venue.ts';

const USUAL_WINDOW_MS = 5_000;
const LONGEST_WINDOW_MS = 60_000;
/** A request may be ahead of the venue's clock by less than this. */
const AHEAD_MS = 1_000;

const refuse = (status: number, code: number, msg: string): HttpAnswer => json(status, { code, msg });

/** Null for whoever holds the key and is in time; else how Binance refuses. */
export function binanceDoorman(floor: Floor): (request: HttpRequest) => HttpAnswer | null {
  return ({ headers, query, search }) => {
    const access = headers['x-mbx-apikey'];
    if (access === undefined || access === '') return refuse(401, -2014, 'API-key format invalid.');
    for (const name of ['timestamp', 'signature'])
      if (!query.get(name)) return refuse(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
    const [timestamp, window] = [Number(query.get('timestamp')), Number(query.get('recvWindow') ?? USUAL_WINDOW_MS)];
    if (!(window <= LONGEST_WINDOW_MS)) return refuse(400, -1131, `recvWindow must be less than ${LONGEST_WINDOW_MS}`);
    const now = Math.floor(floor.nowMs());
    if (!(timestamp < now + AHEAD_MS)) return refuse(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.");
    if (now - timestamp > window) return refuse(400, -1021, 'Timestamp for this request is outside of the recvWindow.');
    if (access !== KNOWN_KEY.access || floor.keyRevoked()) return refuse(401, -2015, 'Invalid API-key, IP, or permissions for action.');
    const [signed, signature] = search.split('&signature=');
    const right = createHmac('sha256', KNOWN_KEY.secret)
      .update(signed as string)
      .digest('hex');
    return signature?.toLowerCase() === right ? null : refuse(400, -1022, 'Signature for this request is not valid.');
  };
}
