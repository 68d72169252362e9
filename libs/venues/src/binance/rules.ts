import type { ConnectionRules, Fees } from '../adapter.ts';
import { type LimitNews, NO_NEWS, type RateLimit, retryAfterMs } from '../limits.ts';
import type { RestResponse } from '../rest.ts';

export const BINANCE_HOST = 'https://api.binance.com';
const DAY_MS = 86_400_000;

export const BINANCE_CONNECTION: ConnectionRules = {
  url: 'wss://stream.binance.com:9443/stream',
  // The server pings every 20 s and wants its payload back within a minute; pongs of one's own accord count for nothing.
  heartbeat: null,
  silentMs: 60_000,
  lifetimeMs: DAY_MS,
  renewBeforeMs: 15 * 60_000,
  // Of 1,024 streams: a depth and a trade stream each, and some room.
  mostCodes: 400,
  connects: { name: 'connect', units: 300, perMs: 300_000, scope: 'ip' },
  // Of five. An answer to the venue's ping counts too and cannot wait, nor can a ping of one's own.
  messages: [{ name: 'message', units: 3, perMs: 1_000, scope: 'connection' }],
  forbiddenHeaders: [],
};

export const BINANCE_LIMITS: readonly RateLimit[] = [
  { name: 'weight', units: 6_000, perMs: 60_000, scope: 'ip' },
  { name: 'requests', units: 300_000, perMs: 300_000, scope: 'ip' },
  { name: 'orders-10s', units: 50, perMs: 10_000, scope: 'account' },
  { name: 'orders-1d', units: 160_000, perMs: DAY_MS, scope: 'account' },
];

/** Of `GET /api/v3/depth`. */
export function depthWeight(levels: number): number {
  return levels <= 100 ? 5 : levels <= 500 ? 25 : levels <= 1_000 ? 50 : 250;
}

export function binanceFees(): Fees {
  return { maker: '0.001', taker: '0.001' };
}

/** The shortest ban. */
const BAN_MS = 120_000;

export function binanceLimitNews({ status, headers }: RestResponse): LimitNews {
  const used = headers['x-mbx-used-weight-1m'];
  const spent = used !== undefined && /^\d{1,9}$/.test(used) ? Number(used) : null;
  const news = { ...NO_NEWS, limit: spent === null ? null : 'weight', spent };
  const retry = retryAfterMs(headers['retry-after']);
  if (status === 429) return { ...news, waitMs: retry };
  // 403 is the web firewall: it is as little use to go on as after a ban.
  if (status === 418 || status === 403) return { ...news, waitMs: retry ?? BAN_MS, banned: true };
  return { ...news, waitMs: retry };
}
