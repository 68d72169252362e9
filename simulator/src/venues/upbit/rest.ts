import { priceOf } from '../../market/index.ts';
import { Allowance } from '../../server/allowance.ts';
import { type Floor, type HttpAnswer, type HttpRequest, json } from '../../server/venue.ts';
import { bookText } from './book-text.ts';
import { upbitDoorman } from './key.ts';
import type { DayFigures } from './streams.ts';
import { tickerOf } from './ticker-text.ts';

const PER_SECOND = 10;
const WALLETS_PER_SECOND = 30;
const MOST_CODES = 1_000;
const MOST_DEPTH = 30;
/** Too fast so often within the minute, and the address is shut out. */
const PATIENCE = 50;
const BLOCK_MS = 10_000;

/** The quotation part of the REST interface, and what of the rest a key without any right may ask. */
export function upbitRest(floor: Floor, figures: DayFigures): (request: HttpRequest) => HttpAnswer {
  const quotation = new Allowance(PER_SECOND, 1_000);
  const exchange = new Allowance(WALLETS_PER_SECOND, 1_000);
  const warned = new Allowance(PATIENCE, 60_000);
  const blockedUntil = new Map<string, number>();
  const doorman = upbitDoorman(floor);

  /** Counted per address and group; the answer says what is left. */
  function within(request: HttpRequest, group: string, allowance: Allowance, answer: () => HttpAnswer): HttpAnswer {
    const now = floor.monotonicMs();
    const blocked = (blockedUntil.get(request.ip) ?? 0) - now;
    if (blocked > 0) return upbitTooMany(418, Math.ceil(blocked / 1_000));
    const left = allowance.spend(`${request.ip} ${group}`, now);
    const headers = { 'remaining-req': `group=${group}; min=${allowance.units * 60}; sec=${Math.max(0, left)}` };
    if (left < 0) {
      if (warned.spend(request.ip, now) < 0 && blockedUntil.size < 1_000) blockedUntil.set(request.ip, now + BLOCK_MS);
      const refused = upbitTooMany(429, 0);
      return { ...refused, headers: { ...refused.headers, ...headers } };
    }
    const given = answer();
    return { ...given, headers: { ...given.headers, ...headers } };
  }

  function listed(request: HttpRequest, write: (codes: readonly string[]) => HttpAnswer): HttpAnswer {
    const codes = (request.query.get('markets') ?? '').split(',').filter((code) => code !== '');
    if (codes.length === 0 || codes.length > MOST_CODES)
      return json(400, { error: { name: 400, message: 'Missing request parameter error. Check the required parameters!' } });
    const strange = codes.find((code) => !floor.byCode.has(code));
    return strange === undefined ? write(codes) : json(404, { error: { name: 404, message: 'Code not found' } });
  }

  const listing = (code: string) => floor.byCode.get(code) as NonNullable<ReturnType<typeof floor.byCode.get>>;

  function books(request: HttpRequest): HttpAnswer {
    const depth = Math.min(MOST_DEPTH, Math.max(1, Number(request.query.get('count') ?? MOST_DEPTH) || MOST_DEPTH));
    return listed(request, (codes) => {
      for (const code of codes) floor.told(listing(code));
      return json(200, `[${codes.map((code) => bookText(listing(code), { format: 'REST', depth, stream: '' })).join(',')}]`);
    });
  }

  const instruments = (request: HttpRequest): HttpAnswer =>
    listed(request, (codes) =>
      json(
        200,
        codes.map((code) => {
          const { instrument, quote } = listing(code);
          const { unit, places } = instrument.tick;
          const tick = places === 0 ? String(unit) : (unit / 10 ** places).toFixed(places);
          return { market: code, quote_currency: quote, tick_size: tick, supported_levels: ['0'] };
        }),
      ),
    );

  const markets = (): HttpAnswer =>
    json(
      200,
      floor.listings.map(({ code, base, symbol }) => {
        const warnings = floor.warnings(symbol);
        const caution = (name: string): boolean => warnings.includes(name);
        return {
          market: code,
          korean_name: base,
          english_name: base,
          market_event: {
            warning: caution('WARNING'),
            caution: {
              PRICE_FLUCTUATIONS: caution('PRICE_FLUCTUATIONS'),
              TRADING_VOLUME_SOARING: caution('TRADING_VOLUME_SOARING'),
              DEPOSIT_AMOUNT_SOARING: caution('DEPOSIT_AMOUNT_SOARING'),
              GLOBAL_PRICE_DIFFERENCES: caution('GLOBAL_PRICE_DIFFERENCES'),
              CONCENTRATION_OF_SMALL_ACCOUNTS: caution('CONCENTRATION_OF_SMALL_ACCOUNTS'),
            },
          },
        };
      }),
    );

  const ticker = (request: HttpRequest): HttpAnswer =>
    listed(request, (codes) =>
      json(
        200,
        codes.map((code) => tickerOf(listing(code), figures.opening(listing(code)), figures.turnover(listing(code)))),
      ),
    );

  const wallets = (): HttpAnswer =>
    json(
      200,
      [...new Set(floor.listings.map(({ base }) => base)), 'KRW'].map((coin) => {
        const { deposits, withdrawals } = floor.wallet(coin);
        const state = deposits ? (withdrawals ? 'working' : 'deposit_only') : withdrawals ? 'withdraw_only' : 'paused';
        return {
          currency: coin,
          wallet_state: state,
          block_state: 'normal',
          block_height: null,
          block_updated_at: null,
          net_type: coin,
          network_name: coin,
        };
      }),
    );

  const fees = (request: HttpRequest): HttpAnswer => {
    const found = floor.byCode.get(request.query.get('market') ?? '');
    if (found === undefined) return json(404, { error: { name: 'market_does_not_exist', message: '마켓이 존재하지 않습니다.' } });
    const fee = found.quote === 'KRW' ? '0.0005' : '0.0025';
    const price = priceOf(found.instrument, found.instrument.bids.best);
    const least = { currency: found.quote, min_total: found.quote === 'KRW' ? '5000' : '0.5' };
    return json(200, {
      bid_fee: fee,
      ask_fee: fee,
      market: { id: found.code, bid: least, ask: least, state: 'active' },
      price: String(price),
    });
  };

  return (request) => {
    if (request.method !== 'GET') return json(405, { error: { name: 405, message: 'Method Not Allowed' } });
    switch (request.path) {
      case '/v1/market/all':
        return within(request, 'market', quotation, markets);
      case '/v1/orderbook':
        return within(request, 'orderbook', quotation, () => books(request));
      case '/v1/orderbook/instruments':
        return within(request, 'orderbook', quotation, () => instruments(request));
      case '/v1/ticker':
        return within(request, 'ticker', quotation, () => ticker(request));
      case '/v1/status/wallet':
        return within(request, 'default', exchange, () => doorman(request) ?? wallets());
      case '/v1/orders/chance':
        return within(request, 'default', exchange, () => fees(request));
      default:
        return json(404, { error: { name: 404, message: 'no Route matched with those values' } });
    }
  };
}

/** How long a block lasts, the body says in words. */
export function upbitTooMany(status: 429 | 418, seconds: number): HttpAnswer {
  if (status === 418) return json(418, { error: { name: 'blocked', message: `Too many requests: blocked for ${seconds} seconds` } });
  const wait: Record<string, string> = seconds > 0 ? { 'retry-after': String(seconds) } : {};
  return json(429, { error: { name: 'too_many_requests', message: 'Too many API requests' } }, wait);
}
