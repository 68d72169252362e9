import type { Sample } from './samples.ts';

/** Made ready for a sample; then each call takes one raw message to a book, and says something of it. */
export type Contender = (sample: Sample) => (bytes: Uint8Array) => number;

const utf8 = new TextDecoder();
const DEPTH = 30;

function parse(bytes: Uint8Array): unknown {
  // As the libraries themselves do with what `ws` hands them.
  return JSON.parse((bytes as Buffer).toString());
}

export const jsonParse: Contender = () => (bytes) => (parse(bytes) === null ? 0 : 1);

/** What comes out is a book of up to 30 levels a side. */
export const ours: Contender = ({ adapter, snapshots }) => {
  const feed = adapter.feed({ codes: 'any', firstEpoch: 1, depth: DEPTH });
  feed.opened(0);
  for (const { code, body } of snapshots)
    for (const request of adapter.rest.book([code])) feed.answer(request, { status: 200, headers: {}, body }, 0);
  return (bytes) => {
    const [output] = feed.frame(bytes, 1);
    if (output?.kind !== 'book') throw new Error(`no book of ${utf8.decode(bytes.subarray(0, 200))}`);
    return (output.bids[0]?.[0] ?? 0) + (output.asks[0]?.[0] ?? 0);
  };
};

interface TardisChange {
  readonly symbol: string;
  readonly bids: readonly unknown[];
}
interface TardisBook {
  update(change: TardisChange): void;
  bids(): Iterable<{ readonly price: number; readonly amount: number }>;
  asks(): Iterable<{ readonly price: number; readonly amount: number }>;
}
interface Tardis {
  normalizeBookChanges(exchange: string, at: Date): { map(message: unknown, at: Date): Iterable<TardisChange> };
  readonly OrderBook: new () => TardisBook;
}

/** `changes`: to its normalised message only. `books`: on to its order book. `levels`: and its best 30 levels a side out of that. */
export function tardis(library: Tardis, goal: 'changes' | 'books' | 'levels'): Contender {
  return ({ adapter, snapshots }) => {
    const at = new Date(1_700_000_000_000);
    const mapper = library.normalizeBookChanges(adapter.venue, at);
    const books = new Map<string, TardisBook>();
    const take = (message: unknown): number => {
      let count = 0;
      for (const change of mapper.map(message, at)) {
        count += change.bids.length;
        if (goal === 'changes') continue;
        let book = books.get(change.symbol);
        if (book === undefined) {
          book = new library.OrderBook();
          books.set(change.symbol, book);
        }
        book.update(change);
        if (goal === 'levels') count += first(book.bids()).length + first(book.asks()).length;
      }
      return count;
    };
    for (const { code, body } of snapshots) take({ stream: `${code.toLowerCase()}@depthSnapshot`, data: parse(Buffer.from(body)) });
    if (adapter.venue === 'upbit') return (bytes) => take(longNames(parse(bytes) as Record<string, unknown>));
    return (bytes) => take(parse(bytes));
  };
}

/** It reads format DEFAULT only: a message in SIMPLE is left out of its comparison. */
function longNames(message: Record<string, unknown>): Record<string, unknown> {
  if (message.orderbook_units === undefined) throw new Error('tardis-dev does not read format SIMPLE');
  return message;
}

function first(levels: Iterable<{ readonly price: number; readonly amount: number }>): (readonly [number, number])[] {
  const top: (readonly [number, number])[] = [];
  for (const { price, amount } of levels) if (top.push([price, amount]) === DEPTH) break;
  return top;
}

interface CcxtExchange {
  orderbooks: Record<string, { reset(snapshot: unknown): void; readonly bids: readonly number[][] }>;
  options: Record<string, unknown>;
  orderBook(snapshot: unknown, limit?: number): CcxtExchange['orderbooks'][string];
  setMarkets(markets: unknown): void;
  parseOrderBook(book: unknown, symbol: string, timestamp?: number, bids?: string, asks?: string): Record<string, unknown>;
  handleOrderBook(client: unknown, message: unknown): void;
}
export interface Ccxt {
  readonly pro: Readonly<Record<string, new () => CcxtExchange>>;
}

/** Its own handler of one message, with a client that only listens. */
export function ccxt(library: Ccxt): Contender {
  return ({ adapter, snapshots }) => {
    const exchange = new (library.pro[adapter.venue] as new () => CcxtExchange)();
    let heard = 0;
    const client = {
      url: adapter.connection.url,
      subscriptions: {},
      resolve: (book: { readonly bids: readonly (readonly number[])[] }) => {
        heard = book.bids[0]?.[0] ?? 0;
      },
      reject: (error: unknown) => {
        throw error;
      },
    };
    if (adapter.venue === 'upbit') {
      const known = new Set<unknown>();
      return (bytes) => {
        const message = parse(bytes) as Record<string, unknown>;
        // It makes its book at the snapshot, which recordings of real-time frames do not hold.
        if (!known.has(message.code)) exchange.handleOrderBook(client, { ...message, stream_type: 'SNAPSHOT' });
        known.add(message.code);
        exchange.handleOrderBook(client, message);
        return heard;
      };
    }
    const symbols = adapter.symbols();
    const pairs = snapshots.map(({ code, body }) => ({ code, body, symbol: (symbols.symbolOf(code) ?? code).replace('-', '/') }));
    exchange.setMarkets(
      pairs.map(({ code, symbol }) => {
        const [base, quote] = symbol.split('/');
        return { id: code, symbol, base, quote, baseId: base, quoteId: quote, type: 'spot', spot: true, active: true };
      }),
    );
    for (const { body, symbol } of pairs) {
      const answer = parse(Buffer.from(body)) as { lastUpdateId: number };
      const book = exchange.orderBook({}, 1_000);
      book.reset({ ...exchange.parseOrderBook(answer, symbol, undefined, 'bids', 'asks'), nonce: answer.lastUpdateId });
      exchange.orderbooks[symbol] = book;
    }
    return (bytes) => {
      exchange.handleOrderBook(client, (parse(bytes) as { data: unknown }).data);
      return heard;
    };
  };
}

/** Null where it is not installed: it is wanted for this comparison only. */
export async function library<T>(name: string): Promise<T | null> {
  try {
    const found = (await import(name)) as { readonly default?: T } & T;
    return found.default ?? found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}

export type { Tardis };
