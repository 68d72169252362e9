import { describe, expect, it } from '@jest/globals';
import type { BookOut, FeedOptions, Output } from '../adapter.ts';
import type { RestRequest } from '../rest.ts';
import { binance } from './index.ts';

type Changes = readonly (readonly [price: string, size: string])[];

const S = 1_000_000;
const T0 = 1_700_000_000 * S;

function change(first: number, last: number, b: Changes = [], a: Changes = [], code = 'BTCUSDT'): Uint8Array {
  const data = { e: 'depthUpdate', E: 1_700_000_000_000 + last, s: code, U: first, u: last, b, a };
  return Buffer.from(JSON.stringify({ stream: `${code.toLowerCase()}@depth@100ms`, data }));
}

const snapshot = (lastUpdateId: number, bids: Changes = [['100', '1']], asks: Changes = [['101', '1']]) => ({
  status: 200,
  headers: {},
  body: Buffer.from(JSON.stringify({ lastUpdateId, bids, asks })),
});

function opened(options: Partial<FeedOptions> = {}) {
  const feed = binance.feed({ codes: ['BTCUSDT'], firstEpoch: 7, ...options });
  return { feed, first: feed.opened(T0) };
}

const booksIn = (outputs: readonly Output[]) => outputs.filter((output): output is BookOut => output.kind === 'book');
const kinds = (outputs: readonly Output[]) => outputs.map((output) => (output.kind === 'skipped' ? output.why : output.kind));
const requestIn = (outputs: readonly Output[]): RestRequest => {
  const found = outputs.find((output) => output.kind === 'rest');
  if (found?.kind !== 'rest') throw new Error('nothing is asked');
  return found.request;
};

/** Live after a snapshot up to 100. */
function live() {
  const { feed } = opened();
  const request = requestIn(feed.frame(change(100, 101), T0));
  feed.answer(request, snapshot(101), T0);
  return { feed, request };
}

describe('binance', () => {
  it('subscribes to the changes of its codes', () => {
    const { first } = opened({ codes: ['BTCUSDT', 'ETHUSDT'], trades: true });
    expect(first).toEqual([
      {
        kind: 'send',
        frame: JSON.stringify({
          method: 'SUBSCRIBE',
          params: ['btcusdt@depth@100ms', 'btcusdt@trade', 'ethusdt@depth@100ms', 'ethusdt@trade'],
          id: 1,
        }),
      },
    ]);
  });

  it('asks for a snapshot once, at the first change, and keeps changes until it is there', () => {
    const { feed } = opened();
    const outputs = feed.frame(change(11, 12, [['100', '5']]), T0);
    expect(kinds(outputs)).toEqual(['buffered', 'rest']);
    expect(requestIn(outputs)).toMatchObject({ path: '/api/v3/depth?symbol=BTCUSDT&limit=1000', limit: 'weight', weight: 50 });
    expect(kinds(feed.frame(change(13, 14, [], [['101', '0']]), T0))).toEqual(['buffered']);
    const books = booksIn(feed.answer(requestIn(outputs), snapshot(10, [['99', '1']], [['101', '1'], ['102', '2']]), T0)); // biome-ignore format: a book
    expect(books.map(({ from, sequence, epoch }) => [from, sequence, epoch])).toEqual([
      ['rest', 10, 7],
      ['stream', 12, 7],
      ['stream', 14, 7],
    ]);
    expect(books.at(-1)).toMatchObject({
      symbol: 'BTC-USDT',
      exchangeAt: T0 + 14_000,
      bids: [
        [100, 5],
        [99, 1],
      ],
      asks: [[102, 2]],
    });
  });

  it.each([
    [10, 'is continued by a change that begins right after it', ['book', 'book'], true],
    [11, 'is continued by a change that it lies within', ['book', 'book'], true],
    [12, 'holds a change that ends with it', ['book', 'stale'], true],
    [30, 'holds a change that ended long before', ['book', 'stale'], true],
    [9, 'is too old when a number between it and the first change is missing', [], false],
  ])('a snapshot up to %d %s', (lastUpdateId, _, expected, isLive) => {
    const { feed } = opened();
    const request = requestIn(feed.frame(change(11, 12), T0));
    expect(kinds(feed.answer(request, snapshot(lastUpdateId), T0))).toEqual(expected);
    expect(feed.ready()).toBe(isLive);
  });

  it('asks again for a snapshot that was too old, later and later, and keeps what it has', () => {
    const { feed } = opened();
    const request = requestIn(feed.frame(change(11, 12), T0));
    feed.answer(request, snapshot(5), T0);
    expect(kinds(feed.frame(change(13, 14), T0))).toEqual(['buffered']);
    expect(feed.tick(T0 + 0.4 * S)).toEqual([]);
    expect(kinds(feed.tick(T0 + 0.5 * S))).toEqual(['rest']);
    feed.answer(request, snapshot(6), T0 + S);
    expect(feed.tick(T0 + 1.9 * S)).toEqual([]);
    expect(kinds(feed.tick(T0 + 2 * S))).toEqual(['rest']);
    expect(kinds(feed.answer(request, snapshot(12), T0 + 2 * S))).toEqual(['book', 'stale', 'book']);
  });

  it('removes at size 0, replaces, inserts, and knows no level by two spellings', () => {
    const { feed } = live();
    const [book] = booksIn(
      feed.frame(change(102, 110, [['100.00000000', '0.00000000'], ['99.5', '2'], ['99.50', '3']], [['101.0', '7']]), T0), // biome-ignore format: a book
    );
    expect(book).toMatchObject({ sequence: 110, bids: [[99.5, 3]], asks: [[101, 7]] });
  });

  it('ends the epoch at a hole in the numbers, keeps the change after it, and begins anew from a snapshot', () => {
    const { feed } = live();
    const outputs = feed.frame(change(103, 105, [['50', '1']]), T0);
    expect(kinds(outputs)).toEqual(['gap', 'rest']);
    expect(feed.levels('BTCUSDT', 5)).toBeNull();
    const books = booksIn(feed.answer(requestIn(outputs), snapshot(104, [['98', '9']]), T0));
    expect(books.at(-1)).toMatchObject({
      epoch: 8,
      bids: [
        [98, 9],
        [50, 1],
      ],
    });
    expect(feed.counts('BTCUSDT')).toMatchObject({ gaps: 1, resyncs: 1, messages: 2 });
  });

  it('begins anew when a change begins within the one before it: a number was damaged', () => {
    const { feed } = live();
    feed.frame(change(102, 900), T0);
    expect(kinds(feed.frame(change(104, 105), T0))).toEqual(['gap', 'rest']);
  });

  it('leaves out changes that come twice', () => {
    const { feed } = live();
    feed.frame(change(102, 103), T0);
    feed.frame(change(104, 105), T0);
    expect(kinds([...feed.frame(change(104, 105), T0), ...feed.frame(change(102, 103), T0)])).toEqual(['stale', 'stale']);
    expect(kinds(feed.frame(change(106, 107), T0))).toEqual(['book']);
  });

  it('begins anew when for five seconds all changes are older than its snapshot: that has a number which is not of this stream', () => {
    const { feed } = opened();
    feed.answer(requestIn(feed.frame(change(100, 101), T0)), snapshot(9_000_000), T0);
    for (let i = 0; i < 49; i++) expect(kinds(feed.frame(change(102 + i, 102 + i), T0 + i * 0.1 * S))).toEqual(['stale']);
    feed.frame(change(151, 151), T0 + 4.9 * S);
    expect(feed.levels('BTCUSDT', 1)).not.toBeNull();
    const outputs = feed.frame(change(152, 152), T0 + 5 * S);
    expect(kinds(outputs)).toEqual(['gap', 'rest']);
    expect(feed.levels('BTCUSDT', 1)).toBeNull();
    expect(kinds(feed.answer(requestIn(outputs), snapshot(151), T0 + 5 * S))).toEqual(['book', 'book']);
  });

  it('never says a crossed book', () => {
    const { feed } = live();
    expect(kinds(feed.frame(change(102, 103, [['101', '1']]), T0))).toEqual(['crossed', 'rest']);
    expect(feed.counts('BTCUSDT')).toMatchObject({ crossed: 1, resyncs: 1 });
    expect(feed.levels('BTCUSDT', 1)).toBeNull();
  });

  it('goes on after a gap among the changes it kept', () => {
    const { feed } = opened();
    const request = requestIn(feed.frame(change(11, 12), T0));
    feed.frame(change(15, 16, [['90', '1']]), T0);
    feed.frame(change(17, 18, [['91', '1']]), T0);
    expect(kinds(feed.answer(request, snapshot(10), T0))).toEqual(['book', 'book', 'gap']);
    expect(booksIn(feed.answer(request, snapshot(15), T0 + S)).at(-1)).toMatchObject({
      epoch: 8,
      sequence: 18,
      bids: [
        [100, 1],
        [91, 1],
        [90, 1],
      ],
    });
  });

  it('keeps a bounded number of changes', () => {
    const { feed } = opened();
    const request = requestIn(feed.frame(change(1, 1), T0));
    for (let id = 2; id <= 2_500; id++) feed.frame(change(id, id), T0);
    expect(feed.answer(request, snapshot(10), T0)).toEqual([]);
    expect(kinds(feed.answer(request, snapshot(2_100), T0)).filter((kind) => kind === 'book')).toHaveLength(401);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, -9)],
    ['with a price that is none', (text: string) => text.replace('"99"', '"9x"')],
    ['with a negative size', (text: string) => text.replace('"3"', '"-3"')],
    ['with its numbers turned round', (text: string) => text.replace('"u":103', '"u":101')],
    ['of another kind', (text: string) => text.replace('depthUpdate', 'depthUpdated')],
  ])('counts and keeps a change %s, and begins its book anew', (_, damage) => {
    const { feed } = live();
    const bytes = Buffer.from(damage(Buffer.from(change(102, 103, [['99', '3']])).toString()));
    expect(kinds(feed.frame(bytes, T0))).toEqual(['fault', 'bad', 'rest']);
    expect(feed.faults()).toMatchObject([{ length: bytes.length }]);
    expect(feed.levels('BTCUSDT', 1)).toBeNull();
  });

  it('asks at once when a book is lost, more slowly and for less while it is lost again and again, and never more slowly than 2 s', () => {
    const { feed } = live();
    const pauses: number[] = [];
    const depths: string[] = [];
    let at = T0;
    let id = 101;
    for (let i = 0; i < 7; i++) {
      id += 10;
      const lostAt = at;
      let outputs = feed.frame(change(id, id + 1), at);
      while (!kinds(outputs).includes('rest')) {
        at += S / 10;
        outputs = feed.tick(at);
      }
      pauses.push((at - lostAt) / S);
      const request = requestIn(outputs);
      depths.push(request.path.split('=').at(-1) as string);
      feed.answer(request, snapshot(id + 1), at);
    }
    expect(pauses).toEqual([0, 0.5, 1, 2, 2, 2, 2]);
    expect(depths).toEqual(['1000', '100', '100', '100', '100', '100', '100']);
    // Once it has lasted, the next loss is a first one.
    expect(kinds(feed.frame(change(id + 10, id + 11), at + 6 * S))).toEqual(['gap', 'rest']);
  });

  it('asks for a new snapshot when the market moves to where the last one did not reach, and takes it without a hole', () => {
    const levels = (from: number, step: number): Changes => Array.from({ length: 100 }, (_, i) => [String(from + i * step), '1'] as const);
    const { feed } = opened({ depth: 30 });
    feed.answer(requestIn(feed.frame(change(100, 101), T0)), snapshot(101, levels(1_000, -1), levels(1_001, 1)), T0);
    expect(kinds(feed.tick(T0 + S))).toEqual([]);
    // All bids but the last twenty known ones are gone.
    const gone = levels(1_000, -1).slice(0, 80).map(([price]) => [price, '0'] as const); // biome-ignore format: one thought
    expect(booksIn(feed.frame(change(102, 102, gone), T0 + S))[0]?.bids).toHaveLength(20);
    const request = requestIn(feed.tick(T0 + 3 * S));
    // Older than what is known already.
    expect(feed.answer(request, snapshot(101, levels(1_000, -1), levels(1_001, 1)), T0 + 3 * S)).toEqual([]);
    const again = requestIn(feed.tick(T0 + 5 * S));
    const [book] = booksIn(feed.answer(again, snapshot(103, levels(920, -1), levels(1_001, 1)), T0 + 5 * S));
    expect([book?.epoch, book?.bids.length, book?.sequence]).toEqual([8, 30, 103]);
    expect(kinds(feed.frame(change(103, 103), T0 + 5 * S))).toEqual(['stale']);
    expect(kinds(feed.frame(change(104, 104), T0 + 5 * S))).toEqual(['book']);
  });

  it('finds out by the next change that one was lost beyond recognition', () => {
    const { feed } = live();
    expect(kinds(feed.frame(Buffer.from('garbage'), T0))).toEqual(['fault']);
    expect(kinds(feed.frame(change(104, 105), T0))).toEqual(['gap', 'rest']);
  });

  it('takes a snapshot that is refused or no book for none, and waits as long as the venue says', () => {
    const { feed } = opened();
    const request = requestIn(feed.frame(change(11, 12), T0));
    feed.frame(Buffer.from('{"result":null,"id":1}'), T0);
    const banned = { status: 418, headers: { 'retry-after': '120' }, body: Buffer.from('{"code":-1003,"msg":"banned"}') };
    expect(kinds(feed.answer(request, banned, T0))).toEqual(['fault']);
    expect(feed.tick(T0 + 59 * S)).toEqual([]);
    feed.heard(T0 + 60 * S);
    expect(feed.tick(T0 + 119 * S)).toEqual([]);
    expect(kinds(feed.tick(T0 + 120 * S))).toContain('rest');
    const crossed = feed.answer(request, snapshot(20, [['102', '1']]), T0 + 120 * S);
    expect(kinds(crossed)).toEqual(['crossed']);
    expect(feed.ready()).toBe(false);
  });

  it('asks for the snapshot of a symbol that stays quiet', () => {
    const { feed } = opened();
    expect(feed.tick(T0 + S)).toEqual([]);
    const request = requestIn(feed.tick(T0 + 2 * S));
    expect(kinds(feed.answer(request, snapshot(10), T0 + 3 * S))).toEqual(['book']);
    expect(kinds(feed.frame(change(11, 12), T0 + 4 * S))).toEqual(['book']);
  });

  it('asks again when no answer comes', () => {
    const { feed } = opened();
    feed.frame(change(11, 12), T0);
    expect(kinds(feed.tick(T0 + 9 * S))).toEqual([]);
    feed.tick(T0 + 10 * S);
    expect(kinds(feed.tick(T0 + 11 * S))).toEqual(['rest']);
  });

  it('replaces the book after a reconnect, never merges', () => {
    const { feed } = live();
    feed.frame(change(102, 103, [['77', '7']]), T0);
    feed.closed(T0);
    feed.opened(T0 + S);
    const request = requestIn(feed.frame(change(200, 201), T0 + S));
    const [book] = booksIn(feed.answer(request, snapshot(201), T0 + S));
    expect(book).toMatchObject({ epoch: 8, bids: [[100, 1]] });
    expect(feed.counts('BTCUSDT').resyncs).toBe(0);
  });

  it('asks over REST while the stream is away, one symbol after another, each answer an epoch of its own', () => {
    const { feed } = opened({ codes: ['BTCUSDT', 'ETHUSDT'] });
    feed.closed(T0);
    expect(feed.tick(T0 + 2 * S)).toEqual([]);
    const first = requestIn(feed.tick(T0 + 3 * S));
    const second = requestIn(feed.tick(T0 + 3.2 * S));
    expect([first, second]).toMatchObject([
      { codes: ['BTCUSDT'], backup: true, weight: 5 },
      { codes: ['ETHUSDT'], backup: true, weight: 5 },
    ]);
    expect(booksIn(feed.answer(first, snapshot(1), T0 + 4 * S))).toMatchObject([{ backup: true, from: 'rest' }]);
    feed.opened(T0 + 5 * S);
    expect(feed.answer(second, snapshot(1), T0 + 5 * S)).toEqual([]);
  });

  it('wants a successor before the venue ends the connection, and at once when that is announced', () => {
    const { feed } = opened();
    const nearlyADay = T0 + (24 * 3_600 - 15 * 60) * S;
    feed.heard(nearlyADay - S);
    expect(kinds(feed.tick(nearlyADay - S))).not.toContain('reconnect');
    expect(feed.tick(nearlyADay)).toContainEqual({ kind: 'reconnect', why: 'the venue ends a connection after 24 h', overlap: true });
    expect(kinds(feed.tick(nearlyADay + S))).not.toContain('reconnect');
    const other = opened().feed;
    expect(other.frame(Buffer.from('{"e":"serverShutdown","E":1700000000000}'), T0)).toMatchObject([{ kind: 'reconnect', overlap: true }]);
  });

  it('adds and removes codes while it runs', () => {
    const { feed } = live();
    const frames = feed.watch(['ETHUSDT'], T0).map((output) => JSON.parse(output.kind === 'send' ? output.frame : '{}'));
    expect(frames).toMatchObject([
      { method: 'UNSUBSCRIBE', params: ['btcusdt@depth@100ms'] },
      { method: 'SUBSCRIBE', params: ['ethusdt@depth@100ms'] },
    ]);
    expect(feed.frame(change(102, 103), T0)).toEqual([]);
    expect(kinds(feed.frame(change(1, 2, [], [], 'ETHUSDT'), T0))).toEqual(['buffered', 'rest']);
  });

  it('begins above all its epochs when a code is watched again', () => {
    const { feed } = live();
    const lost = requestIn(feed.frame(change(110, 111), T0));
    feed.answer(lost, snapshot(111), T0);
    const [last] = booksIn(feed.frame(change(112, 112), T0));
    feed.watch([], T0);
    feed.watch(['BTCUSDT'], T0 + S);
    const request = requestIn(feed.frame(change(113, 114), T0 + S));
    const [book] = booksIn(feed.answer(request, snapshot(114), T0 + S));
    expect([last?.epoch, book?.epoch]).toEqual([8, 9]);
  });

  it('reads trades: where the buyer was the maker, the taker sold', () => {
    const { feed } = opened({ trades: true });
    const data = { e: 'trade', E: 1, s: 'BTCUSDT', t: 42, p: '61837.63000000', q: '0.02000000', T: 1_700_000_000_001, m: true };
    expect(feed.frame(Buffer.from(JSON.stringify({ stream: 'btcusdt@trade', data })), T0)).toMatchObject([
      { kind: 'trade', id: '42', side: 'sell', price: 61837.63, size: 0.02, exchangeAt: T0 + 1_000 },
    ]);
  });

  it('asks again for a subscription that is refused or not acknowledged, more and more rarely, and for nothing that is not watched any more', () => {
    const { feed } = opened({ codes: ['BTCUSDT', 'ETHUSDT'] });
    const again = (outputs: readonly Output[]) =>
      outputs.flatMap((output) => (output.kind === 'send' ? [JSON.parse(output.frame) as { params: string[]; id: number }] : []));
    const refuse = (id: number, at: number) => feed.frame(Buffer.from(`{"error":{"code":3,"msg":"too many"},"id":${id}}`), at);
    expect(kinds(refuse(1, T0))).toEqual(['fault']);
    expect(again(feed.tick(T0 + 0.9 * S))).toEqual([]);
    expect(again(feed.tick(T0 + S))).toEqual([{ method: 'SUBSCRIBE', params: ['btcusdt@depth@100ms', 'ethusdt@depth@100ms'], id: 2 }]);
    refuse(2, T0 + S);
    expect(again(feed.tick(T0 + 2.9 * S))).toEqual([]);
    expect(again(feed.tick(T0 + 3 * S))).toMatchObject([{ id: 3 }]);
    feed.watch(['ETHUSDT'], T0 + 3 * S);
    // Neither a yes nor a no: 20 s after the third time.
    expect(again(feed.tick(T0 + 22.9 * S))).toEqual([]);
    expect(again(feed.tick(T0 + 23 * S))).toMatchObject([{ params: ['ethusdt@depth@100ms'] }]);
    feed.frame(Buffer.from('{"result":null,"id":5}'), T0 + 23 * S);
    feed.heard(T0 + 90 * S);
    expect(again(feed.tick(T0 + 140 * S))).toEqual([]);
  });

  it('takes acknowledgements for what they are', () => {
    const { feed } = opened();
    expect(feed.frame(Buffer.from('{"result":null,"id":1}'), T0)).toEqual([]);
    expect(feed.totals()).toEqual({ frames: 1, bad: 0, unknown: 0 });
  });
});

describe("binance's answers and rules", () => {
  const filters = [
    { filterType: 'PRICE_FILTER', tickSize: '0.01000000' },
    { filterType: 'LOT_SIZE', stepSize: '0.00001000', minQty: '0.00001000', maxQty: '9000.00000000' },
    { filterType: 'NOTIONAL', minNotional: '5.00000000', maxNotional: '9000000.00000000' },
  ];
  const info = (...symbols: object[]) => Buffer.from(JSON.stringify({ symbols }));

  it('give tick, lot and notional limits', () => {
    expect(
      binance.rest.decodeInstruments(info({ symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT', status: 'TRADING', filters })),
    ).toEqual([
      {
        code: 'BTCUSDT',
        base: 'BTC',
        quote: 'USDT',
        ticks: [{ from: '0', tick: '0.01' }],
        ticksFromVenue: true,
        lot: '0.00001',
        minQuantity: '0.00001',
        maxQuantity: '9000',
        minNotional: '5',
        maxNotional: '9000000',
      },
    ]);
  });

  it('give the state of a market and of a wallet', () => {
    const markets = binance.rest.decodeMarkets(
      info(
        ...['TRADING', 'HALT', 'BREAK', 'CANCEL_ONLY'].map((status) => ({ symbol: 'XUSDT', baseAsset: 'X', quoteAsset: 'USDT', status })),
      ),
    );
    expect(markets[0]).toMatchObject({ code: 'XUSDT', base: 'X', quote: 'USDT' });
    expect(markets.map(({ state }) => state)).toEqual(['trading', 'halted', 'halted', 'closing']);
    const wallets = [{ coin: 'BTC', networkList: [{ network: 'BTC', depositEnable: true, withdrawEnable: false }] }];
    expect(binance.rest.decodeWallets(Buffer.from(JSON.stringify(wallets)))).toEqual([
      { coin: 'BTC', network: 'BTC', deposits: true, withdrawals: false },
    ]);
  });

  it('say how much is traded', () => {
    const row = { symbol: 'XUSDT', quoteVolume: '1000.5', bidPrice: '9', bidQty: '2', askPrice: '10', askQty: '3' };
    expect(binance.rest.decodeActivity(Buffer.from(JSON.stringify([row, { symbol: 'YUSDT', quoteVolume: '0.0' }])))).toEqual([
      { code: 'XUSDT', volume: 1000.5, bid: 9, ask: 10, depth: 48 },
      { code: 'YUSDT', volume: null, bid: null, ask: null, depth: null },
    ]);
  });

  it('ask for the rules of many pairs in parts', () => {
    const codes = Array.from({ length: 150 }, (_, i) => `C${i}USDT`);
    expect(binance.rest.instruments(codes).map((request) => request.codes.length)).toEqual([100, 50]);
    expect(binance.rest.markets().map(({ path }) => path)).toEqual(['/api/v3/exchangeInfo?showPermissionSets=false']);
    expect(binance.rest.markets(['BTCUSDT']).map(({ path }) => path)).toEqual([
      '/api/v3/exchangeInfo?showPermissionSets=false&symbols=%5B%22BTCUSDT%22%5D',
    ]);
  });

  it('say what the venue refuses', () => {
    const refusal = Buffer.from('{"code":-1121,"msg":"Invalid symbol."}');
    expect(() => binance.rest.decodeInstruments(refusal)).toThrow('binance refuses instruments: -1121: Invalid symbol.');
  });

  it('read the used weight, and wait after 429 and longer after 418', () => {
    const news = (status: number, headers: Record<string, string>) => binance.limitNews({ status, headers, body: Buffer.from('') });
    expect(news(200, { 'x-mbx-used-weight-1m': '1234' })).toMatchObject({ limit: 'weight', spent: 1234, waitMs: null });
    expect(news(429, { 'retry-after': '9' })).toMatchObject({ waitMs: 9_000, banned: false });
    expect(news(418, {})).toMatchObject({ waitMs: 120_000, banned: true });
  });

  it('map symbols both ways, by the list where there is one', () => {
    const symbols = binance.symbols([{ code: 'XUSDTBTC', base: 'XUSDT', quote: 'BTC' }]);
    const pairs = ['BTC-USDT', 'ETH-BUSD', 'USDT-USD', 'BUSD-USD', 'NKN-USDT', 'BLZ-ETH', 'RUNE-EUR', 'LRC-BTC', 'XUSDT-BTC'];
    for (const pair of pairs) expect(symbols.symbolOf(symbols.codeOf(pair) ?? '')).toBe(pair);
    expect([symbols.symbolOf('USDT'), symbols.symbolOf('btcusdt')]).toEqual([null, null]);
  });
});
