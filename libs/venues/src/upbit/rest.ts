import type { Instrument } from '../instrument.ts';
import type { MarketActivity, MarketStatus, WalletStatus } from '../market-status.ts';
import { AnswerError, type RestApi, type RestRequest } from '../rest.ts';
import { plainDecimal } from '../wire/decimal-text.ts';
import { decimalOf, field, isObject, type Json, type JsonObject, readJson, textOf } from '../wire/json-text.ts';
import { UPBIT_HOST } from './rules.ts';
import { leastNotional, publishedTicks } from './ticks.ts';

/** An address of a few kB is refused somewhere on the way. */
const CODES_AT_ONCE = 100;
const MOST_ROWS = 10_000;
const ACTIVITY_LEVELS = 15;
const LOT = '0.00000001';
/**
 * Upbit flags a coin that costs something else abroad: on 188 of its 855 pairs in September 2026. For whoever trades just
 * that difference it is no warning, and a route over it must not be closed by it.
 */
const PREMIUM_FLAG = 'GLOBAL_PRICE_DIFFERENCES';

function get(what: RestRequest['what'], path: string, limit: string, more: Partial<RestRequest> = {}): RestRequest {
  return { what, method: 'GET', host: UPBIT_HOST, path, codes: [], limit, weight: 1, signed: false, backup: false, ...more };
}

function inParts(codes: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(codes.length / CODES_AT_ONCE) }, (_, i) => codes.slice(i * CODES_AT_ONCE, (i + 1) * CODES_AT_ONCE));
}

/** The list that the answer must be; Upbit's own error otherwise. */
export function rowsOf(body: Uint8Array, what: string): readonly JsonObject[] {
  let answer: Json;
  try {
    answer = readJson(body);
  } catch (cause) {
    throw new AnswerError(`upbit's answer about ${what} ${(cause as Error).message}`, { cause });
  }
  if (isObject(answer) && isObject(answer.error)) {
    const { name, message } = answer.error;
    throw new AnswerError(`upbit refuses ${what}: ${decimalOf(name) ?? 'no name'}: ${textOf(message) ?? 'no message'}`);
  }
  if (!Array.isArray(answer) || answer.length > MOST_ROWS || !answer.every(isObject))
    throw new AnswerError(`upbit's answer about ${what}: expected a list of at most ${MOST_ROWS} objects`);
  return answer;
}

function need(row: JsonObject, name: string, what: string): string {
  const text = textOf(field(row, name));
  if (text === null || text === '') throw new AnswerError(`upbit's answer about ${what}: expected text in "${name}"`);
  return text;
}

function quoteAndBase(code: string): readonly [string, string] {
  const dash = code.indexOf('-');
  if (dash <= 0 || dash === code.length - 1) throw new AnswerError(`upbit names a market "${code}", expected QUOTE-BASE`);
  return [code.slice(0, dash), code.slice(dash + 1)];
}

function publishedInstrument(code: string): Instrument {
  const [quote, base] = quoteAndBase(code);
  return {
    code,
    base,
    quote,
    ticks: publishedTicks(quote),
    ticksFromVenue: false,
    lot: LOT,
    minQuantity: null,
    maxQuantity: null,
    minNotional: leastNotional(quote),
    maxNotional: null,
  };
}

function positiveOf(value: Json | undefined): number | null {
  const number = Number(decimalOf(value) ?? 0);
  return number > 0 && Number.isFinite(number) ? number : null;
}

export const upbitRest: RestApi = {
  book: (codes, { backup = false, depth = 30 } = {}) =>
    // One bad code refuses the whole call: they are in the answer to `markets`.
    inParts(codes).map((part) =>
      get('book', `/v1/orderbook?markets=${part.join(',')}&count=${Math.min(30, depth)}`, 'orderbook', { codes: part, backup }),
    ),

  instruments: (codes) =>
    inParts(codes).map((part) => get('instruments', `/v1/orderbook/instruments?markets=${part.join(',')}`, 'orderbook', { codes: part })),

  decodeInstruments: (body) =>
    rowsOf(body, 'instruments').map((row): Instrument => {
      const published = publishedInstrument(need(row, 'market', 'instruments'));
      const tick = plainDecimal(decimalOf(row.tick_size) ?? '');
      // The tick at today's price. Without it the published table is the better guess.
      return tick === null || tick === '0' ? published : { ...published, ticks: [{ from: '0', tick }], ticksFromVenue: true };
    }),

  published: publishedInstrument,

  markets: () => [get('markets', '/v1/market/all?is_details=true', 'market')],

  decodeMarkets: (body) =>
    rowsOf(body, 'markets').map((row): MarketStatus => {
      const event = isObject(row.market_event) ? row.market_event : {};
      const caution = isObject(event.caution)
        ? Object.entries(event.caution).filter(([name, on]) => on === true && name !== PREMIUM_FLAG)
        : [];
      const warned = event.warning === true || row.market_warning === 'CAUTION';
      const code = need(row, 'market', 'markets');
      const [quote, base] = quoteAndBase(code);
      return {
        code,
        base,
        quote,
        state: 'trading',
        warnings: [...(warned ? ['WARNING'] : []), ...caution.map(([name]) => name)],
      };
    }),

  activity: (codes) =>
    inParts(codes).flatMap((part) => [
      get('activity', `/v1/ticker?markets=${part.join(',')}`, 'ticker', { codes: part }),
      get('activity', `/v1/orderbook?markets=${part.join(',')}&count=${ACTIVITY_LEVELS}`, 'orderbook', { codes: part }),
    ]),

  decodeActivity: (body) =>
    rowsOf(body, 'activity').map((row): MarketActivity => {
      const units = Array.isArray(row.orderbook_units) ? row.orderbook_units.filter(isObject) : [];
      const of = (unit: JsonObject, name: string): number => Number(decimalOf(unit[name]) ?? 0);
      const best = units[0];
      const depth = units.reduce(
        (sum, unit) => sum + of(unit, 'bid_price') * of(unit, 'bid_size') + of(unit, 'ask_price') * of(unit, 'ask_size'),
        0,
      );
      return {
        code: need(row, 'market', 'activity'),
        volume: positiveOf(row.acc_trade_price_24h),
        bid: positiveOf(best?.bid_price),
        ask: positiveOf(best?.ask_price),
        depth: depth > 0 ? depth : null,
      };
    }),

  wallets: () => [get('wallets', '/v1/status/wallet', 'default', { signed: true })],

  decodeWallets: (body) =>
    rowsOf(body, 'wallets').map((row): WalletStatus => {
      const state = need(row, 'wallet_state', 'wallets');
      return {
        coin: need(row, 'currency', 'wallets'),
        network: textOf(row.net_type),
        deposits: state === 'working' || state === 'deposit_only',
        withdrawals: state === 'working' || state === 'withdraw_only',
      };
    }),
};
