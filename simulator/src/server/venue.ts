import type { IncomingHttpHeaders } from 'node:http';
import type { Connection } from './connection.ts';
import type { Listing } from './listing.ts';
import type { Say } from './say.ts';

export interface HttpRequest {
  readonly method: string;
  /** Below the venue's own root. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as it was sent: signatures are of that. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  readonly ip: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** What a venue knows of the world. */
export interface Floor {
  readonly listings: readonly Listing[];
  readonly byCode: ReadonlyMap<string, Listing>;
  /** The venue's own clock, which may be off. */
  nowMs(): number;
  /** A clock that never jumps, for limits. */
  monotonicMs(): number;
  /** A book has been told over HTTP: the log knows it from now on. */
  told(listing: Listing): void;
  wallet(coin: string): WalletState;
  /** The venue takes the known key no more. */
  keyRevoked(): boolean;
  /** The venue's own words. */
  warnings(symbol: string): readonly string[];
  usdtInWon(): number;
  /** Won for a dollar, as a bank says it. */
  bankRate(): number;
  readonly say: Say;
}

export interface WalletState {
  readonly deposits: boolean;
  readonly withdrawals: boolean;
}

/** One socket's side of the talk. */
export interface Conversation {
  message(text: string): void;
  closed(): void;
}

/** A venue that is open for business. */
export interface Site {
  /** Someone asks for a socket at this path: a talk, or the answer that refuses it. */
  connect(request: HttpRequest): ((connection: Connection) => Conversation) | HttpAnswer;
  http(request: HttpRequest): HttpAnswer;
  /** The pair's book has moved on; true when somebody heard of it. */
  published(listing: Listing): boolean;
  /** About once a second. */
  tick(): void;
  /** Refuses for its rate whatever is asked. */
  tooMany(status: 429 | 418, retryAfterSeconds: number): HttpAnswer;
  /** The frame that announces the end of a connection; null where the venue ends it without a word. */
  farewell(): Buffer | null;
}

/** A venue's protocol: a folder, and its line in the registry. */
export interface VenueProtocol {
  readonly name: string;
  /** Of a message on its socket: binary, whatever it holds. */
  readonly binaryFrames: boolean;
  codeOf(base: string, quote: string): string;
  open(floor: Floor): Site;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof value === 'string' ? value : JSON.stringify(value),
  };
}
