/** Between a venue's spelling and the canonical `BASE-QUOTE`. Null: not a pair that this venue spells. */
export interface SymbolMap {
  symbolOf(code: string): string | null;
  codeOf(symbol: string): string | null;
}

const PAIR = /^([A-Z0-9]{1,20})-([A-Z0-9]{1,20})$/;

export function partsOf(symbol: string): readonly [base: string, quote: string] | null {
  const parts = PAIR.exec(symbol);
  return parts === null ? null : [parts[1] as string, parts[2] as string];
}

/** Coins that a venue calls by another's name, or two names for one coin: the venue's ticker → the canonical one. */
export type CoinNames = Readonly<Record<string, string>>;

export interface CoinSpelling {
  canonical(ticker: string): string;
  /** Null: the ticker belongs to another coin at this venue. */
  ticker(coin: string): string | null;
}

export function coinSpelling(names: CoinNames): CoinSpelling {
  const canonicalOf = new Map(Object.entries(names));
  const tickerOf = new Map([...canonicalOf].map(([ticker, coin]) => [coin, ticker]));
  return {
    canonical: (ticker) => canonicalOf.get(ticker) ?? ticker,
    ticker: (coin) => tickerOf.get(coin) ?? (canonicalOf.has(coin) ? null : coin),
  };
}
