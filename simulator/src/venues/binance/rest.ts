import { priceOf } from '../../market/index.ts';
import { Allowance } from '../../server/allowance.ts';
import type { Listing } from '../../server/listing.ts';
import { dayOpening, turnoverOf } from '../../server/turnover.ts';
import { type Floor, type HttpAnswer, type HttpRequest, json } from '../../server/venue.ts';
import { binanceDoorman } from './key.ts';
import type { BinanceStreams } from './streams.ts';
import { bookTickerText, snapshotText } from './texts.ts';

const WEIGHT_PER_MINUTE = 6_000;
const REQUESTS_PER_5_MINUTES = 300_000;
/** Going on in spite of so many 429 within a minute ends in a ban. */
const PATIENCE = 20;
const BAN_MS = 120_000;
const MOST_LEVELS = 5_000;
const PLACES = 8;

interface Priced {
  readonly weight: number;
  readonly answer: () => HttpAnswer;
}

const refuse = (status: number, code: number, msg: string): HttpAnswer => json(status, { code, msg });

export function binanceRest(floor: Floor, streams: BinanceStreams): (request: HttpRequest) => HttpAnswer {
  const weights = new Allowance(WEIGHT_PER_MINUTE, 60_000);
  const requests = new Allowance(REQUESTS_PER_5_MINUTES, 300_000);
  const warned = new Allowance(PATIENCE, 60_000);
  const bannedUntil = new Map<string, number>();
  const doorman = binanceDoorman(floor);

  function within(request: HttpRequest, { weight, answer }: Priced): HttpAnswer {
    const { ip } = request;
    const now = floor.monotonicMs();
    const banned = (bannedUntil.get(ip) ?? 0) - now;
    if (banned > 0) return binanceTooMany(418, Math.ceil(banned / 1_000), floor.nowMs() + banned);
    const left = Math.min(weights.spend(ip, now, weight), requests.spend(ip, now));
    if (left < 0) {
      if (warned.spend(ip, now) < 0 && bannedUntil.size < 1_000) bannedUntil.set(ip, now + BAN_MS);
      return binanceTooMany(429, Math.ceil(weights.waitMs(ip, now) / 1_000), floor.nowMs());
    }
    const used = String(weights.spent(ip, now));
    const given = answer();
    return { ...given, headers: { ...given.headers, 'x-mbx-used-weight': used, 'x-mbx-used-weight-1m': used } };
  }

  function wanted(query: URLSearchParams): readonly Listing[] | HttpAnswer {
    const [one, many] = [query.get('symbol'), query.get('symbols')];
    if (one !== null && many !== null) return refuse(400, -1128, 'Combination of optional parameters invalid.');
    let codes: readonly unknown[] | null = one === null ? null : [one];
    if (many !== null)
      try {
        codes = JSON.parse(many) as readonly unknown[];
      } catch {
        codes = []; // refused below, as a list of no known symbol
      }
    if (codes === null) return floor.listings;
    const found = (Array.isArray(codes) ? codes : []).map((code) => floor.byCode.get(String(code)));
    return found.length > 0 && found.every((listing) => listing !== undefined) ? found : refuse(400, -1121, 'Invalid symbol.');
  }

  const each = (query: URLSearchParams, write: (listing: Listing) => unknown): HttpAnswer => {
    const listings = wanted(query);
    if (!isList(listings)) return listings;
    return json(200, query.has('symbol') ? write(listings[0] as Listing) : listings.map(write));
  };

  function depth(query: URLSearchParams): Priced {
    const asked = Number(query.get('limit') ?? 100);
    const levels = Math.min(MOST_LEVELS, asked);
    const weight = levels <= 100 ? 5 : levels <= 500 ? 25 : levels <= 1_000 ? 50 : 250;
    return {
      weight,
      answer() {
        if (query.get('symbol') === null)
          return refuse(400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.");
        if (!Number.isInteger(asked) || asked < 1) return refuse(400, -1100, "Illegal characters found in parameter 'limit'.");
        const listing = floor.byCode.get(query.get('symbol') as string);
        if (listing === undefined) return refuse(400, -1121, 'Invalid symbol.');
        floor.told(listing);
        return json(200, snapshotText(listing, streams.texts(listing), levels));
      },
    };
  }

  const symbolInfo = ({ code, base, quote, instrument, symbol }: Listing) => {
    const { tick, sizes } = instrument;
    const step = (1 / sizes.scale).toFixed(PLACES);
    const warnings = floor.warnings(symbol);
    return {
      symbol: code,
      status: warnings.find((word) => ['HALT', 'BREAK', 'CANCEL_ONLY', 'END_OF_DAY'].includes(word)) ?? 'TRADING',
      baseAsset: base,
      baseAssetPrecision: PLACES,
      quoteAsset: quote,
      quotePrecision: PLACES,
      quoteAssetPrecision: PLACES,
      orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
      isSpotTradingAllowed: true,
      filters: [
        {
          filterType: 'PRICE_FILTER',
          minPrice: (tick.unit / 10 ** tick.places).toFixed(PLACES),
          maxPrice: '1000000.00000000',
          tickSize: (tick.unit / 10 ** tick.places).toFixed(PLACES),
        },
        { filterType: 'LOT_SIZE', minQty: step, maxQty: '9000000.00000000', stepSize: step },
        {
          filterType: 'NOTIONAL',
          minNotional: '5.00000000',
          applyMinToMarket: true,
          maxNotional: '9000000.00000000',
          applyMaxToMarket: false,
          avgPriceMins: 5,
        },
      ],
      permissions: [],
      defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    };
  };

  const exchangeInfo = (query: URLSearchParams): HttpAnswer => {
    const listings = wanted(query);
    if (!isList(listings)) return listings;
    const rateLimits = [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: WEIGHT_PER_MINUTE },
      { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: REQUESTS_PER_5_MINUTES },
    ];
    return json(200, {
      timezone: 'UTC',
      serverTime: Math.floor(floor.nowMs()),
      rateLimits,
      exchangeFilters: [],
      symbols: listings.map(symbolInfo),
    });
  };

  const ticker = (listing: Listing) => {
    const { instrument } = listing;
    const price = priceOf(instrument, instrument.bids.best);
    const opening = dayOpening(listing, 1);
    const turnover = turnoverOf(floor.listings, listing);
    return {
      symbol: listing.code,
      priceChange: (price - opening).toFixed(PLACES),
      priceChangePercent: ((price / opening - 1) * 100).toFixed(3),
      weightedAvgPrice: ((price + opening) / 2).toFixed(PLACES),
      lastPrice: price.toFixed(PLACES),
      openPrice: opening.toFixed(PLACES),
      highPrice: Math.max(price, opening).toFixed(PLACES),
      lowPrice: Math.min(price, opening).toFixed(PLACES),
      bidPrice: price.toFixed(PLACES),
      askPrice: priceOf(instrument, instrument.asks.best).toFixed(PLACES),
      volume: (turnover / price).toFixed(PLACES),
      quoteVolume: turnover.toFixed(PLACES),
      openTime: Math.floor(floor.nowMs()) - 86_400_000,
      closeTime: Math.floor(floor.nowMs()),
      count: Math.floor(turnover / 1_000),
    };
  };

  const wallets = (): HttpAnswer =>
    json(
      200,
      [...new Set(floor.listings.map(({ base }) => base))].map((coin) => {
        const { deposits, withdrawals } = floor.wallet(coin);
        const network = {
          network: coin,
          coin,
          name: coin,
          isDefault: true,
          depositEnable: deposits,
          withdrawEnable: withdrawals,
          withdrawFee: '0',
          withdrawMin: '0',
        };
        return { coin, name: coin, depositAllEnable: deposits, withdrawAllEnable: withdrawals, trading: true, networkList: [network] };
      }),
    );

  function route(request: HttpRequest): Priced | null {
    const { path, query } = request;
    const all = !query.has('symbol');
    switch (path) {
      case '/api/v3/ping':
        return { weight: 1, answer: () => json(200, {}) };
      case '/api/v3/time':
        return { weight: 1, answer: () => json(200, { serverTime: Math.floor(floor.nowMs()) }) };
      case '/api/v3/depth':
        return depth(query);
      case '/api/v3/exchangeInfo':
        return { weight: 20, answer: () => exchangeInfo(query) };
      case '/api/v3/ticker/24hr':
        return { weight: all ? 80 : 2, answer: () => each(query, ticker) };
      case '/api/v3/ticker/bookTicker':
        return {
          weight: all ? 4 : 2,
          answer: () =>
            each(query, (listing) => {
              const { s, b, B, a, A } = JSON.parse(bookTickerText(listing, streams.texts(listing))) as Record<string, string>;
              return { symbol: s, bidPrice: b, bidQty: B, askPrice: a, askQty: A };
            }),
        };
      case '/sapi/v1/capital/config/getall':
        return { weight: 10, answer: () => doorman(request) ?? wallets() };
      default:
        return null;
    }
  }

  return (request) => {
    if (request.method !== 'GET') return refuse(405, -1000, 'Method not allowed');
    const priced = route(request);
    return priced === null ? json(404, { code: -1000, msg: 'Path not found' }) : within(request, priced);
  };
}

function isList(value: readonly Listing[] | HttpAnswer): value is readonly Listing[] {
  return Array.isArray(value);
}

export function binanceTooMany(status: 429 | 418, seconds: number, untilMs: number): HttpAnswer {
  const msg =
    status === 429
      ? `Too much request weight used; current limit is ${WEIGHT_PER_MINUTE} request weight per 1 MINUTE.`
      : `Way too much request weight used; IP banned until ${Math.round(untilMs)}.`;
  return json(status, { code: -1003, msg }, { 'retry-after': String(seconds) });
}
