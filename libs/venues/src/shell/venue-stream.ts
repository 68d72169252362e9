import type { BookOut, Output, TradeOut, VenueAdapter, VenueFeed } from '../adapter.ts';
import type { SymbolMap } from '../symbols.ts';
import type { Bucket } from './bucket.ts';
import type { Clock } from './clock.ts';
import { Outbox } from './outbox.ts';
import { type LossKind, ReconnectWait } from './reconnect-wait.ts';
import type { RestSender } from './rest-sender.ts';
import { TradeMemory } from './trade-memory.ts';
import type { OpenSocket, VenueSocket } from './venue-socket.ts';

const TICK_MS = 100;
/** A tick that came so much later than wanted: this process slept, and the venue is not to blame for the silence. */
const SLEPT_MS = 1_000;
/** Nothing heard for so long: the venue is asked whether it is there. */
const ASK_AFTER_MS = 2_000;
/** And still nothing: the connection is half-open. */
const HALF_OPEN_MS = 5_000;
/** A live connection without any new book for so long is replaced, and then less and less often. */
const FROZEN_MS = 15_000;
const FROZEN_MOST_MS = 300_000;
/** A successor's books may be a little behind; and some codes may have no book at all. */
const CATCH_UP_MS = 2_000;
/** Of each code, what a successor has said and the old connection perhaps not yet: the one is ahead by a few frames at most. */
const MOST_AHEAD = 64;
const SUCCEED_WITHIN_MS = 20_000;

export interface StreamSink {
  book(book: BookOut): void;
  trade(trade: TradeOut): void;
  /** No book of this code is to be trusted until the next one comes. */
  absent(code: string, symbol: string, why: string): void;
  fault(why: string, code: string | null): void;
  /** Nothing is wrong with a book, and somebody may want to know. */
  note(what: string): void;
  opened(): void;
  lost(why: string, waitMs: number): void;
}

export interface StreamDeps {
  readonly adapter: VenueAdapter;
  readonly url: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly open: OpenSocket;
  readonly rest: RestSender;
  /** Of the venue: all its connections share it. */
  readonly connects: Bucket;
  readonly symbols: SymbolMap;
  readonly depth: number;
  readonly trades: boolean;
  /** One above all epochs that were ever used. */
  readonly nextEpoch: () => number;
  readonly sink: StreamSink;
}

interface Link {
  readonly feed: VenueFeed;
  readonly outbox: Outbox;
  /** Of each code, the newest. */
  readonly newest: Map<string, BookOut>;
  /** Of a successor: its newest books of each code, in order. */
  readonly ahead: Map<string, BookOut[]>;
  socket: VenueSocket | null;
  /** Monotonic ms; null while the socket is not open. */
  openedAt: number | null;
  heardAt: number;
  asked: boolean;
  readyAt: number | null;
}

export interface StreamCounts {
  readonly reconnects: number;
  readonly renewals: number;
  readonly lastBookAt: number | null;
}

/** One connection to a venue, for good: it comes back by itself, and is replaced before it ends where that is known. */
export class VenueStream {
  private readonly deps: StreamDeps;
  private readonly wait: ReconnectWait;
  private readonly trades = new TradeMemory();
  private current: Link;
  private successor: Link | null = null;
  private readonly cancels = new Set<() => void>();
  private closed = false;
  private opens = 0;
  private renewals = 0;
  private lastAt = 0;
  private bookAt: number | null = null;
  private tickedAt: number;
  private frozenMs = FROZEN_MS;
  private frozenFrom = 0;

  constructor(deps: StreamDeps, codes: readonly string[]) {
    this.deps = deps;
    this.wait = new ReconnectWait(deps.random);
    this.tickedAt = deps.clock.monotonicMs();
    this.current = this.newLink(codes);
    this.connect(this.current);
    this.later(TICK_MS, () => this.tick());
  }

  codes(): readonly string[] {
    return this.current.feed.codes();
  }

  watch(codes: readonly string[]): void {
    for (const link of this.links()) {
      const kept = new Set(codes);
      for (const code of link.newest.keys()) if (!kept.has(code)) link.newest.delete(code);
      this.take(link, link.feed.watch(codes, this.at()));
    }
  }

  open(): boolean {
    return this.current.openedAt !== null;
  }

  counts(): StreamCounts {
    return { reconnects: Math.max(0, this.opens - 1 - this.renewals), renewals: this.renewals, lastBookAt: this.bookAt };
  }

  feed(): VenueFeed {
    return this.current.feed;
  }

  /** A successor is opened, and takes over once it knows what this connection knows. */
  renew(why: string): void {
    if (this.successor !== null || this.closed) return;
    this.deps.sink.note(`a new connection is opened before the old one is left: ${why}`);
    this.successor = this.newLink(this.codes());
    this.connect(this.successor);
  }

  close(): void {
    this.closed = true;
    for (const cancel of this.cancels) cancel();
    for (const link of this.links()) this.drop(link);
  }

  // ---- connections --------------------------------------------------------------------------------------------------

  private links(): readonly Link[] {
    return this.successor === null ? [this.current] : [this.current, this.successor];
  }

  private alive(link: Link): boolean {
    return !this.closed && (link === this.current || link === this.successor);
  }

  private newLink(codes: readonly string[]): Link {
    const { adapter, trades, depth, symbols, clock, nextEpoch } = this.deps;
    const link: Link = {
      feed: adapter.feed({ codes, trades, depth, symbols, firstEpoch: nextEpoch() }),
      outbox: new Outbox(adapter.connection.messages, clock, (frame) => link.socket?.send(frame)),
      newest: new Map(),
      ahead: new Map(),
      socket: null,
      openedAt: null,
      heardAt: 0,
      asked: false,
      readyAt: null,
    };
    return link;
  }

  private connect(link: Link): void {
    if (!this.alive(link)) return;
    const { clock, connects } = this.deps;
    const waitMs = connects.waitMs(1, 'urgent', clock.monotonicMs());
    if (waitMs > 0) {
      this.later(waitMs, () => this.connect(link));
      return;
    }
    connects.spend(1, clock.monotonicMs());
    const mine = (): boolean => this.alive(link) && link.socket === socket;
    const socket = this.deps.open(this.deps.url, {
      opened: () => mine() && this.opened(link),
      frame: (bytes) => {
        if (!mine()) return;
        this.heard(link);
        this.take(link, link.feed.frame(bytes, this.at()));
      },
      heard: () => {
        if (!mine()) return;
        this.heard(link);
        link.feed.heard(this.at());
      },
      lost: (why, kind, retryAfterMs) => mine() && this.lost(link, why, kind, retryAfterMs),
    });
    link.socket = socket;
  }

  private heard(link: Link): void {
    link.heardAt = this.deps.clock.monotonicMs();
    link.asked = false;
  }

  private opened(link: Link): void {
    this.opens++;
    link.openedAt = this.deps.clock.monotonicMs();
    this.heard(link);
    this.deps.rest.revived();
    this.take(link, link.feed.opened(this.at()));
    if (link === this.current) this.deps.sink.opened();
  }

  private drop(link: Link): void {
    link.outbox.close();
    link.socket?.end();
    link.socket = null;
    link.openedAt = null;
  }

  private lost(link: Link, why: string, kind: LossKind, retryAfterMs: number | null): void {
    this.drop(link);
    const waitMs = this.wait.take(kind, retryAfterMs);
    if (link === this.successor) {
      // The old one still serves; its venue or this loop asks for another successor.
      this.successor = null;
      this.deps.sink.note(`the successor was lost: ${why}`);
      this.later(waitMs, () => this.renew('the last successor was lost'));
      return;
    }
    this.take(link, link.feed.closed(this.at()));
    this.deps.sink.lost(why, waitMs);
    for (const book of link.newest.values()) this.deps.sink.absent(book.code, book.symbol, why);
    link.newest.clear();
    if (this.successor?.openedAt != null) this.succeed();
    else {
      if (this.successor !== null) this.drop(this.successor);
      this.successor = null;
      this.later(waitMs, () => this.connect(link));
    }
  }

  // ---- what a feed answers ------------------------------------------------------------------------------------------

  private take(link: Link, outputs: readonly Output[]): void {
    for (const output of outputs) {
      if (!this.alive(link)) return;
      if (output.kind === 'book') this.takeBook(link, output);
      else if (output.kind === 'trade') {
        if (this.trades.isNew(output)) this.deps.sink.trade(output);
      } else if (output.kind === 'send') {
        if (!link.outbox.put(output.frame)) this.lost(link, 'more is to be sent than the venue takes', 'away', null);
      } else if (output.kind === 'rest') this.ask(link, output.request);
      else if (output.kind === 'fault') this.deps.sink.fault(output.why, output.code);
      else if (output.kind === 'reconnect') {
        if (output.overlap && link === this.current) this.renew(output.why);
        else if (!output.overlap && link.socket !== null) this.lost(link, output.why, output.refused ? 'refused' : 'away', null);
      } else if (output.kind === 'skipped' && output.why !== 'buffered' && output.why !== 'stale') {
        link.newest.delete(output.code);
        link.ahead.delete(output.code);
        if (link === this.current) this.deps.sink.absent(output.code, output.symbol, output.why);
      }
    }
    if (link === this.successor) this.succeedOnceReady(link);
  }

  private takeBook(link: Link, book: BookOut): void {
    if (book.confirmed) {
      // No sign of life of the stream, and nothing that a successor must know.
      if (link === this.current) this.deps.sink.book(book);
      return;
    }
    link.newest.set(book.code, book);
    if (book.from === 'stream' && link.openedAt !== null) this.wait.proved();
    if (link === this.successor) {
      const ahead = link.ahead.get(book.code) ?? [];
      link.ahead.set(book.code, ahead);
      if (ahead.push(book) > MOST_AHEAD) ahead.shift();
      return;
    }
    if (!book.backup) {
      this.bookAt = this.deps.clock.monotonicMs();
      this.frozenMs = FROZEN_MS;
    }
    this.deps.sink.book(book);
  }

  private ask(link: Link, request: Parameters<VenueFeed['answer']>[0]): void {
    this.deps.rest.ask({
      owner: link,
      request,
      urgency: request.backup || request.what === 'confirm' ? 'ordinary' : 'urgent',
      wanted: () => this.alive(link),
      answered: (response) => this.take(link, link.feed.answer(request, response, this.at())),
    });
  }

  // ---- make before break --------------------------------------------------------------------------------------------

  private succeedOnceReady(link: Link): void {
    const now = this.deps.clock.monotonicMs();
    const late = link.openedAt !== null && now - link.openedAt >= SUCCEED_WITHIN_MS;
    if (!link.feed.ready() && !late) return;
    link.readyAt ??= now;
    if (late || now - link.readyAt >= CATCH_UP_MS || this.caughtUp(link)) this.succeed();
  }

  /** It knows no less than the old one: nothing goes back in time at the switch. */
  private caughtUp(link: Link): boolean {
    for (const [code, ours] of this.current.newest) {
      const theirs = link.newest.get(code);
      if (theirs === undefined) return false;
      const timed = ours.exchangeAt !== null && theirs.exchangeAt !== null;
      // Without a time there is a number of the venue's own, the same on both connections.
      if (timed ? (theirs.exchangeAt as number) < (ours.exchangeAt as number) : theirs.sequence < ours.sequence) return false;
    }
    return true;
  }

  private succeed(): void {
    const { current: old, successor } = this;
    if (successor === null) return;
    this.current = successor;
    this.successor = null;
    this.renewals++;
    const had = [...old.newest.values()];
    this.drop(old);
    // All that the old one has not said, not the newest alone.
    for (const [code, newest] of successor.newest) {
      const last = old.newest.get(code);
      for (const book of successor.ahead.get(code) ?? [])
        if (book === newest || (last !== undefined && follows(book, last))) this.takeBook(successor, book);
    }
    successor.ahead.clear();
    for (const { code, symbol } of had)
      if (!successor.newest.has(code)) this.deps.sink.absent(code, symbol, 'the new connection has no book of it');
    this.deps.sink.opened();
  }

  // ---- time ---------------------------------------------------------------------------------------------------------

  private tick(): void {
    this.later(TICK_MS, () => this.tick());
    const now = this.deps.clock.monotonicMs();
    const slept = now - this.tickedAt > SLEPT_MS;
    this.tickedAt = now;
    if (slept) this.frozenFrom = now;
    for (const link of this.links()) {
      if (slept) this.heard(link);
      this.take(link, link.feed.tick(this.at()));
      if (this.alive(link)) this.listen(link, now);
    }
    if (this.successor !== null) this.succeedOnceReady(this.successor);
    this.thaw(now);
  }

  /** A connection whose other end has gone without a word looks like a quiet one, but for its pongs. */
  private listen(link: Link, now: number): void {
    if (link.openedAt === null) return;
    const silentMs = now - link.heardAt;
    if (silentMs >= HALF_OPEN_MS) this.lost(link, `half-open: no answer to a ping for ${HALF_OPEN_MS / 1_000} s`, 'away', null);
    else if (silentMs >= ASK_AFTER_MS && !link.asked) {
      link.asked = true;
      link.outbox.spent();
      link.socket?.ping();
    }
  }

  private thaw(now: number): void {
    if (this.current.openedAt === null || this.successor !== null || this.codes().length === 0) return;
    const since = Math.max(this.bookAt ?? 0, this.current.openedAt, this.frozenFrom);
    if (now - since < this.frozenMs) return;
    this.frozenFrom = now;
    this.renew(`no new book for ${this.frozenMs / 1_000} s`);
    this.frozenMs = Math.min(FROZEN_MOST_MS, this.frozenMs * 2);
  }

  private at(): number {
    this.lastAt = Math.max(this.lastAt, this.deps.clock.wallMicros());
    return this.lastAt;
  }

  private later(ms: number, call: () => void): void {
    const cancel = this.deps.clock.after(ms, () => {
      this.cancels.delete(cancel);
      if (!this.closed) call();
    });
    this.cancels.add(cancel);
  }
}

/** By the venue's own time, and within the same moment by the number that it has counted up to. */
function follows(book: BookOut, last: BookOut): boolean {
  const [at, before] = [book.exchangeAt, last.exchangeAt];
  return at === null || before === null || at === before ? book.sequence > last.sequence : at > before;
}
