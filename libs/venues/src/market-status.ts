export interface MarketStatus {
  readonly code: string;
  readonly base: string;
  readonly quote: string;
  /** `closing`: cancels only, or about to be delisted. */
  readonly state: 'trading' | 'halted' | 'closing';
  /** The venue's own warnings, in its words. */
  readonly warnings: readonly string[];
}

export interface WalletStatus {
  readonly coin: string;
  readonly network: string | null;
  readonly deposits: boolean;
  readonly withdrawals: boolean;
}

/** How much a market is traded, as far as the answer says it: a venue may need two answers for the whole. */
export interface MarketActivity {
  readonly code: string;
  /** Of the last 24 hours, in the quote currency. */
  readonly volume: number | null;
  readonly bid: number | null;
  readonly ask: number | null;
  /** In the quote currency, on both sides, as deep as the answer shows. */
  readonly depth: number | null;
}
