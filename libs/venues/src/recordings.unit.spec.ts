import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import type { BookOut, Level, Output, TickerOut } from './adapter.ts';
import { inDefaultFormat } from './bench/samples.ts';
import { type Recorded, replay } from './recording/index.ts';
import { adapterOf, HAS_RECORDINGS, recorded, recordedFiles, WITH_RECORDINGS } from './recording/testing.ts';
import { toFifteen } from './wire/decimal-text.ts';

// CommonJS that calls itself a module: imported as one it would have no default.
const tardis = createRequire(import.meta.url)('tardis-dev') as typeof import('tardis-dev');
const onRecordings = HAS_RECORDINGS ? describe : describe.skip;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** Book messages of each code, and what is to be left out of them, by file. */
const EXPECTED: readonly (readonly [venue: string, file: string, stale: number, messages: Readonly<Record<string, number>>])[] = [
  [
    'upbit',
    'upbit_20210405_simple_9pairs.jsonl.gz',
    0,
    {
      ...{ 'KRW-DAWN': 260, 'KRW-STX': 231, 'KRW-ADA': 191, 'KRW-ANKR': 111, 'BTC-FLOW': 94, 'KRW-IQ': 81, 'KRW-BAT': 76 },
      ...{ 'BTC-CHZ': 11, 'BTC-BASIC': 6 },
    },
  ],
  ['upbit', 'upbit_default-format_messages.jsonl', 0, { 'KRW-DOT': 1, 'USDT-ETC': 1, 'KRW-DOGE': 0 }],
  ['binance', 'btcusdt_20240808.gz', 2, { BTCUSDT: 3451 }],
  ['binance', 'binance_20210404_btc_eth_dot_usdt.jsonl.gz', 32, { ETHUSDT: 909, BTCUSDT: 899, DOTUSDT: 880 }],
  ['binance', 'binance_20211012_4symbols_exchangeinfo.jsonl.gz', 5, { NKNUSDT: 150, LRCBTC: 15, BLZETH: 10, RUNEEUR: 2 }],
  [
    'binance',
    'binance-us_20210417_10symbols_usdtusd.jsonl.gz',
    10,
    {
      ...{ BTCUSDT: 187, BCHUSDT: 158, XLMUSDT: 144, ETHBUSD: 106, ZRXUSD: 78, OMGUSD: 60, ATOMUSDT: 31, ZENUSD: 26 },
      ...{ USDTUSD: 11, BUSDUSD: 6 },
    },
  ],
];

onRecordings(`recorded messages${WITH_RECORDINGS}`, () => {
  it('are all in the table', () => {
    const files = ['upbit', 'binance'].flatMap((venue) => recordedFiles(venue).map((file) => `${venue}/${file}`));
    expect(EXPECTED.map(([venue, file]) => `${venue}/${file}`).sort()).toEqual([...files].sort());
  });

  it.each(EXPECTED)('of %s, %s give every book, without a gap, a resync or a crossed one', (venue, file, stale, messages) => {
    let books = 0;
    const feed = replay(adapterOf(venue), recorded(venue, file), {
      seen: (outputs) => {
        for (const output of outputs) {
          if (output.kind !== 'book') continue;
          books++;
          const fault = faultOf(output);
          if (fault !== null) throw new Error(`${output.code} at ${output.sequence}: ${fault}`);
        }
      },
    });
    expect(Object.fromEntries(feed.codes().map((code) => [code, feed.counts(code).messages]))).toEqual(messages);
    const sum = (name: 'gaps' | 'resyncs' | 'crossed' | 'stale') => feed.codes().reduce((all, code) => all + feed.counts(code)[name], 0);
    expect([sum('gaps'), sum('resyncs'), sum('crossed'), sum('stale')]).toEqual([0, 0, 0, stale]);
    expect(feed.totals().bad).toBe(0);
    expect(books).toBeGreaterThanOrEqual(Object.values(messages).reduce((all, count) => all + count, 0) - stale);
  });

  it.each([
    ['btcusdt_20240808.gz', 2_894],
    ['binance_20211012_4symbols_exchangeinfo.jsonl.gz', 51],
    ['binance-us_20210417_10symbols_usdtusd.jsonl.gz', 306],
  ])('of binance, %s give the best bid and ask, price and size, that bookTicker says, %d times of as many', (file, times) => {
    const entries = recorded('binance', file);
    const tickers = new Map<string, TickerOut[]>();
    const firstIds = new Map<string, number>();
    const books: BookOut[] = [];
    replay(adapterOf('binance'), entries, {
      tickers: true,
      seen: (outputs, _, entry) => {
        for (const output of outputs) {
          if (output.kind === 'ticker')
            tickers
              .set(output.code, tickers.get(output.code) ?? [])
              .get(output.code)
              ?.push(output);
          if (output.kind === 'book' && output.from === 'stream') books.push(output);
        }
        if (entry.kind !== 'frame') return;
        const ids = /"s":"(\w+)","U":(\d+),"u":(\d+)/.exec(text(entry.bytes.subarray(0, 200)));
        if (ids !== null) firstIds.set(`${ids[1]} ${ids[3]}`, Number(ids[2]));
      },
    });
    const verdicts = books.flatMap(({ code, sequence, bids, asks }) => {
      // The last ticker within the change says how the book's head is after it.
      const first = firstIds.get(`${code} ${sequence}`) ?? Number.POSITIVE_INFINITY;
      const ticker = lastUpTo(tickers.get(code) ?? [], sequence);
      if (ticker === undefined || ticker.updateId < first) return [];
      return [JSON.stringify([bids[0], asks[0]]) === JSON.stringify([ticker.bid.map(Number), ticker.ask.map(Number)])];
    });
    expect([verdicts.length, verdicts.filter(Boolean).length]).toEqual([times, times]);
  });

  it('of upbit give levels whose every digit is as it was sent, also where a number cannot hold it', () => {
    let long = 0;
    replay(adapterOf('upbit'), recorded('upbit', 'upbit_20210405_simple_9pairs.jsonl.gz'), {
      seen: (outputs, feed, entry) => {
        if (entry.kind !== 'frame' || outputs[0]?.kind !== 'book') return;
        const sizes = [...text(entry.bytes).matchAll(/"bs":([\d.E+-]+)/g)].map(([, size]) => size as string);
        const said = feed.levels(outputs[0].code, 30)?.bids.map(([, size]) => size) ?? [];
        for (const [i, size] of sizes.entries()) {
          expect(toFifteen(said[i] ?? '', 'down')).toEqual(toFifteen(size, 'down'));
          if (toFifteen(size, 'down')?.long) long++;
        }
      },
    });
    expect(long).toBeGreaterThan(0);
  });
});

onRecordings(`against tardis-dev on the same messages${WITH_RECORDINGS}`, () => {
  it.each(recordedFiles('upbit'))('upbit, %s: the same levels after every message', (file) => {
    const mapper = tardis.normalizeBookChanges('upbit', new Date());
    let compared = 0;
    replay(adapterOf('upbit'), recorded('upbit', file), {
      seen: (outputs, _, entry) => {
        const [output] = outputs;
        if (output?.kind !== 'book' || entry.kind !== 'frame') return;
        // It reads format DEFAULT only, keeps levels of size 0, and has no limit to the digits of a number.
        const [change] = mapper.map(JSON.parse(inDefaultFormat(text(entry.bytes))), new Date()) as Iterable<Change>;
        same([output.bids, output.asks], [levelsOf(change?.bids), levelsOf(change?.asks)]);
        expect(output.exchangeAt).toBe((change?.timestamp.getTime() ?? 0) * 1_000);
        compared++;
      },
    });
    expect(compared).toBeGreaterThan(1);
  });

  it.each(recordedFiles('binance'))('binance, %s: the same 30 levels a side after every message', (file) => {
    const entries = recorded('binance', file);
    const mapper = tardis.normalizeBookChanges('binance', new Date());
    const books = new Map<string, InstanceType<typeof tardis.OrderBook>>();
    const only = entries.flatMap((entry) => (entry.kind === 'frame' ? [codeIn(entry) ?? []].flat() : []))[0] ?? '';
    let compared = 0;
    replay(adapterOf('binance'), entries, {
      seen: (outputs, feed, entry) => {
        const message = tardisMessage(entry, only);
        if (message === null || !mapper.canHandle(message)) return;
        for (const change of mapper.map(message, new Date()) as Iterable<Change>) {
          const book = books.get(change.symbol) ?? new tardis.OrderBook();
          books.set(change.symbol, book);
          book.update(change as never);
          const ours = outputs.findLast((output): output is BookOut => output.kind === 'book');
          expect(ours?.code).toBe(change.symbol);
          same([ours?.bids, ours?.asks], [levelsOf(first(book.bids())), levelsOf(first(book.asks()))]);
          compared++;
        }
        if (entry.kind === 'frame' && outputs.some(({ kind }) => kind === 'book'))
          expect(books.size).toBeLessThanOrEqual(feed.codes().length);
      },
    });
    expect(compared).toBeGreaterThan(100);
  });
});

/**
 * What is compared is what both say, message by message. Where they differ by design:
 * - it reads Upbit's format DEFAULT only, so a message in SIMPLE is renamed for it, which changes no value;
 * - it keeps levels of size 0, which are none, and drops those of price 0, as we do;
 * - its numbers are doubles as JSON reads them: a size of more than 15 digits is rounded by us, and kept as text beside it;
 * - an id beyond 2^53 loses its last digits in it;
 * - of Binance it reads `@trade`, `@bookTicker` and the wrapped `@depth`, and no `@aggTrade`;
 * - it says one change for a snapshot and all that was kept until then, where we say each: after the last they are equal.
 */
onRecordings(`trades and tickers against tardis-dev on the same messages${WITH_RECORDINGS}`, () => {
  it.each(recordedFiles('upbit'))('upbit, %s: the same trades', (file) => {
    const mapper = tardis.normalizeTrades('upbit', new Date());
    let compared = 0;
    replay(adapterOf('upbit'), recorded('upbit', file), {
      trades: true,
      seen: (outputs, _, entry) => {
        if (entry.kind !== 'frame') return;
        const message = JSON.parse(tradeInDefaultFormat(text(entry.bytes))) as object;
        const theirs = mapper.canHandle(message) ? [...(mapper.map(message, new Date()) as Iterable<Trade>)] : [];
        compared += compareTrades(outputs, theirs);
      },
    });
    expect(compared).toBeGreaterThan(0);
  });

  it.each([
    ['btcusdt_20240808.gz', 9_757],
    ['binance_20210404_btc_eth_dot_usdt.jsonl.gz', 0],
  ])('binance, %s: the same %i trades, and those of aggTrade beside them', (file, count) => {
    const mapper = tardis.normalizeTrades('binance', new Date());
    let [compared, aggregated] = [0, 0];
    replay(adapterOf('binance'), recorded('binance', file), {
      trades: true,
      seen: (outputs, _, entry) => {
        if (entry.kind !== 'frame') return;
        const message = JSON.parse(text(entry.bytes)) as { readonly stream: string };
        if (mapper.canHandle(message)) compared += compareTrades(outputs, [...(mapper.map(message, new Date()) as Iterable<Trade>)]);
        else aggregated += outputs.filter(({ kind }) => kind === 'trade').length;
      },
    });
    expect([compared, aggregated > 0]).toEqual([count, count === 0]);
  });

  it.each([
    ['btcusdt_20240808.gz', 28_040],
    ['binance_20211012_4symbols_exchangeinfo.jsonl.gz', 1],
    ['binance-us_20210417_10symbols_usdtusd.jsonl.gz', 1],
  ])('binance, %s: the same best prices and sizes (of at least %i tickers)', (file, count) => {
    const mapper = tardis.normalizeBookTickers('binance', new Date());
    let compared = 0;
    replay(adapterOf('binance'), recorded('binance', file), {
      tickers: true,
      seen: (outputs, _, entry) => {
        if (entry.kind !== 'frame') return;
        const message = JSON.parse(text(entry.bytes)) as { readonly stream: string };
        if (!mapper.canHandle(message)) return;
        const ours = outputs.flatMap((output) =>
          output.kind === 'ticker' ? [[output.code, ...output.bid, ...output.ask].map(numeric)] : [],
        );
        const theirs = [...(mapper.map(message, new Date()) as Iterable<Ticker>)].map((ticker) => [
          ticker.symbol,
          ...[ticker.bidPrice, ticker.bidAmount, ticker.askPrice, ticker.askAmount],
        ]);
        same(ours, theirs);
        compared++;
      },
    });
    expect(compared).toBeGreaterThanOrEqual(count);
  });
});

interface Trade {
  readonly symbol: string;
  readonly id: string;
  readonly price: number;
  readonly amount: number;
  readonly side: string;
  readonly timestamp: Date;
}
interface Ticker {
  readonly symbol: string;
  readonly bidPrice: number;
  readonly bidAmount: number;
  readonly askPrice: number;
  readonly askAmount: number;
}

/** A pair's code is no number, whatever it looks like. */
function numeric(value: string, place: number): string | number {
  return place === 0 ? value : Number(value);
}

function compareTrades(outputs: readonly Output[], theirs: readonly Trade[]): number {
  const ours = outputs.flatMap((output) => (output.kind === 'trade' ? [output] : []));
  same(
    ours.map(({ code, id, price, size, side, exchangeAt }) => [code, id, price, size, side, exchangeAt]),
    theirs.map(({ symbol, id, price, amount, side, timestamp }) => [symbol, id, price, amount, side, timestamp.getTime() * 1_000]),
  );
  return theirs.length;
}

const TRADE_NAMES: Readonly<Record<string, string>> = {
  ...{ ty: 'type', cd: 'code', ttms: 'trade_timestamp', tp: 'trade_price', tv: 'trade_volume', ab: 'ask_bid', sid: 'sequential_id' },
};

function tradeInDefaultFormat(simple: string): string {
  return simple.replaceAll(/"(\w+)":/g, (key, name: string) => (TRADE_NAMES[name] === undefined ? key : `"${TRADE_NAMES[name]}":`));
}

/** For what is compared thousands of times: the matcher's own walk over it would take most of the test. */
function same(ours: unknown, theirs: unknown): void {
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) expect(ours).toEqual(theirs);
}

interface Change {
  readonly symbol: string;
  readonly timestamp: Date;
  readonly bids: readonly Priced[];
  readonly asks: readonly Priced[];
}
interface Priced {
  readonly price: number;
  readonly amount: number;
}

function levelsOf(levels: readonly Priced[] = []): readonly Level[] {
  return levels
    .filter(({ amount }) => amount > 0)
    .map(({ price, amount }) => [price, toFifteen(String(amount).replace('e', 'E'), 'down')?.value ?? Number.NaN] as const);
}

function first(levels: Iterable<Priced>): readonly Priced[] {
  const top: Priced[] = [];
  for (const level of levels) if (top.push(level) === 30) break;
  return top;
}

function codeIn(entry: Recorded): string | null {
  return entry.kind === 'frame' ? (/"s":"(\w+)"/.exec(text(entry.bytes.subarray(0, 200)))?.[1] ?? null) : null;
}

/** What its own recorder would have written: a snapshot is a message of a stream of that name. */
function tardisMessage(entry: Recorded, only: string): object | null {
  if (entry.kind === 'frame') return JSON.parse(text(entry.bytes)) as object;
  if (entry.kind !== 'answer' || (entry.url !== null && !entry.url.includes('/depth?'))) return null;
  const code = /symbol=(\w+)/.exec(entry.url ?? '')?.[1] ?? only;
  return { stream: `${code.toLowerCase()}@depthSnapshot`, data: JSON.parse(text(entry.body)) };
}

function lastUpTo(tickers: readonly TickerOut[], updateId: number): TickerOut | undefined {
  let [low, high] = [0, tickers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tickers[middle]?.updateId ?? 0) <= updateId) low = middle + 1;
    else high = middle;
  }
  return tickers[low - 1];
}

/** What is wrong with a book by itself. */
function faultOf({ bids, asks }: BookOut): string | null {
  for (const [name, side, sign] of [['bids', bids, -1], ['asks', asks, 1]] as const) // biome-ignore format: two sides
    for (const [i, [price, size]] of side.entries()) {
      if (!(price > 0 && size > 0)) return `${name}[${i}] is [${price}, ${size}]`;
      const before = side[i - 1];
      if (before !== undefined && sign * price <= sign * before[0]) return `${name}[${i}] is out of order`;
    }
  const [bid, ask] = [bids[0], asks[0]];
  return bid !== undefined && ask !== undefined && bid[0] >= ask[0] ? `crossed: ${bid[0]}, ${ask[0]}` : null;
}
