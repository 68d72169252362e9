/**
 * What every venue's adapter offers. Pure: bytes and times come in, books and wanted actions go out; whoever holds the
 * sockets carries the actions out and hands the answers back.
 */
import type { LimitNews, RateLimit } from './limits.ts';
import type { RestApi, RestRequest, RestResponse } from './rest.ts';
import type { SignedRequest, Signing } from './signing.ts';
import type { CoinNames, SymbolMap } from './symbols.ts';

/** Microseconds since the epoch; handed in, never read from a clock. Never smaller than the last one handed in. */
export type Micros = number;

/** At most 15 significant digits each, both above 0. */
export type Level = readonly [price: number, size: number];
/** Plain decimals, digit for digit what the venue said. */
export type ExactLevel = readonly [price: string, size: string];

export interface BookOut {
  readonly kind: 'book';
  /** The venue's own spelling, `KRW-BTC`. */
  readonly code: string;
  /** `BTC-KRW`. */
  readonly symbol: string;
  /** A new epoch replaces the book; nothing of an older one remains. */
  readonly epoch: number;
  /** Grows within an epoch. The venue's own number where it has one. */
  readonly sequence: number;
  readonly exchangeAt: Micros | null;
  readonly receivedAt: Micros;
  readonly from: 'stream' | 'rest';
  /** Asked for because the stream is away, so older than it looks. */
  readonly backup: boolean;
  /** Nothing new: it has been quiet, and the venue says over REST that it is as it was when `receivedAt` was. */
  readonly confirmed?: true;
  /** Best first. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface TradeOut {
  readonly kind: 'trade';
  readonly code: string;
  readonly symbol: string;
  readonly id: string;
  /** Of the taker. */
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly size: number;
  readonly exchangeAt: Micros | null;
  readonly receivedAt: Micros;
}

/** The venue's own statement of its best prices: a witness against the book that was built. */
export interface TickerOut {
  readonly kind: 'ticker';
  readonly code: string;
  readonly updateId: number;
  readonly bid: ExactLevel;
  readonly ask: ExactLevel;
}

/**
 * A book message that gave no book. `buffered`: kept until the snapshot is there; `stale`: older than the book; the
 * others end the epoch, and no book of this code is good until the next one comes.
 */
export interface SkippedOut {
  readonly kind: 'skipped';
  readonly code: string;
  readonly symbol: string;
  readonly why: 'buffered' | 'stale' | 'gap' | 'crossed' | 'bad';
}

export interface SendOut {
  readonly kind: 'send';
  /** A text frame. */
  readonly frame: string;
}

export interface RestOut {
  readonly kind: 'rest';
  readonly request: RestRequest;
}

export interface ReconnectOut {
  readonly kind: 'reconnect';
  readonly why: string;
  /** True: nothing is wrong yet. Open a successor feed first, and close this one once the successor is `ready`. */
  readonly overlap: boolean;
  /** The venue does not want what it was asked: it is asked again more and more rarely. */
  readonly refused?: boolean;
}

export interface FaultOut {
  readonly kind: 'fault';
  readonly why: string;
  /** Null where the message does not say whom it concerns. */
  readonly code: string | null;
}

export type Output = BookOut | TradeOut | TickerOut | SkippedOut | SendOut | RestOut | ReconnectOut | FaultOut;

export interface BookCounts {
  /** Book messages of the stream, whatever became of them. */
  messages: number;
  /** Holes in the venue's sequence. */
  gaps: number;
  /** Epochs begun because a book could not be trusted any more; reconnects are not among them. */
  resyncs: number;
  /** Messages older than the book they would have changed. */
  stale: number;
  crossed: number;
  checksumsOk: number;
  checksumsBad: number;
  /** Prices and sizes of more than 15 significant digits, rounded to the worse side. */
  rounded: number;
  /** Levels without price or size, where a whole book should hold none. */
  empty: number;
}

export interface FeedCounts {
  readonly frames: number;
  readonly bad: number;
  /** Well-formed, and of a kind that nobody asked for. */
  readonly unknown: number;
}

/** A message that could not be understood, with the beginning of its bytes. */
export interface KeptFault {
  readonly at: Micros;
  readonly why: string;
  readonly length: number;
  readonly head: Uint8Array;
}

export interface FeedOptions {
  /** `any`: every code that comes is taken (recordings). */
  readonly codes: readonly string[] | 'any';
  readonly trades?: boolean;
  readonly tickers?: boolean;
  /** Levels a side in each book that comes out: 1 to 30. */
  readonly depth?: number;
  /** Epochs count up from here: hand in one above all that were used before. */
  readonly firstEpoch: number;
  readonly symbols?: SymbolMap;
}

/** One connection's worth of a venue. Made anew for a successor connection, `opened` again after a loss. */
export interface VenueFeed {
  /** The socket is open: every book begins a new epoch. */
  opened(at: Micros): readonly Output[];
  closed(at: Micros): readonly Output[];
  /** The peer gave a sign of life that is no frame: a protocol-level ping or pong. */
  heard(at: Micros): void;
  /** One WebSocket message, text or binary. The bytes may be reused afterwards. */
  frame(bytes: Uint8Array, at: Micros): readonly Output[];
  answer(request: RestRequest, response: RestResponse, at: Micros): readonly Output[];
  /** Watches these codes from now on. */
  watch(codes: readonly string[], at: Micros): readonly Output[];
  /** Time passes: heartbeats, repeated requests, planned ends. Once a second is enough, more often is harmless. */
  tick(at: Micros): readonly Output[];
  /** Every watched code has a book of this connection. */
  ready(): boolean;
  codes(): readonly string[];
  /** The book as it stands, as deep as it is known; null where there is none that can be trusted. */
  levels(code: string, depth: number): { readonly bids: readonly ExactLevel[]; readonly asks: readonly ExactLevel[] } | null;
  counts(code: string): Readonly<BookCounts>;
  totals(): FeedCounts;
  /** The newest, at most a few. */
  faults(): readonly KeptFault[];
}

export interface ConnectionRules {
  readonly url: string;
  /** Text to send when nothing was sent for so long; null where the protocol's own pings do. */
  readonly heartbeat: { readonly frame: string; readonly everyMs: number } | null;
  /** Nothing received for so long, pings included: the connection is dead. */
  readonly silentMs: number;
  /** The venue ends a connection after so long. */
  readonly lifetimeMs: number | null;
  /** So long before that a successor should be opened. */
  readonly renewBeforeMs: number;
  readonly mostCodes: number;
  readonly connects: RateLimit;
  readonly messages: readonly RateLimit[];
  /** Headers that must never be sent. */
  readonly forbiddenHeaders: readonly string[];
}

export interface Fees {
  /** Fractions of the traded value, as plain decimals. */
  readonly maker: string;
  readonly taker: string;
}

export interface VenueAdapter {
  readonly venue: string;
  readonly connection: ConnectionRules;
  /** By request class; `RestRequest.limit` names one. */
  readonly limits: readonly RateLimit[];
  /** The published ones, of a pair quoted in this currency. An account's own are read with its key. */
  fees(quote: string): Fees;
  /** Built from the venue's own list where there is one, else by spelling; `names` tells coins apart that only look alike. */
  symbols(instruments?: readonly { readonly code: string; readonly base: string; readonly quote: string }[], names?: CoinNames): SymbolMap;
  feed(options: FeedOptions): VenueFeed;
  readonly rest: RestApi;
  /** What an answer says about the limits. */
  limitNews(response: RestResponse): LimitNews;
  /** A request that is `signed`, as this venue wants it. */
  sign(request: RestRequest, signing: Signing): SignedRequest;
  /** Of an answer to a signed request: why its key, or its time, is not taken, and what to do; null where it is not refused for that. */
  keyRefusal(response: RestResponse): string | null;
}
