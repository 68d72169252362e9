import type { Instrument } from './instrument.ts';
import type { MarketActivity, MarketStatus, WalletStatus } from './market-status.ts';

export interface RestRequest {
  /** `confirm`: whether books that have been quiet are still true. */
  readonly what: 'book' | 'confirm' | 'instruments' | 'markets' | 'activity' | 'wallets';
  readonly method: 'GET';
  /** With its query; the host is the venue's own. */
  readonly path: string;
  readonly host: string;
  readonly codes: readonly string[];
  /** The rate limit it falls under, and what it costs there. */
  readonly limit: string;
  readonly weight: number;
  /** For holders of a key only: whoever sends it has the adapter `sign` it. */
  readonly signed: boolean;
  /** Asked because the stream is away. */
  readonly backup: boolean;
}

export interface RestResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Requests for what no stream says, and their answers. Decoders throw an `AnswerError` that names what is wrong. */
export interface RestApi {
  book(codes: readonly string[], options?: { readonly backup?: boolean; readonly depth?: number }): readonly RestRequest[];
  instruments(codes: readonly string[]): readonly RestRequest[];
  decodeInstruments(body: Uint8Array): readonly Instrument[];
  /** A pair's rules as the venue has published them, for when it does not answer; null where it publishes none. */
  published(code: string): Instrument | null;
  /** Of all pairs, or of these alone. */
  markets(codes?: readonly string[]): readonly RestRequest[];
  decodeMarkets(body: Uint8Array): readonly MarketStatus[];
  activity(codes: readonly string[]): readonly RestRequest[];
  decodeActivity(body: Uint8Array): readonly MarketActivity[];
  wallets(): readonly RestRequest[];
  decodeWallets(body: Uint8Array): readonly WalletStatus[];
}

export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}
