import type { ConnectionRules, Fees } from '../adapter.ts';
import { type LimitNews, NO_NEWS, type RateLimit, retryAfterMs } from '../limits.ts';
import type { RestResponse } from '../rest.ts';

export const UPBIT_HOST = 'https://api.upbit.com';

export const UPBIT_CONNECTION: ConnectionRules = {
  url: 'wss://api.upbit.com/websocket/v1',
  // The manual says that an idle socket lives 120 s; it was measured to die after 60.
  heartbeat: { frame: 'PING', everyMs: 20_000 },
  // Once pinged, the server says that it is up every 10 s.
  silentMs: 45_000,
  lifetimeMs: null,
  renewBeforeMs: 0,
  mostCodes: 800,
  connects: { name: 'connect', units: 5, perMs: 1_000, scope: 'ip' },
  messages: [
    { name: 'message', units: 5, perMs: 1_000, scope: 'connection' },
    { name: 'message', units: 100, perMs: 60_000, scope: 'connection' },
  ],
  // With one, everything is held to a request in ten seconds.
  forbiddenHeaders: ['origin'],
};

/** Quotation groups are counted per address, the others per account. */
export const UPBIT_LIMITS: readonly RateLimit[] = [
  { name: 'orderbook', units: 10, perMs: 1_000, scope: 'ip' },
  { name: 'market', units: 10, perMs: 1_000, scope: 'ip' },
  { name: 'ticker', units: 10, perMs: 1_000, scope: 'ip' },
  { name: 'default', units: 30, perMs: 1_000, scope: 'account' },
  { name: 'order', units: 12, perMs: 1_000, scope: 'account' },
  { name: 'order-test', units: 8, perMs: 1_000, scope: 'account' },
  { name: 'order-cancel-all', units: 1, perMs: 2_000, scope: 'account' },
];

export function upbitFees(quote: string): Fees {
  return quote === 'KRW' ? { maker: '0.0005', taker: '0.0005' } : { maker: '0.0025', taker: '0.0025' };
}

const REMAINING = /^\s*group=([\w-]{1,40});(?:\s*min=\d{1,9};)?\s*sec=(\d{1,9})\s*$/;
/** A block whose length the answer does not say. */
const BLOCK_MS = 60_000;

/** `Remaining-Req: group=order; min=1800; sec=11`, of which `min` is out of use. */
export function upbitLimitNews({ status, headers, body }: RestResponse): LimitNews {
  const remaining = REMAINING.exec(headers['remaining-req'] ?? '');
  const limit = remaining?.[1] ?? null;
  const left = remaining === null ? null : Number(remaining[2]);
  const retry = retryAfterMs(headers['retry-after']);
  if (status === 429) return { ...NO_NEWS, limit, left, waitMs: retry };
  if (status === 418) return { ...NO_NEWS, limit, left, waitMs: retry ?? blockMs(body) ?? BLOCK_MS, banned: true };
  return { ...NO_NEWS, limit, left };
}

/** The body of a 418 says in words for how many seconds. */
function blockMs(body: Uint8Array): number | null {
  const seconds = /(\d{1,7})\s*(?:seconds?|secs?|s\b|초)/i.exec(new TextDecoder().decode(body.subarray(0, 4_096)))?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}
