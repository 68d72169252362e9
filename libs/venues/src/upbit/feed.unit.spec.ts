import { describe, expect, it } from '@jest/globals';
import type { BookOut, FeedOptions, Output } from '../adapter.ts';
import { tickAt } from '../instrument.ts';
import type { RestRequest } from '../rest.ts';
import { upbit } from './index.ts';

type Unit = readonly [askPrice: number, bidPrice: number, askSize: number, bidSize: number];

const S = 1_000_000;
const T0 = 1_700_000_000 * S;

function simple(code: string, ms: number, units: readonly Unit[]): Uint8Array {
  const obu = units.map(([ap, bp, as, bs]) => ({ ap, bp, as, bs }));
  return Buffer.from(
    JSON.stringify({ ty: 'orderbook', cd: code, tms: 1_700_000_000_000 + ms, tas: 1, tbs: 1, obu, st: 'REALTIME', lv: 0 }),
  );
}

const GOOD: readonly Unit[] = [
  [101, 100, 1, 2],
  [102, 99, 3, 4],
];

function opened(options: Partial<FeedOptions> = {}) {
  const feed = upbit.feed({ codes: ['KRW-BTC', 'KRW-ETH'], firstEpoch: 7, ...options });
  const first = feed.opened(T0);
  return { feed, first };
}

const bookIn = (outputs: readonly Output[]) => outputs.find((output): output is BookOut => output.kind === 'book');
const kinds = (outputs: readonly Output[]) => outputs.map((output) => (output.kind === 'skipped' ? output.why : output.kind));
const requestIn = (outputs: readonly Output[]): RestRequest => {
  const found = outputs.find((output) => output.kind === 'rest');
  if (found?.kind !== 'rest') throw new Error('nothing is asked');
  return found.request;
};
const ok = (body: unknown) => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) });
const restBook = (code: string, ms: number, units: readonly Unit[]) => ({
  market: code,
  timestamp: 1_700_000_000_000 + ms,
  orderbook_units: units.map(([ask_price, bid_price, ask_size, bid_size]) => ({ ask_price, bid_price, ask_size, bid_size })),
});

describe('upbit', () => {
  it('subscribes to everything in one message, as deep as is asked for', () => {
    const { first } = opened({ trades: true, depth: 10 });
    expect(first).toHaveLength(1);
    const parts = JSON.parse(first[0]?.kind === 'send' ? first[0].frame : '') as readonly Record<string, unknown>[];
    expect(parts.slice(1)).toEqual([
      { type: 'orderbook', codes: ['KRW-BTC.15', 'KRW-ETH.15'] },
      { type: 'trade', codes: ['KRW-BTC', 'KRW-ETH'], is_only_realtime: true },
      { format: 'SIMPLE' },
    ]);
  });

  it('says a whole book of each frame, in one epoch', () => {
    const { feed } = opened();
    expect(bookIn(feed.frame(simple('KRW-BTC', 1, GOOD), T0))).toEqual({
      kind: 'book',
      code: 'KRW-BTC',
      symbol: 'BTC-KRW',
      epoch: 7,
      sequence: 1,
      exchangeAt: T0 + 1_000,
      receivedAt: T0,
      from: 'stream',
      backup: false,
      bids: [
        [100, 2],
        [99, 4],
      ],
      asks: [
        [101, 1],
        [102, 3],
      ],
    });
    expect(bookIn(feed.frame(simple('KRW-BTC', 2, GOOD), T0))).toMatchObject({ epoch: 7, sequence: 2 });
  });

  it.each([
    ['a list', (text: string) => `[${text}]`],
    ['blanks', (text: string) => text.replaceAll(',', ' ,\n ')],
    ['another order of keys', (text: string) => text.replace('"tms":1700000000001,', '').replace('"lv":0', '"lv":0,"tms":1700000000001')],
    ['keys nobody knows', (text: string) => text.replace('"lv":0', '"new":[{}],"lv":0')],
    ['exponents', (text: string) => text.replaceAll(':102', ':1.02E2').replaceAll(':99', ':9.9e+1')],
  ])('understands %s', (_, change) => {
    const { feed } = opened();
    const usual = bookIn(upbit.feed({ codes: 'any', firstEpoch: 7 }).frame(simple('KRW-BTC', 1, GOOD), T0));
    expect(bookIn(feed.frame(Buffer.from(change(Buffer.from(simple('KRW-BTC', 1, GOOD)).toString())), T0))).toEqual(usual);
  });

  it('drops levels without price or size', () => {
    const { feed } = opened();
    const book = bookIn(feed.frame(simple('KRW-BTC', 1, [[101, 100, 0, 2], [0, 99, 0, 4], [103, 0, 1, 0]]), T0)); // biome-ignore format: a book
    expect(book).toMatchObject({
      bids: [
        [100, 2],
        [99, 4],
      ],
      asks: [[103, 1]],
    });
    expect(feed.counts('KRW-BTC').empty).toBe(3);
  });

  it('rounds what has too many digits to the worse side, counts it, and keeps what the venue wrote', () => {
    const { feed } = opened();
    const text = Buffer.from(simple('KRW-BTC', 1, GOOD))
      .toString()
      .replace('"as":1', '"as":1.44444637623092317E7')
      .replace('"ap":101', '"ap":100.9999999999999999')
      .replace('"bp":100', '"bp":99.99999999999999999');
    const book = bookIn(feed.frame(Buffer.from(text), T0));
    expect([book?.asks[0], book?.bids[0]]).toEqual([
      [101, 14444463.7623092],
      [99.9999999999999, 2],
    ]);
    expect(feed.counts('KRW-BTC').rounded).toBe(3);
    expect(feed.levels('KRW-BTC', 1)?.asks).toEqual([['101', '14444463.7623092317']]);
  });

  it('ends the epoch at a crossed book, asks for another, and takes whichever comes first', () => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 1, GOOD), T0);
    const outputs = feed.frame(simple('KRW-BTC', 2, [[100, 101, 1, 1]]), T0);
    expect(kinds(outputs)).toEqual(['crossed', 'rest']);
    expect(feed.levels('KRW-BTC', 1)).toBeNull();
    const request = requestIn(outputs);
    expect(request).toMatchObject({ path: '/v1/orderbook?markets=KRW-BTC&count=30', limit: 'orderbook', codes: ['KRW-BTC'] });
    const mended = feed.answer(request, ok([restBook('KRW-BTC', 3, GOOD)]), T0);
    expect(bookIn(mended)).toMatchObject({ epoch: 8, sequence: 1, from: 'rest', backup: false });
    expect(bookIn(feed.frame(simple('KRW-BTC', 4, GOOD), T0))).toMatchObject({ epoch: 8, sequence: 2 });
    expect(feed.counts('KRW-BTC')).toMatchObject({ messages: 3, crossed: 1, resyncs: 1 });
    feed.frame(simple('KRW-BTC', 5, [[100, 101, 1, 1]]), T0 + S);
    expect(bookIn(feed.frame(simple('KRW-BTC', 6, GOOD), T0 + S))).toMatchObject({ epoch: 9 });
  });

  it('leaves out a book that is older than the last', () => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 5, GOOD), T0);
    expect(kinds(feed.frame(simple('KRW-BTC', 4, GOOD), T0))).toEqual(['stale']);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, -5), 'KRW-BTC'],
    ['cut before it says whose it is', (text: string) => text.slice(0, 30), null],
    ['without its beginning', (text: string) => text.slice(1), null],
    ['out of order', (text: string) => text.replace('"ap":102', '"ap":90'), 'KRW-BTC'],
    ['with a price below 0', (text: string) => text.replace('"ap":102', '"ap":-1'), 'KRW-BTC'],
    ['with text for a price', (text: string) => text.replace('"ap":102', '"ap":"x"'), 'KRW-BTC'],
    ['without a time', (text: string) => text.replace('1700000000001', '17'), 'KRW-BTC'],
  ])('counts and keeps a message %s, and trusts no book that it may have been', (_, damage, code) => {
    const { feed } = opened();
    feed.frame(simple('KRW-ETH', 1, GOOD), T0);
    const bytes = Buffer.from(damage(Buffer.from(simple('KRW-BTC', 1, GOOD)).toString()));
    const outputs = feed.frame(bytes, T0);
    expect(outputs[0]).toMatchObject({ kind: 'fault', code });
    expect(feed.faults()).toMatchObject([{ length: bytes.length, head: new Uint8Array(bytes) }]);
    expect(feed.totals().bad).toBe(1);
    expect(feed.levels('KRW-ETH', 1) === null).toBe(code === null);
    expect(bookIn(feed.frame(simple('KRW-ETH', 2, GOOD), T0))).toMatchObject({ epoch: code === null ? 8 : 7 });
  });

  it('says of every book that a torn message may have been that it is gone, and of none when a trade is torn', () => {
    const { feed } = opened({ trades: true });
    for (const code of ['KRW-BTC', 'KRW-ETH']) feed.frame(simple(code, 1, GOOD), T0);
    expect(kinds(feed.frame(Buffer.from('{"ty":"trade","cd":"KRW-B'), T0))).toEqual(['fault']);
    expect(feed.levels('KRW-BTC', 1)).not.toBeNull();
    const outputs = feed.frame(Buffer.from('{"ty":"ord'), T0);
    expect(outputs.flatMap((output) => (output.kind === 'skipped' ? [output.code, output.why] : []))).toEqual([
      ...['KRW-BTC', 'bad'],
      ...['KRW-ETH', 'bad'],
    ]);
    expect(requestIn(outputs).codes).toEqual(['KRW-BTC', 'KRW-ETH']);
    // Said once.
    expect(kinds(feed.frame(Buffer.from('{"ty":"ord'), T0))).toEqual(['fault']);
  });

  it('does not wait for ever for a time that lies wrongly in the future: what keeps coming is right', () => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 3_600_000, GOOD), T0);
    expect(kinds(feed.frame(simple('KRW-BTC', 1, GOOD), T0))).toEqual(['stale']);
    expect(kinds(feed.frame(simple('KRW-BTC', 2, GOOD), T0))).toEqual(['stale']);
    expect(bookIn(feed.frame(simple('KRW-BTC', 3, GOOD), T0))).toMatchObject({ epoch: 8, exchangeAt: T0 + 3_000 });
    expect(bookIn(feed.frame(simple('KRW-BTC', 4, GOOD), T0))).toMatchObject({ epoch: 8, sequence: 2 });
    // One that comes late now and then is late, however often.
    for (let i = 5; i < 20; i++) {
      feed.frame(simple('KRW-BTC', i, GOOD), T0);
      expect(kinds(feed.frame(simple('KRW-BTC', i - 1, GOOD), T0))).toEqual(['stale']);
    }
  });

  it('takes no answer over REST that is older than what the stream has said', () => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 1_000, GOOD), T0);
    const request = requestIn(feed.frame(simple('KRW-BTC', 1_001, [[100, 101, 1, 1]]), T0));
    expect(bookIn(feed.answer(request, ok([restBook('KRW-BTC', 999, GOOD)]), T0))).toBeUndefined();
    const again = requestIn(feed.tick(T0 + 2 * S));
    expect(bookIn(feed.answer(again, ok([restBook('KRW-BTC', 1_000, GOOD)]), T0 + 2 * S))).toMatchObject({ epoch: 8, from: 'rest' });
  });

  it('asks whether books that have been quiet are still true, and says those again whose last change is the same', () => {
    const { feed } = opened();
    for (const code of ['KRW-BTC', 'KRW-ETH']) feed.frame(simple(code, 1, GOOD), T0);
    expect(feed.tick(T0 + 1.9 * S)).toEqual([]);
    feed.frame(simple('KRW-ETH', 2, GOOD), T0 + 1.9 * S);
    const request = requestIn(feed.tick(T0 + 2 * S));
    expect(request).toMatchObject({ what: 'confirm', path: '/v1/orderbook?markets=KRW-BTC&count=1', codes: ['KRW-BTC'], backup: false });
    expect(feed.tick(T0 + 3.5 * S)).toEqual([]);
    expect(feed.answer(request, ok([restBook('KRW-BTC', 1, GOOD.slice(0, 1))]), T0 + 2.2 * S)).toMatchObject([
      { epoch: 7, sequence: 2, exchangeAt: T0 + 1_000, receivedAt: T0 + 2 * S, from: 'rest', backup: false, confirmed: true, bids: { length: 2 } },
    ]); // biome-ignore format: a book
    expect(requestIn(feed.tick(T0 + 4 * S)).codes).toEqual(['KRW-ETH', 'KRW-BTC']);
  });

  it.each<[string, object]>([
    ['has changed since', restBook('KRW-BTC', 2, GOOD)],
    ['was older when it was asked for', restBook('KRW-BTC', 0, GOOD)],
    ['has another size at the same time', restBook('KRW-BTC', 1, [[101, 100, 1, 3]])],
    ['has no more bids', restBook('KRW-BTC', 1, [[101, 0, 1, 0]])],
    ['is of no code that is watched', restBook('KRW-XRP', 1, GOOD)],
  ])('says no quiet book again that %s', (_, row) => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 1, GOOD), T0);
    expect(feed.answer(requestIn(feed.tick(T0 + 2 * S)), ok([row]), T0 + 3 * S)).toEqual([]);
    expect(kinds(feed.tick(T0 + 3 * S))).toEqual(['rest']);
  });

  it('asks about the longest quiet first, a hundred at a time, one question at a time, and waits when it is refused', () => {
    const codes = Array.from({ length: 150 }, (_, i) => `KRW-C${i}`);
    const { feed } = opened({ codes });
    for (const [i, code] of codes.entries()) feed.frame(simple(code, 1, GOOD), T0 + i);
    const first = requestIn(feed.tick(T0 + 3 * S));
    expect(first.codes).toEqual(codes.slice(0, 100));
    expect(kinds(feed.tick(T0 + 9 * S))).toEqual([]);
    feed.answer(first, ok(first.codes.map((code) => restBook(code, 1, GOOD))), T0 + 9 * S);
    const second = requestIn(feed.tick(T0 + 9 * S));
    expect(second.codes).toEqual([...codes.slice(100), ...codes.slice(0, 50)]);
    expect(feed.answer(second, { status: 429, headers: { 'retry-after': '7' }, body: Buffer.from('') }, T0 + 9 * S)).toEqual([]);
    expect(feed.tick(T0 + 15.9 * S)).toEqual([]);
    expect(kinds(feed.tick(T0 + 16 * S))).toEqual(['rest']);
  });

  it('does not ask about books of the connection before, and takes no answer about them', () => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 1, GOOD), T0);
    const request = requestIn(feed.tick(T0 + 2 * S));
    feed.closed(T0 + 2 * S);
    feed.opened(T0 + 3 * S);
    expect(feed.tick(T0 + 4 * S)).toEqual([]);
    feed.frame(simple('KRW-BTC', 1, GOOD), T0 + 4 * S);
    expect(feed.answer(request, ok([restBook('KRW-BTC', 1, GOOD)]), T0 + 7 * S)).toEqual([]);
    expect(kinds(feed.tick(T0 + 7 * S))).toEqual(['rest']);
  });

  it('keeps no more than the newest bad messages', () => {
    const { feed } = opened();
    for (let i = 0; i < 1_000; i++) feed.frame(Buffer.from(`{${i}${'x'.repeat(100_000)}`), T0);
    expect(feed.totals().bad).toBe(1_000);
    expect(feed.faults().length).toBeLessThanOrEqual(16);
    expect(feed.faults().every(({ head }) => head.length <= 4_096)).toBe(true);
  });

  it('pings before the venue finds it idle, and leaves a connection on which nothing comes', () => {
    const { feed } = opened();
    expect(feed.tick(T0 + 19 * S)).toEqual([]);
    expect(feed.tick(T0 + 20 * S)).toEqual([{ kind: 'send', frame: 'PING' }]);
    expect(feed.frame(Buffer.from('{"status":"UP"}'), T0 + 21 * S)).toEqual([]);
    expect(kinds(feed.tick(T0 + 40 * S))).toEqual(['send']);
    expect(feed.tick(T0 + 66 * S)).toEqual([{ kind: 'reconnect', why: 'nothing received for 45 s', overlap: false }]);
    expect(feed.tick(T0 + 67 * S)).toEqual([]);
  });

  it('says why the venue refuses, and leaves', () => {
    const { feed } = opened();
    const outputs = feed.frame(Buffer.from('{"error":{"name":"NO_CODES","message":"no codes"}}'), T0);
    expect(outputs).toEqual([
      { kind: 'fault', why: 'upbit refuses: NO_CODES: no codes', code: null },
      { kind: 'reconnect', why: 'upbit refuses: NO_CODES: no codes', overlap: false, refused: true },
    ]);
  });

  it('begins a new epoch after a reconnect, and asks over REST at a bounded rate while the stream is away', () => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 1, GOOD), T0);
    feed.closed(T0);
    expect(feed.levels('KRW-BTC', 1)).toBeNull();
    expect(feed.tick(T0 + 2 * S)).toEqual([]);
    const request = requestIn(feed.tick(T0 + 3 * S));
    expect(request).toMatchObject({ backup: true, codes: ['KRW-BTC', 'KRW-ETH'] });
    expect(feed.tick(T0 + 3.5 * S)).toEqual([]);
    const backup = feed.answer(request, ok([restBook('KRW-BTC', 2, GOOD)]), T0 + 4 * S);
    expect(bookIn(backup)).toMatchObject({ epoch: 8, backup: true, from: 'rest' });
    feed.opened(T0 + 5 * S);
    expect(feed.ready()).toBe(false);
    expect(feed.answer(request, ok([restBook('KRW-BTC', 3, GOOD)]), T0 + 5 * S)).toEqual([]);
    expect(bookIn(feed.frame(simple('KRW-BTC', 4, GOOD), T0 + 5 * S))).toMatchObject({ epoch: 9, backup: false });
    feed.frame(simple('KRW-ETH', 4, GOOD), T0 + 5 * S);
    expect(feed.ready()).toBe(true);
    expect(feed.counts('KRW-BTC').resyncs).toBe(0);
  });

  it('takes no back-up that is older than what the stream said last', () => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 1_000, GOOD), T0);
    feed.closed(T0);
    const request = requestIn(feed.tick(T0 + 3 * S));
    expect(feed.answer(request, ok([restBook('KRW-BTC', 999, GOOD)]), T0 + 4 * S)).toEqual([]);
    expect(bookIn(feed.answer(request, ok([restBook('KRW-BTC', 1_000, GOOD)]), T0 + 5 * S))).toMatchObject({ backup: true });
    feed.opened(T0 + 6 * S);
    // On the stream of another connection the time may have been put back.
    expect(bookIn(feed.frame(simple('KRW-BTC', 500, GOOD), T0 + 6 * S))).toMatchObject({ backup: false });
  });

  it('obeys a venue that says wait before it asks again', () => {
    const { feed } = opened();
    const request = requestIn(feed.frame(simple('KRW-BTC', 2, [[100, 101, 1, 1]]), T0));
    feed.answer(request, { status: 429, headers: { 'retry-after': '7' }, body: Buffer.from('') }, T0);
    expect(feed.tick(T0 + 6 * S)).toEqual([]);
    expect(kinds(feed.tick(T0 + 7 * S))).toEqual(['rest']);
  });

  it('reads trades of both formats, with ids beyond 2^53', () => {
    const { feed } = opened({ trades: true });
    const trade = { ty: 'trade', cd: 'KRW-BTC', tp: 89890000, tv: 0.00123, ab: 'BID', ttms: 1_700_000_000_001, sid: 1 };
    const text = JSON.stringify(trade).replace('"sid":1', '"sid":17861234567890123');
    expect(feed.frame(Buffer.from(text), T0)).toEqual([
      {
        kind: 'trade',
        code: 'KRW-BTC',
        symbol: 'BTC-KRW',
        id: '17861234567890123',
        side: 'buy',
        price: 89890000,
        size: 0.00123,
        exchangeAt: T0 + 1_000,
        receivedAt: T0,
      },
    ]);
  });

  it('watches other codes with one new subscription, and forgets those that are gone', () => {
    const { feed } = opened();
    const outputs = feed.watch(['KRW-ETH', 'KRW-XRP'], T0);
    expect(outputs).toHaveLength(1);
    expect(feed.codes()).toEqual(['KRW-ETH', 'KRW-XRP']);
    expect(feed.frame(simple('KRW-BTC', 1, GOOD), T0)).toEqual([]);
    expect(feed.totals().unknown).toBe(1);
    expect(bookIn(feed.frame(simple('KRW-XRP', 1, GOOD), T0))).toMatchObject({ symbol: 'XRP-KRW' });
  });
});

describe("upbit's epochs", () => {
  it('begin above all that were used when a code is watched again', () => {
    const { feed } = opened();
    feed.frame(simple('KRW-BTC', 1, GOOD), T0);
    feed.frame(simple('KRW-BTC', 2, [[100, 101, 1, 1]]), T0);
    expect(bookIn(feed.frame(simple('KRW-BTC', 3, GOOD), T0))).toMatchObject({ epoch: 8 });
    feed.watch(['KRW-ETH'], T0);
    feed.watch(['KRW-ETH', 'KRW-BTC'], T0);
    expect(bookIn(feed.frame(simple('KRW-BTC', 4, GOOD), T0))).toMatchObject({ epoch: 9, sequence: 1 });
  });
});

describe("upbit's answers and rules", () => {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));

  it('take the tick from the venue, and the published table only without it', () => {
    const rows = [
      { market: 'KRW-BTC', quote_currency: 'KRW', tick_size: '1000' },
      { market: 'KRW-XRP', quote_currency: 'KRW' },
    ];
    const [btc, xrp] = upbit.rest.decodeInstruments(json(rows));
    expect(btc).toMatchObject({
      base: 'BTC',
      quote: 'KRW',
      ticks: [{ from: '0', tick: '1000' }],
      ticksFromVenue: true,
      minNotional: '5000',
    });
    expect(xrp?.ticksFromVenue).toBe(false);
    expect(xrp?.ticks.at(-1)).toEqual({ from: '1000000', tick: '1000' });
    expect(xrp).toEqual(upbit.rest.published('KRW-XRP'));
    const prices = [150_000_000, 1_343, 999, 55, 0.5, 0.000004];
    expect(prices.map((price) => tickAt(xrp ?? { ticks: [] }, price))).toEqual(['1000', '1', '1', '0.1', '0.001', '0.00000001']);
  });

  it('name market warnings and suspended wallets', () => {
    const event = { warning: true, caution: { PRICE_FLUCTUATIONS: false, DEPOSIT_AMOUNT_SOARING: true } };
    expect(upbit.rest.decodeMarkets(json([{ market: 'KRW-BTC', market_event: event }]))).toEqual([
      { code: 'KRW-BTC', base: 'BTC', quote: 'KRW', state: 'trading', warnings: ['WARNING', 'DEPOSIT_AMOUNT_SOARING'] },
    ]);
    const wallets = ['working', 'withdraw_only', 'deposit_only', 'paused'].map((wallet_state) => ({
      currency: 'BTC',
      net_type: 'BTC',
      wallet_state,
    }));
    expect(upbit.rest.decodeWallets(json(wallets)).map(({ deposits, withdrawals }) => [deposits, withdrawals])).toEqual([
      [true, true],
      [false, true],
      [true, false],
      [false, false],
    ]);
  });

  it('do not warn of a coin that costs something else abroad: that is what is traded', () => {
    const event = { warning: false, caution: { GLOBAL_PRICE_DIFFERENCES: true, PRICE_FLUCTUATIONS: true } };
    expect(upbit.rest.decodeMarkets(json([{ market: 'KRW-BTC', market_event: event }]))).toMatchObject([
      { warnings: ['PRICE_FLUCTUATIONS'] },
    ]);
  });

  it('say how much is traded, in two answers', () => {
    const units = [{ bid_price: 9, bid_size: 2, ask_price: 10, ask_size: 3 }];
    expect(upbit.rest.activity(['KRW-BTC']).map(({ path }) => path.split('?')[0])).toEqual(['/v1/ticker', '/v1/orderbook']);
    expect(upbit.rest.decodeActivity(json([{ market: 'KRW-BTC', acc_trade_price_24h: 1.5e9 }]))).toEqual([
      { code: 'KRW-BTC', volume: 1.5e9, bid: null, ask: null, depth: null },
    ]);
    expect(upbit.rest.decodeActivity(json([{ market: 'KRW-BTC', orderbook_units: units }]))).toEqual([
      { code: 'KRW-BTC', volume: null, bid: 9, ask: 10, depth: 48 },
    ]);
  });

  it('say what the venue refuses, also where its error has a number for a name', () => {
    expect(() => upbit.rest.decodeInstruments(json({ error: { name: 404, message: 'Code not found' } }))).toThrow(
      'upbit refuses instruments: 404: Code not found',
    );
    expect(() => upbit.rest.decodeMarkets(Buffer.from('<html>'))).toThrow('is not JSON');
  });

  it('read Remaining-Req, and wait after 429 and longer after 418', () => {
    const news = (status: number, headers: Record<string, string>, body = '') =>
      upbit.limitNews({ status, headers, body: Buffer.from(body) });
    expect(news(200, { 'remaining-req': 'group=order; min=1800; sec=11' })).toMatchObject({ limit: 'order', left: 11, waitMs: null });
    // `min` is out of use, and may be left out one day.
    expect(news(200, { 'remaining-req': 'group=order; sec=3' })).toMatchObject({ limit: 'order', left: 3 });
    expect(news(429, {})).toMatchObject({ waitMs: null, banned: false });
    expect(news(429, { 'retry-after': '3' })).toMatchObject({ waitMs: 3_000, banned: false });
    expect(news(418, {}, 'blocked for 30 seconds')).toMatchObject({ waitMs: 30_000, banned: true });
    expect(news(200, { 'remaining-req': 'nonsense' })).toMatchObject({ limit: null, left: null });
  });

  it('map symbols both ways', () => {
    const symbols = upbit.symbols();
    for (const [code, symbol] of [['KRW-BTC', 'BTC-KRW'], ['BTC-ETH', 'ETH-BTC'], ['KRW-USDT', 'USDT-KRW']] as const) // biome-ignore format: pairs
      expect([symbols.symbolOf(code), symbols.codeOf(symbol)]).toEqual([symbol, code]);
    // What this venue calls TON is another coin than the world's.
    const named = upbit.symbols([], { TON: 'TOKAMAK' });
    expect([named.symbolOf('KRW-TON'), named.codeOf('TOKAMAK-KRW'), named.codeOf('TON-KRW')]).toEqual(['TOKAMAK-KRW', 'KRW-TON', null]);
    expect([symbols.symbolOf('BTC'), symbols.codeOf('nonsense')]).toEqual([null, null]);
  });
});
