import type { BookCounts, BookOut, FeedOptions, Micros, Output, TradeOut, VenueFeed } from '../adapter.ts';
import type { Pace } from '../feed/asking.ts';
import { CodeTable } from '../feed/code-table.ts';
import { depthOf, MOST_CODES, noCounts } from '../feed/counts.ts';
import { FaultLog } from '../feed/fault-log.ts';
import { Pulse } from '../feed/pulse.ts';
import type { RestRequest, RestResponse } from '../rest.ts';
import type { SymbolMap } from '../symbols.ts';
import { plainDecimal, toFifteen } from '../wire/decimal-text.ts';
import { toMicros } from '../wire/time.ts';
import { DepthBook } from './depth-book.ts';
import { DepthMessage, streamOf } from './depth-message.ts';
import { binanceRest, isRow, readAnswer, SNAPSHOT_LEVELS } from './rest.ts';
import { BINANCE_CONNECTION, binanceLimitNews } from './rules.ts';
import { binanceSymbols } from './symbols.ts';

/** A quiet symbol sends no change that could start its snapshot: after so long it is asked for anyway. */
const QUIET_US = 2_000_000;
/** The stream is given so long to come back before the back-up begins; then one book each tenth of a second. */
const BACKUP_AFTER_US = 3_000_000;
const BACKUP_EVERY_US = 100_000;
const BACKUP_LEVELS = 100;
/** How often it is looked whether the market has left the part of a book that is known. */
const LOOK_EVERY_US = 1_000_000;
/** All books that begin anew again and again share what most of the limit allows: so long for each of them. */
const PAUSE_PER_BOOK_MS = 65;
/** Of a snapshot after one that did not last: the cheapest. */
const REPEATED_LEVELS = 100;
/** Streams in one request: its text stays far below what a frame may hold. */
const STREAMS_AT_ONCE = 200;
/** A subscription that is refused, or not acknowledged for so long, is asked for again, more and more rarely. */
const ACKNOWLEDGED_US = 10_000_000;
const SUBSCRIBE_AGAIN_US = 1_000_000;
const SUBSCRIBE_AGAIN_MOST_US = 60_000_000;
const NOTHING: readonly Output[] = [];
const utf8 = new TextDecoder('utf-8', { fatal: true });

interface Subscription {
  readonly streams: readonly string[];
  /** When it is asked for again unless it is acknowledged before. */
  again: Micros;
  failures: number;
}

type Data = Readonly<Record<string, unknown>>;

export class BinanceFeed implements VenueFeed {
  private readonly books = new Map<string, DepthBook>();
  private readonly table = new CodeTable<DepthBook>();
  private readonly faultLog = new FaultLog();
  private readonly pulse = new Pulse(BINANCE_CONNECTION);
  private readonly message = new DepthMessage();
  private readonly symbols: SymbolMap;
  private readonly depth: number;
  private readonly anyCode: boolean;
  private readonly options: FeedOptions;
  /** The highest that a book has had which is not watched any more: one that is watched again begins above it. */
  private usedEpoch: number;
  private frames = 0;
  private unknown = 0;
  private requests = 0;
  /** Not acknowledged yet, by their ids. */
  private readonly subscriptions = new Map<number, Subscription>();
  private openedAt: Micros = 0;
  private closedAt: Micros | null = null;
  private backupAt: Micros = 0;
  private backupNext = 0;
  private lookedAt: Micros = 0;
  private readonly pace: Pace = { mostPauseMs: 0 };

  constructor(options: FeedOptions) {
    this.options = options;
    this.usedEpoch = options.firstEpoch - 1;
    this.symbols = options.symbols ?? binanceSymbols();
    this.depth = depthOf(options.depth);
    this.anyCode = options.codes === 'any';
    if (options.codes !== 'any') for (const code of options.codes) this.addBook(code);
  }

  opened(at: Micros): readonly Output[] {
    this.openedAt = at;
    this.closedAt = null;
    this.pulse.opened(at);
    for (const book of this.books.values()) {
      book.begin();
      book.asking.drop();
    }
    this.subscriptions.clear();
    return this.subscribe([...this.books.keys()], 'SUBSCRIBE', at);
  }

  closed(at: Micros): readonly Output[] {
    this.closedAt ??= at;
    this.pulse.closed();
    for (const book of this.books.values()) {
      book.live = false;
      book.asking.drop();
    }
    return NOTHING;
  }

  heard(at: Micros): void {
    this.pulse.heard(at);
  }

  frame(bytes: Uint8Array, at: Micros): readonly Output[] {
    this.frames++;
    this.pulse.heard(at);
    const { message } = this;
    if (message.readBytes(bytes)) {
      const book =
        this.table.find(bytes, message.codeFrom, message.codeTo) ?? this.newBook(message.scanner.slice(message.codeFrom, message.codeTo));
      if (book !== null) return this.take(book, bytes, at);
      this.unknown++;
      return NOTHING;
    }
    return this.frameTheLongWay(bytes, at);
  }

  answer(request: RestRequest, response: RestResponse, at: Micros): readonly Output[] {
    const code = request.codes[0] ?? '';
    const book = request.what === 'book' ? (this.books.get(code) ?? this.newBook(code)) : null;
    if (book === null || (request.backup && this.pulse.open)) return NOTHING;
    try {
      if (response.status !== 200) throw new Error(`answers ${response.status}`);
      const answer = readAnswer(response.body, 'the order book');
      const why = isRow(answer) ? this.message.readSnapshot(answer) : 'is no object';
      if (why !== null) throw new Error(why);
    } catch (error) {
      book.asking.failed(at, binanceLimitNews(response).waitMs);
      return [this.faultLog.add(response.body, `REST ${request.path} ${(error as Error).message}`, code, at)];
    }
    if (!this.pulse.open) return request.backup ? this.takeBackup(book, at) : NOTHING;
    if (book.live) {
      if (!book.shallow(this.depth)) book.asking.served(at);
      else if (!book.deepen(this.message, at)) book.asking.unfit(at);
      else {
        book.asking.served(at);
        return [this.bookOut(book, at, 'rest', false)];
      }
      return NOTHING;
    }
    const outputs: Output[] = [];
    book.snapshot(this.message, at, this.readAgain, (outcome) => {
      const from = outcome === 'snapshot' ? 'rest' : 'stream';
      if (outcome === 'snapshot' || outcome === 'applied') outputs.push(this.bookOut(book, at, from, false));
      // What is kept a second time has been said to be.
      else if (outcome !== 'buffered') outputs.push({ kind: 'skipped', code, symbol: book.symbol, why: outcome });
    });
    if (book.live) book.asking.served(at);
    // The answer was good, but not for this: the next one will be newer.
    else book.asking.unfit(at);
    return outputs;
  }

  watch(codes: readonly string[], at: Micros): readonly Output[] {
    const kept = new Set(codes);
    const gone = [...this.books.keys()].filter((code) => !kept.has(code));
    const come = [...kept].filter((code) => !this.books.has(code));
    for (const code of gone) {
      this.usedEpoch = Math.max(this.usedEpoch, this.books.get(code)?.epoch ?? 0);
      this.books.delete(code);
    }
    for (const code of come) this.addBook(code).begin();
    this.table.clear();
    for (const book of this.books.values()) this.table.add(book.code, book);
    if (!this.pulse.open) return NOTHING;
    return [...this.subscribe(gone, 'UNSUBSCRIBE', at), ...this.subscribe(come, 'SUBSCRIBE', at)];
  }

  tick(at: Micros): readonly Output[] {
    if (!this.pulse.open) return this.askForBackup(at);
    const outputs = [...this.pulse.tick(at), ...this.subscribeAgain(at)];
    const looks = at - this.lookedAt >= LOOK_EVERY_US;
    if (looks) this.lookedAt = at;
    for (const book of this.books.values()) {
      if (book.live) {
        if (looks && book.shallow(this.depth) && book.asking.want(at)) outputs.push(...this.ask(book));
        continue;
      }
      if (book.asking.due(at) || (at - this.openedAt >= QUIET_US && book.asking.want(at))) outputs.push(...this.ask(book));
    }
    return outputs;
  }

  ready(): boolean {
    for (const book of this.books.values()) if (!book.live) return false;
    return this.pulse.open;
  }

  codes(): readonly string[] {
    return [...this.books.keys()];
  }

  levels(code: string, depth: number) {
    const book = this.books.get(code);
    return book?.live ? { bids: book.bids.exactTop(depth), asks: book.asks.exactTop(depth) } : null;
  }

  counts(code: string): Readonly<BookCounts> {
    return this.books.get(code)?.counts ?? noCounts();
  }

  totals() {
    return { frames: this.frames, bad: this.faultLog.bad, unknown: this.unknown };
  }

  faults() {
    return this.faultLog.newest();
  }

  /** A book change that stands in `message`. */
  private take(book: DepthBook, bytes: Uint8Array, at: Micros): readonly Output[] {
    book.counts.messages++;
    const outcome = book.change(this.message, bytes, at);
    if (outcome === 'applied') return [this.bookOut(book, at, 'stream', false)];
    const skipped: Output = { kind: 'skipped', code: book.code, symbol: book.symbol, why: outcome };
    return outcome === 'stale' ? [skipped] : [skipped, ...this.askFor(book, at)];
  }

  private bookOut(book: DepthBook, receivedAt: Micros, from: 'stream' | 'rest', backup: boolean): BookOut {
    const { code, symbol, epoch, lastId, exchangeAt, bids, asks } = book;
    return {
      kind: 'book',
      code,
      symbol,
      epoch,
      sequence: lastId,
      exchangeAt,
      receivedAt,
      from,
      backup,
      bids: bids.top(this.depth),
      asks: asks.top(this.depth),
    };
  }

  private frameTheLongWay(bytes: Uint8Array, at: Micros): readonly Output[] {
    let value: unknown;
    try {
      value = JSON.parse(utf8.decode(bytes));
    } catch (error) {
      return this.bad(bytes, `is not JSON: ${(error as Error).message.slice(0, 80)}`, this.bookOfStream(bytes), at);
    }
    if (!isRow(value)) return this.bad(bytes, 'is no object', null, at);
    const data = isRow(value.data) ? value.data : value;
    if (data.e === 'depthUpdate') return this.takeChange(data, bytes, at);
    if (data.e === 'trade' || data.e === 'aggTrade') return this.takeTrade(data, bytes, at);
    if (data.e === 'serverShutdown') return this.pulse.renew('the venue announces that it ends this connection');
    if (data.e === undefined && typeof data.s === 'string' && typeof data.u === 'number') return this.takeTicker(data, data.u, bytes, at);
    if (isRow(value.error) || (typeof value.code === 'number' && typeof value.msg === 'string')) {
      const { code, msg } = isRow(value.error) ? value.error : value;
      this.refused(value.id, at);
      return [this.faultLog.add(bytes, `binance refuses: ${String(code)}: ${String(msg)}`.slice(0, 200), null, at)];
    }
    const book = this.bookOfStream(bytes);
    if (book !== null) return this.bad(bytes, 'came on a depth stream and is no change of a book', book, at);
    if (!('result' in value)) this.unknown++;
    else if (typeof value.id === 'number') this.subscriptions.delete(value.id);
    return NOTHING;
  }

  private takeChange(data: Data, bytes: Uint8Array, at: Micros): readonly Output[] {
    const code = typeof data.s === 'string' ? data.s : '';
    const book = this.books.get(code) ?? this.newBook(code);
    if (book === null) {
      this.unknown++;
      return NOTHING;
    }
    const why = this.message.readObject(data);
    if (why === null) return this.take(book, bytes, at);
    book.counts.messages++;
    return this.bad(bytes, why, book, at);
  }

  private takeTrade(data: Data, bytes: Uint8Array, at: Micros): readonly Output[] {
    const code = typeof data.s === 'string' ? data.s : '';
    const book = this.books.get(code);
    if (this.options.trades !== true || book === undefined) return NOTHING;
    const trade = readTrade(data, book, at);
    return typeof trade === 'string' ? [this.faultLog.add(bytes, trade, code, at)] : [trade];
  }

  private takeTicker(data: Data, updateId: number, bytes: Uint8Array, at: Micros): readonly Output[] {
    if (this.options.tickers !== true) return NOTHING;
    const [b, B, a, A] = [data.b, data.B, data.a, data.A].map((text) => (typeof text === 'string' ? plainDecimal(text) : null));
    if (b == null || B == null || a == null || A == null)
      return [this.faultLog.add(bytes, 'the ticker lacks a price or size', String(data.s), at)];
    return [{ kind: 'ticker', code: String(data.s), updateId, bid: [b, B], ask: [a, A] }];
  }

  /** Where it is known whose change was lost, the book begins anew; else the next change of that book shows the hole. */
  private bad(bytes: Uint8Array, why: string, book: DepthBook | null, at: Micros): readonly Output[] {
    const fault = this.faultLog.add(bytes, why, book?.code ?? null, at);
    if (book === null) return [fault];
    book.resync();
    return [fault, { kind: 'skipped', code: book.code, symbol: book.symbol, why: 'bad' }, ...this.askFor(book, at)];
  }

  private bookOfStream(bytes: Uint8Array): DepthBook | null {
    const [symbol, channel] = (streamOf(bytes) ?? '').split('@');
    return symbol !== undefined && channel === 'depth' ? (this.books.get(symbol.toUpperCase()) ?? null) : null;
  }

  private readonly readAgain = (bytes: Uint8Array): boolean => {
    if (this.message.readBytes(bytes)) return true;
    const value = JSON.parse(utf8.decode(bytes)) as Data;
    return this.message.readObject(isRow(value.data) ? value.data : value) === null;
  };

  private askFor(book: DepthBook, at: Micros): readonly Output[] {
    return this.pulse.open && book.asking.want(at) ? this.ask(book) : NOTHING;
  }

  private ask(book: DepthBook): readonly Output[] {
    return binanceRest
      .book([book.code], { depth: book.asking.repeated && !book.live ? REPEATED_LEVELS : snapshotLevels(this.books.size) })
      .map((request) => ({ kind: 'rest', request }));
  }

  private askForBackup(at: Micros): readonly Output[] {
    if (this.closedAt === null || at - this.closedAt < BACKUP_AFTER_US || at - this.backupAt < BACKUP_EVERY_US) return NOTHING;
    const books = [...this.books.values()];
    const next = books[this.backupNext % Math.max(1, books.length)];
    this.backupNext++;
    if (next === undefined || !next.asking.want(at)) return NOTHING;
    this.backupAt = at;
    return binanceRest.book([next.code], { backup: true, depth: BACKUP_LEVELS }).map((request) => ({ kind: 'rest', request }));
  }

  /** The snapshot stands in `message`. Each is an epoch of its own: nothing connects it with the last. */
  private takeBackup(book: DepthBook, at: Micros): readonly Output[] {
    book.begin();
    book.asking.drop();
    book.snapshot(this.message, at, this.readAgain, () => {});
    const outputs = book.live ? [this.bookOut(book, at, 'rest', true)] : NOTHING;
    book.live = false;
    return outputs;
  }

  private subscribe(codes: readonly string[], method: 'SUBSCRIBE' | 'UNSUBSCRIBE', at: Micros): readonly Output[] {
    const streams = codes.flatMap((code) => {
      const name = code.toLowerCase();
      const more = [this.options.trades === true ? `${name}@trade` : '', this.options.tickers === true ? `${name}@bookTicker` : ''];
      return [`${name}@depth@100ms`, ...more.filter((stream) => stream !== '')];
    });
    return Array.from({ length: Math.ceil(streams.length / STREAMS_AT_ONCE) }, (_, i) => {
      const some = streams.slice(i * STREAMS_AT_ONCE, (i + 1) * STREAMS_AT_ONCE);
      const output = this.request(method, some);
      if (method === 'SUBSCRIBE') this.subscriptions.set(this.requests, { streams: some, again: at + ACKNOWLEDGED_US, failures: 0 });
      return output;
    });
  }

  private request(method: 'SUBSCRIBE' | 'UNSUBSCRIBE', params: readonly string[]): Output {
    return { kind: 'send', frame: JSON.stringify({ method, params, id: ++this.requests }) };
  }

  private refused(id: unknown, at: Micros): void {
    const refused = typeof id === 'number' ? this.subscriptions.get(id) : undefined;
    if (refused === undefined) return;
    refused.again = at + Math.min(SUBSCRIBE_AGAIN_MOST_US, SUBSCRIBE_AGAIN_US * 2 ** Math.min(10, refused.failures));
  }

  /** Without it a book that the venue says nothing of would look like a quiet one for ever. */
  private subscribeAgain(at: Micros): readonly Output[] {
    const outputs: Output[] = [];
    for (const [id, { streams, again, failures }] of [...this.subscriptions]) {
      if (at < again) continue;
      this.subscriptions.delete(id);
      const wanted = streams.filter((stream) => this.books.has(stream.slice(0, stream.indexOf('@')).toUpperCase()));
      if (wanted.length === 0) continue;
      outputs.push(this.request('SUBSCRIBE', wanted));
      const waitUs = Math.min(SUBSCRIBE_AGAIN_MOST_US, ACKNOWLEDGED_US * 2 ** Math.min(10, failures));
      this.subscriptions.set(this.requests, { streams: wanted, again: at + waitUs, failures: failures + 1 });
    }
    return outputs;
  }

  private newBook(code: string): DepthBook | null {
    if (!this.anyCode || this.books.size >= MOST_CODES || this.symbols.symbolOf(code) === null) return null;
    const book = this.addBook(code);
    book.begin();
    return book;
  }

  private addBook(code: string): DepthBook {
    const symbol = this.symbols.symbolOf(code);
    if (symbol === null) throw new RangeError(`binance: expected a code such as BTCUSDT, found ${JSON.stringify(code)}`);
    const book = new DepthBook(code, symbol, this.usedEpoch, this.pace);
    this.books.set(code, book);
    this.pace.mostPauseMs = this.books.size * PAUSE_PER_BOOK_MS;
    this.table.add(code, book);
    return book;
  }
}

/** All books may have to begin anew at once, and again a little later, within a minute's limit of 6,000: many of them begin less deep. */
function snapshotLevels(books: number): number {
  return books <= 50 ? SNAPSHOT_LEVELS : books <= 100 ? 500 : 100;
}

/** A trade or an aggregated one; text: what is wrong with it. */
function readTrade({ t, a, p, q, m, T }: Data, { code, symbol }: DepthBook, receivedAt: Micros): TradeOut | string {
  const id = t ?? a;
  const price = typeof p === 'string' ? toFifteen(p, 'down') : null;
  const size = typeof q === 'string' ? toFifteen(q, 'down') : null;
  if (!Number.isSafeInteger(id)) return 'the trade has no id';
  if (price === null || size === null || price.value === 0 || size.value === 0) return 'the trade has no price or no quantity';
  if (typeof m !== 'boolean') return 'the trade does not say who was the maker';
  const exchangeAt = typeof T === 'number' ? toMicros(T) : null;
  // Where the buyer was the maker, the taker sold.
  return {
    kind: 'trade',
    code,
    symbol,
    id: String(id),
    side: m ? 'sell' : 'buy',
    price: price.value,
    size: size.value,
    exchangeAt,
    receivedAt,
  };
}
