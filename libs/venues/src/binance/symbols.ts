import { type CoinNames, coinSpelling, partsOf, type SymbolMap } from '../symbols.ts';

/**
 * For codes that the venue's list does not hold. The longest that fits is the quote: `ETHBUSD` is not ETHB in USD.
 * Nobody sells dollars for something, so `USDTUSD` is not USD in TUSD.
 */
const QUOTES = [
  ...['FDUSD', 'USDT', 'USDC', 'BUSD', 'TUSD', 'USDP', 'USD1', 'IDRT', 'BIDR', 'BVND', 'BKRW', 'DOGE'],
  ...['USDS', 'EURI', 'AEUR', 'BTC', 'ETH', 'BNB', 'EUR', 'TRY', 'BRL', 'GBP', 'AUD', 'JPY', 'RUB', 'UAH', 'NGN', 'ZAR'],
  ...['VAI', 'DAI', 'PAX', 'XRP', 'TRX', 'DOT', 'SOL', 'ARS', 'COP', 'MXN', 'CZK', 'PLN', 'RON', 'IDR', 'KRW', 'USD'],
].sort((a, b) => b.length - a.length);
const CODE = /^[A-Z0-9]{2,40}$/;

/** `BTCUSDT` ↔ `BTC-USDT`. Nothing in the code says where the base ends: the venue's own list does. */
export function binanceSymbols(
  instruments: readonly { readonly code: string; readonly base: string; readonly quote: string }[] = [],
  names: CoinNames = {},
): SymbolMap {
  const coins = coinSpelling(names);
  const partsByCode = new Map(instruments.map(({ code, base, quote }) => [code, [base, quote] as const]));
  return {
    symbolOf(code) {
      const parts = partsByCode.get(code) ?? split(code);
      if (parts === null) return null;
      const symbol = `${coins.canonical(parts[0])}-${coins.canonical(parts[1])}`;
      return partsOf(symbol) === null ? null : symbol;
    },
    codeOf(symbol) {
      const parts = partsOf(symbol);
      if (parts === null) return null;
      const [base, quote] = [coins.ticker(parts[0]), coins.ticker(parts[1])];
      return base === null || quote === null ? null : base + quote;
    },
  };
}

function split(code: string): readonly [string, string] | null {
  if (!CODE.test(code)) return null;
  const quote = QUOTES.find((one) => code.endsWith(one) && code.length > one.length && code.slice(0, -one.length) !== 'USD');
  return quote === undefined ? null : [code.slice(0, -quote.length), quote];
}
