import type { Instrument } from '../instrument.ts';
import type { MarketActivity, MarketStatus, WalletStatus } from '../market-status.ts';
import { AnswerError, type RestApi, type RestRequest } from '../rest.ts';
import { plainDecimal } from '../wire/decimal-text.ts';
import { BINANCE_HOST, depthWeight } from './rules.ts';

type Row = Readonly<Record<string, unknown>>;

/** A snapshot's levels: a thousand cost a fifth of what five thousand cost, and reach far beyond any trade. */
export const SNAPSHOT_LEVELS = 1_000;
const MOST_ROWS = 20_000;
const EXCHANGE_INFO_WEIGHT = 20;
const WALLET_WEIGHT = 10;
const ACTIVITY_WEIGHT = 80;
/** An address of more than some kB is refused on the way. */
const CODES_AT_ONCE = 100;
const DEPTHS = [5, 10, 20, 50, 100, 500, 1_000, 5_000];
const utf8 = new TextDecoder('utf-8', { fatal: true });

function get(what: RestRequest['what'], path: string, weight: number, more: Partial<RestRequest> = {}): RestRequest {
  return { what, method: 'GET', host: BINANCE_HOST, path, codes: [], limit: 'weight', weight, signed: false, backup: false, ...more };
}

/** Numbers are text here, and ids stay below 2^53: plain JSON loses nothing. */
export function readAnswer(body: Uint8Array, what: string): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new AnswerError(`binance's answer about ${what} is not JSON`, { cause });
  }
  if (isRow(answer) && typeof answer.code === 'number' && typeof answer.msg === 'string')
    throw new AnswerError(`binance refuses ${what}: ${answer.code}: ${answer.msg}`);
  return answer;
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rowsOf(value: unknown, what: string): readonly Row[] {
  if (Array.isArray(value) && value.length <= MOST_ROWS && value.every(isRow)) return value;
  throw new AnswerError(`binance's answer about ${what}: expected a list of at most ${MOST_ROWS} objects`);
}

function symbolsOf(body: Uint8Array): readonly Row[] {
  const answer = readAnswer(body, 'instruments');
  return rowsOf(isRow(answer) ? answer.symbols : undefined, 'instruments');
}

function textIn(row: Row, name: string, what: string): string {
  const text = row[name];
  if (typeof text !== 'string' || text === '') throw new AnswerError(`binance's answer about ${what}: expected text in "${name}"`);
  return text;
}

/** Null where the filter does not say it or says 0, which means no limit. */
function amountIn(filter: Row | undefined, name: string): string | null {
  const text = filter?.[name];
  const amount = typeof text === 'string' ? plainDecimal(text) : null;
  return amount === '0' ? null : amount;
}

function instrumentOf(row: Row): Instrument {
  const code = textIn(row, 'symbol', 'instruments');
  const filters = rowsOf(row.filters, `the filters of ${code}`);
  const filter = (type: string) => filters.find(({ filterType }) => filterType === type);
  const notional = filter('NOTIONAL') ?? filter('MIN_NOTIONAL');
  const tick = amountIn(filter('PRICE_FILTER'), 'tickSize');
  const lot = amountIn(filter('LOT_SIZE'), 'stepSize');
  if (tick === null || lot === null) throw new AnswerError(`binance's answer about ${code}: expected a tick size and a step size`);
  return {
    code,
    base: textIn(row, 'baseAsset', 'instruments'),
    quote: textIn(row, 'quoteAsset', 'instruments'),
    ticks: [{ from: '0', tick }],
    ticksFromVenue: true,
    lot,
    minQuantity: amountIn(filter('LOT_SIZE'), 'minQty'),
    maxQuantity: amountIn(filter('LOT_SIZE'), 'maxQty'),
    minNotional: amountIn(notional, 'minNotional'),
    maxNotional: amountIn(notional, 'maxNotional'),
  };
}

function stateOf(status: string): MarketStatus['state'] {
  if (status === 'TRADING') return 'trading';
  return status === 'CANCEL_ONLY' || status === 'END_OF_DAY' ? 'closing' : 'halted';
}

/** An empty list asks for all: one request. */
function inParts(codes: readonly string[]): readonly (readonly string[])[] {
  const parts = Array.from({ length: Math.ceil(codes.length / CODES_AT_ONCE) }, (_, i) =>
    codes.slice(i * CODES_AT_ONCE, (i + 1) * CODES_AT_ONCE),
  );
  return parts.length === 0 ? [codes] : parts;
}

function positiveIn(row: Row, name: string): number | null {
  const amount = Number(amountIn(row, name) ?? 0);
  return amount > 0 && Number.isFinite(amount) ? amount : null;
}

/** Without the groups of accounts that may trade each pair: hundreds of names a pair, the greater part of the answer. */
function infoPath(codes: readonly string[]): string {
  const some = codes.length === 0 ? '' : `&symbols=${encodeURIComponent(JSON.stringify(codes))}`;
  return `/api/v3/exchangeInfo?showPermissionSets=false${some}`;
}

export const binanceRest: RestApi = {
  book: (codes, { backup = false, depth = SNAPSHOT_LEVELS } = {}) => {
    const limit = DEPTHS.find((levels) => levels >= depth) ?? 5_000;
    return codes.map((code) => get('book', `/api/v3/depth?symbol=${code}&limit=${limit}`, depthWeight(limit), { codes: [code], backup }));
  },
  instruments: (codes) => inParts(codes).map((part) => get('instruments', infoPath(part), EXCHANGE_INFO_WEIGHT, { codes: part })),
  decodeInstruments: (body) => symbolsOf(body).map(instrumentOf),
  published: () => null,
  markets: (codes = []) => inParts(codes).map((part) => get('markets', infoPath(part), EXCHANGE_INFO_WEIGHT, { codes: part })),
  decodeMarkets: (body) =>
    symbolsOf(body).map((row) => {
      const status = textIn(row, 'status', 'markets');
      return {
        code: textIn(row, 'symbol', 'markets'),
        base: textIn(row, 'baseAsset', 'markets'),
        quote: textIn(row, 'quoteAsset', 'markets'),
        state: stateOf(status),
        warnings: status === 'TRADING' ? [] : [status],
      };
    }),
  // One answer about all pairs costs no more than one about twenty-one.
  activity: () => [get('activity', '/api/v3/ticker/24hr', ACTIVITY_WEIGHT)],
  decodeActivity: (body) =>
    rowsOf(readAnswer(body, 'activity'), 'activity').map((row): MarketActivity => {
      const [bid, ask] = [positiveIn(row, 'bidPrice'), positiveIn(row, 'askPrice')];
      const depth = (bid ?? 0) * (positiveIn(row, 'bidQty') ?? 0) + (ask ?? 0) * (positiveIn(row, 'askQty') ?? 0);
      return {
        code: textIn(row, 'symbol', 'activity'),
        volume: positiveIn(row, 'quoteVolume'),
        bid,
        ask,
        depth: depth > 0 ? depth : null,
      };
    }),
  wallets: () => [get('wallets', '/sapi/v1/capital/config/getall', WALLET_WEIGHT, { signed: true })],
  decodeWallets: (body) =>
    rowsOf(readAnswer(body, 'wallets'), 'wallets').flatMap((row): readonly WalletStatus[] => {
      const coin = textIn(row, 'coin', 'wallets');
      return rowsOf(row.networkList, `the networks of ${coin}`).map((network) => ({
        coin,
        network: textIn(network, 'network', `the networks of ${coin}`),
        deposits: network.depositEnable === true,
        withdrawals: network.withdrawEnable === true,
      }));
    }),
};
