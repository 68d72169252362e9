import type { BookCounts, BookOut, FeedOptions, Level, Micros, Output, VenueFeed } from '../adapter.ts';
import type { LevelList } from '../book/level-list.ts';
import { exactLevels, orderFault, type WholeBook, wholeBook } from '../book/whole-book.ts';
import { Asking } from '../feed/asking.ts';
import { CodeTable } from '../feed/code-table.ts';
import { depthOf, MOST_CODES, noCounts } from '../feed/counts.ts';
import { FaultLog } from '../feed/fault-log.ts';
import { Pulse } from '../feed/pulse.ts';
import type { RestRequest, RestResponse } from '../rest.ts';
import type { SymbolMap } from '../symbols.ts';
import { field, isObject, type Json, type JsonObject, readJson, textOf } from '../wire/json-text.ts';
import { BookMessage, codeOfMessage, typeOf } from './book-message.ts';
import { Confirming, QUIET_US } from './confirming.ts';
import { rowsOf, upbitRest } from './rest.ts';
import { UPBIT_CONNECTION, upbitLimitNews } from './rules.ts';
import { upbitSymbols } from './symbols.ts';
import { readTrade } from './trade-message.ts';

/** The back-up: so many books a second while the stream is away. */
const BACKUP_EVERY_US = 1_000_000;
const BACKUP_CODES = 100;
/** The stream is given so long to come back before the back-up begins. */
const BACKUP_AFTER_US = 3_000_000;
/** So many in a row that look older than the book: not they are wrong, but its time, or the venue's clock was put back. */
const MOST_STALE = 3;
const TRADE_HEADS = ['{"ty":"trade",', '{"type":"trade",'] as const;
const NOTHING: readonly Output[] = [];

interface Line {
  readonly code: string;
  readonly symbol: string;
  readonly counts: BookCounts;
  epoch: number;
  sequence: number;
  /** The next book begins a new epoch; until then there is none to be trusted. */
  renew: boolean;
  /** It is renewed because something was wrong with it, not because the connection is new. */
  broken: boolean;
  book: WholeBook | null;
  exchangeAt: Micros;
  /** Messages in a row that looked older than the book. */
  stale: number;
  /** When its book was last received or confirmed. */
  saidAt: Micros;
  /** Time of the newest book since it was last connected, trusted or not any more: an answer over REST may not go back behind it. */
  knownAt: Micros;
}

export class UpbitFeed implements VenueFeed {
  private readonly lines = new Map<string, Line>();
  private readonly table = new CodeTable<Line>();
  private readonly faultLog = new FaultLog();
  private readonly pulse = new Pulse(UPBIT_CONNECTION);
  private readonly message = new BookMessage();
  private readonly mend = new Asking();
  private readonly confirming = new Confirming();
  private readonly symbols: SymbolMap;
  private readonly depth: number;
  private readonly anyCode: boolean;
  private readonly options: FeedOptions;
  /** The highest that a book has had which is not watched any more: one that is watched again begins above it. */
  private usedEpoch: number;
  private frames = 0;
  private unknown = 0;
  private closedAt: Micros | null = null;
  private backupAt: Micros = 0;
  private backupFrom = 0;

  constructor(options: FeedOptions) {
    this.options = options;
    this.usedEpoch = options.firstEpoch - 1;
    this.symbols = options.symbols ?? upbitSymbols();
    this.depth = depthOf(options.depth);
    this.anyCode = options.codes === 'any';
    if (options.codes !== 'any') for (const code of options.codes) this.addLine(code);
  }

  opened(at: Micros): readonly Output[] {
    this.closedAt = null;
    this.pulse.opened(at);
    this.confirming.begin();
    this.forget();
    for (const line of this.lines.values()) line.knownAt = 0;
    return this.subscription(at);
  }

  closed(at: Micros): readonly Output[] {
    this.closedAt ??= at;
    this.pulse.closed();
    this.mend.drop();
    this.forget();
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
      const line =
        this.table.find(bytes, message.codeFrom, message.codeTo) ?? this.newLine(message.scanner.slice(message.codeFrom, message.codeTo));
      if (line !== null) return this.takeBook(line, bytes, at, 'stream', false);
      this.unknown++;
      return NOTHING;
    }
    return this.frameTheLongWay(bytes, at);
  }

  answer(request: RestRequest, response: RestResponse, at: Micros): readonly Output[] {
    if (request.what === 'confirm') return this.takeConfirmation(response, at);
    if (request.what !== 'book') return NOTHING;
    // An answer that was asked for while the stream was away says nothing once it is back.
    const away = !this.pulse.open;
    if (request.backup && !away) return NOTHING;
    let rows: readonly JsonObject[];
    try {
      if (response.status !== 200) throw new Error(`answers ${response.status}`);
      rows = rowsOf(response.body, 'the order book');
    } catch (error) {
      this.mend.failed(at, upbitLimitNews(response).waitMs);
      return [this.faultLog.add(response.body, `REST ${request.path} ${(error as Error).message}`, null, at)];
    }
    const outputs: Output[] = [];
    for (const row of rows) {
      const line = this.lines.get(codeOfMessage(row) ?? '');
      // A book of the stream that came in the meantime is the newer one.
      if (line === undefined || !(line.renew || away)) continue;
      const why = this.message.readObject(row);
      // A cache's: what was known before it is newer.
      if (why === null && (this.message.exchangeAt ?? 0) < line.knownAt) continue;
      if (why !== null) outputs.push(this.faultLog.add(response.body, `REST ${request.path}: ${line.code}: ${why}`, line.code, at));
      else outputs.push(...this.takeBook(line, response.body, at, 'rest', away));
    }
    if (!request.backup) {
      // An answer that leaves out what was asked for is asked for again, but not at once.
      if (request.codes.some((code) => this.lines.get(code)?.broken === true)) this.mend.unfit(at);
      else this.mend.served(at);
    }
    return [...outputs, ...this.askToMend(at)];
  }

  watch(codes: readonly string[], at: Micros): readonly Output[] {
    const kept = new Set(codes);
    for (const [code, { epoch }] of [...this.lines]) {
      if (kept.has(code)) continue;
      this.lines.delete(code);
      this.usedEpoch = Math.max(this.usedEpoch, epoch);
    }
    for (const code of kept) if (!this.lines.has(code)) this.addLine(code);
    this.table.clear();
    for (const line of this.lines.values()) this.table.add(line.code, line);
    return this.pulse.open ? this.subscription(at) : NOTHING;
  }

  tick(at: Micros): readonly Output[] {
    if (this.pulse.open) return [...this.pulse.tick(at), ...this.askToMend(at), ...this.askWhetherTrue(at)];
    if (this.closedAt === null || at - this.closedAt < BACKUP_AFTER_US || at - this.backupAt < BACKUP_EVERY_US) return NOTHING;
    this.backupAt = at;
    const codes = [...this.lines.keys()];
    if (codes.length === 0) return NOTHING;
    const from = this.backupFrom % codes.length;
    this.backupFrom = from + BACKUP_CODES;
    const some = codes.slice(from, from + BACKUP_CODES);
    return upbitRest.book(some, { backup: true, depth: this.depth }).map((request) => ({ kind: 'rest', request }));
  }

  ready(): boolean {
    for (const line of this.lines.values()) if (line.renew) return false;
    return this.pulse.open;
  }

  codes(): readonly string[] {
    return [...this.lines.keys()];
  }

  levels(code: string, depth: number) {
    const line = this.lines.get(code);
    if (line === undefined || line.book === null) return null;
    const { bids, asks, exactBids, exactAsks } = line.book;
    return { bids: exactLevels(bids, exactBids, depth), asks: exactLevels(asks, exactAsks, depth) };
  }

  counts(code: string): Readonly<BookCounts> {
    return this.lines.get(code)?.counts ?? noCounts();
  }

  totals() {
    return { frames: this.frames, bad: this.faultLog.bad, unknown: this.unknown };
  }

  faults() {
    return this.faultLog.newest();
  }

  /** A second subscribe replaces the first, so it always names everything. */
  private subscription(at: Micros): readonly Output[] {
    const codes = [...this.lines.keys()];
    if (codes.length === 0) return NOTHING;
    const suffix = `.${[1, 5, 15].find((depth) => depth >= this.depth) ?? 30}`;
    const parts = [
      { ticket: `arb-${at}` },
      { type: 'orderbook', codes: codes.map((code) => code + suffix) },
      ...(this.options.trades === true ? [{ type: 'trade', codes, is_only_realtime: true }] : []),
      { format: 'SIMPLE' },
    ];
    return [{ kind: 'send', frame: JSON.stringify(parts) }];
  }

  private takeBook(line: Line, bytes: Uint8Array, at: Micros, from: 'stream' | 'rest', backup: boolean): readonly Output[] {
    const { bids, asks, exchangeAt, empty } = this.message;
    const { counts, code, symbol } = line;
    if (from === 'stream') counts.messages++;
    if (exchangeAt === null) return NOTHING;
    const fault = orderFault('bids', bids) ?? orderFault('asks', asks);
    if (fault !== null) return this.bad(line, bytes, fault, at);
    if (bids.count > 0 && asks.count > 0 && (bids.prices[0] as number) >= (asks.prices[0] as number)) {
      counts.crossed++;
      return [{ kind: 'skipped', code, symbol, why: 'crossed' }, ...this.breakUp(line, at)];
    }
    if (!line.renew && exchangeAt < line.exchangeAt) {
      counts.stale++;
      if (++line.stale < MOST_STALE) return [{ kind: 'skipped', code, symbol, why: 'stale' }];
      this.renew(line);
      line.broken = true;
    }
    counts.rounded += bids.rounded + asks.rounded;
    counts.empty += empty;
    if (line.renew || backup) {
      if (line.broken) counts.resyncs++;
      line.epoch++;
      line.sequence = 0;
      line.broken = false;
      // The stream's first book begins an epoch of its own.
      line.renew = backup;
    }
    line.sequence++;
    line.exchangeAt = exchangeAt;
    line.knownAt = exchangeAt;
    line.saidAt = at;
    line.stale = 0;
    const book = wholeBook(bids, asks);
    line.book = book;
    return [this.bookOut(line, book, at, from, backup)];
  }

  private bookOut(line: Line, book: WholeBook, receivedAt: Micros, from: 'stream' | 'rest', backup: boolean): BookOut {
    const { code, symbol, epoch, sequence, exchangeAt } = line;
    const shorter = book.bids.length > this.depth || book.asks.length > this.depth;
    return {
      kind: 'book',
      code,
      symbol,
      epoch,
      sequence,
      exchangeAt,
      receivedAt,
      from,
      backup,
      bids: shorter ? book.bids.slice(0, this.depth) : book.bids,
      asks: shorter ? book.asks.slice(0, this.depth) : book.asks,
    };
  }

  private frameTheLongWay(bytes: Uint8Array, at: Micros): readonly Output[] {
    let value: Json;
    try {
      value = readJson(bytes);
    } catch (error) {
      return this.unreadable(bytes, (error as Error).message, at);
    }
    // JSON_LIST and SIMPLE_LIST wrap messages in a list.
    const messages: readonly Json[] = Array.isArray(value) ? value : [value];
    return messages.flatMap((message) =>
      isObject(message) ? this.takeObject(message, bytes, at) : this.unreadable(bytes, 'is no object', at),
    );
  }

  private takeObject(object: JsonObject, bytes: Uint8Array, at: Micros): readonly Output[] {
    const type = typeOf(object);
    if (type === 'orderbook' || type === 'trade') {
      const code = codeOfMessage(object);
      if (code === null) return this.unreadable(bytes, `its ${type} names no code`, at);
      const line = this.lines.get(code) ?? this.newLine(code);
      if (line === null) {
        this.unknown++;
        return NOTHING;
      }
      if (type === 'trade') return this.takeTrade(object, line, bytes, at);
      const why = this.message.readObject(object);
      if (why === null) return this.takeBook(line, bytes, at, 'stream', false);
      line.counts.messages++;
      return this.bad(line, bytes, why, at);
    }
    if (isObject(object.error)) {
      const { name, message } = object.error;
      const why = `upbit refuses: ${textOf(name) ?? 'no name'}: ${textOf(message) ?? 'no message'}`;
      return [this.faultLog.add(bytes, why, null, at), ...this.pulse.leave(why, true)];
    }
    if (textOf(field(object, 'status')) === null) this.unknown++;
    return NOTHING;
  }

  private takeTrade(object: JsonObject, line: Line, bytes: Uint8Array, at: Micros): readonly Output[] {
    if (this.options.trades !== true) return NOTHING;
    const trade = readTrade(object, line.code, line.symbol, at);
    return typeof trade === 'string' ? [this.faultLog.add(bytes, trade, line.code, at)] : [trade];
  }

  /** Where its beginning says whose book it was, that one is lost; else it may have been anyone's, and none is trusted until its next one. */
  private unreadable(bytes: Uint8Array, why: string, at: Micros): readonly Output[] {
    const { message } = this;
    if (message.readHead(bytes)) {
      const line = this.table.find(bytes, message.codeFrom, message.codeTo);
      if (line !== undefined) {
        line.counts.messages++;
        return this.bad(line, bytes, why, at);
      }
    }
    const outputs: Output[] = [this.faultLog.add(bytes, why, null, at)];
    if (isTrade(bytes)) return outputs;
    for (const line of this.lines.values()) {
      const { code, symbol } = line;
      if (!line.renew) outputs.push({ kind: 'skipped', code, symbol, why: 'bad' });
      this.renew(line);
      line.broken = true;
    }
    return [...outputs, ...this.askToMend(at)];
  }

  private bad(line: Line, bytes: Uint8Array, why: string, at: Micros): readonly Output[] {
    const { code, symbol } = line;
    return [this.faultLog.add(bytes, why, code, at), { kind: 'skipped', code, symbol, why: 'bad' }, ...this.breakUp(line, at)];
  }

  private breakUp(line: Line, at: Micros): readonly Output[] {
    this.renew(line);
    line.broken = true;
    return this.askToMend(at);
  }

  /** Another connection: nothing that was known holds. */
  private forget(): void {
    for (const line of this.lines.values()) this.renew(line);
  }

  private renew(line: Line): void {
    line.renew = true;
    line.broken = false;
    line.book = null;
    line.exchangeAt = 0;
    line.stale = 0;
  }

  /** A quiet book would stay away for minutes: it is asked for. The stream's next one serves as well. */
  private askToMend(at: Micros): readonly Output[] {
    const codes: string[] = [];
    for (const line of this.lines.values()) if (line.broken && codes.length < BACKUP_CODES) codes.push(line.code);
    if (codes.length === 0) {
      this.mend.served(at);
      return NOTHING;
    }
    if (!this.mend.want(at)) return NOTHING;
    return upbitRest.book(codes, { depth: this.depth }).map((request) => ({ kind: 'rest', request }));
  }

  /** Upbit sends nothing while a book does not change, which on most of its pairs lasts longer than a book is trusted. */
  private askWhetherTrue(at: Micros): readonly Output[] {
    if (!this.confirming.due(at)) return NOTHING;
    const quiet = [...this.lines.values()].filter(({ book, renew, saidAt }) => book !== null && !renew && at - saidAt >= QUIET_US);
    if (quiet.length === 0) return NOTHING;
    const longest = quiet.sort((a, b) => a.saidAt - b.saidAt).slice(0, BACKUP_CODES);
    this.confirming.asked(at);
    return upbitRest
      .book(
        longest.map(({ code }) => code),
        { depth: 1 },
      )
      .map((request) => ({ kind: 'rest', request: { ...request, what: 'confirm' } }));
  }

  /**
   * Over REST a book's time is that of its last change, as on the stream: where it is the same, so is the book. Where it
   * is another, the stream is behind or the answer is; the book is left to age. Refusals are counted by whoever sent it.
   */
  private takeConfirmation(response: RestResponse, at: Micros): readonly Output[] {
    let rows: readonly JsonObject[];
    try {
      if (response.status !== 200) throw new Error(`answers ${response.status}`);
      rows = rowsOf(response.body, 'quiet books');
    } catch {
      this.confirming.failed(at, upbitLimitNews(response).waitMs);
      return NOTHING;
    }
    const askedAt = this.confirming.answered();
    if (askedAt === null || !this.pulse.open) return NOTHING;
    return rows.flatMap((row) => {
      const line = this.lines.get(codeOfMessage(row) ?? '');
      if (line === undefined || line.book === null || line.renew || line.saidAt >= askedAt) return NOTHING;
      const { message } = this;
      if (message.readObject(row) !== null || message.exchangeAt !== line.exchangeAt) return NOTHING;
      if (!beginsWith(line.book.bids, message.bids) || !beginsWith(line.book.asks, message.asks)) return NOTHING;
      line.sequence++;
      line.saidAt = askedAt;
      return [{ ...this.bookOut(line, line.book, askedAt, 'rest', false), confirmed: true as const }];
    });
  }

  private newLine(code: string): Line | null {
    return this.anyCode && this.lines.size < MOST_CODES && this.symbols.symbolOf(code) !== null ? this.addLine(code, true) : null;
  }

  private addLine(code: string, indexed = true): Line {
    const symbol = this.symbols.symbolOf(code);
    if (symbol === null) throw new RangeError(`upbit: expected a code such as KRW-BTC, found ${JSON.stringify(code)}`);
    const line: Line = {
      code,
      symbol,
      counts: noCounts(),
      epoch: this.usedEpoch,
      sequence: 0,
      renew: true,
      broken: false,
      book: null,
      exchangeAt: 0,
      stale: 0,
      saidAt: 0,
      knownAt: 0,
    };
    this.lines.set(code, line);
    if (indexed) this.table.add(code, line);
    return line;
  }
}

function beginsWith(levels: readonly Level[], { prices, sizes, count }: LevelList): boolean {
  const [best] = levels;
  return best === undefined ? count === 0 : count > 0 && best[0] === prices[0] && best[1] === sizes[0];
}

/** A trade that is lost is no book that is lost. */
function isTrade(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, 20));
  return TRADE_HEADS.some((beginning) => head.startsWith(beginning));
}
