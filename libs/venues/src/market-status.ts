export interface MarketStatus {
  readonly code: string;
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
