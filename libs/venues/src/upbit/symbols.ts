import { type CoinNames, coinSpelling, partsOf, type SymbolMap } from '../symbols.ts';

/** `KRW-BTC` ↔ `BTC-KRW`. */
export function upbitSymbols(names: CoinNames = {}): SymbolMap {
  const coins = coinSpelling(names);
  return {
    symbolOf(code) {
      const parts = partsOf(code);
      return parts === null ? null : `${coins.canonical(parts[1])}-${coins.canonical(parts[0])}`;
    },
    codeOf(symbol) {
      const parts = partsOf(symbol);
      if (parts === null) return null;
      const [base, quote] = [coins.ticker(parts[0]), coins.ticker(parts[1])];
      return base === null || quote === null ? null : `${quote}-${base}`;
    },
  };
}
