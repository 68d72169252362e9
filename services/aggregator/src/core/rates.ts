/** A rate as an `fx` event said it: `rate` is the price of one second currency in the first, `at` when the market last said so. */
export interface SaidRate {
  readonly position: number;
  readonly rate: number;
  readonly at: number;
}

/** What a price in a quote currency is divided by, the facts it rests on, and the age of the oldest of them. */
export interface Conversion {
  readonly rate: number;
  readonly positions: readonly number[];
  readonly at: number;
}

/** As many pairs as all quote currencies of the venues need, and some more. What comes beyond is not kept. */
export const MOST_PAIRS = 64;
const NONE_NEEDED: Conversion = { rate: 1, positions: [], at: Number.POSITIVE_INFINITY };

/**
 * From a quote currency to the numeraire: as said, the other way round, or over one currency between (`KRW-USD` and
 * `USD-USDT`). Null where no rates lead there. A coin that others are quoted in (`ETH-BTC`) converts the same way.
 */
export function conversionOf(said: ReadonlyMap<string, SaidRate>, quote: string, numeraire: string): Conversion | null {
  if (quote === numeraire) return NONE_NEEDED;
  const direct = step(said, quote, numeraire);
  if (direct !== null) return direct;
  for (const pair of said.keys()) {
    const [first, second] = pair.split('-') as [string, string];
    const between = first === quote ? second : second === quote ? first : null;
    if (between === null) continue;
    const there = step(said, quote, between);
    const on = step(said, between, numeraire);
    if (there !== null && on !== null)
      return { rate: there.rate * on.rate, positions: [...there.positions, ...on.positions], at: Math.min(there.at, on.at) };
  }
  return null;
}

function step(said: ReadonlyMap<string, SaidRate>, from: string, to: string): Conversion | null {
  const straight = said.get(`${from}-${to}`);
  if (straight !== undefined) return { rate: straight.rate, positions: [straight.position], at: straight.at };
  const reverse = said.get(`${to}-${from}`);
  return reverse === undefined ? null : { rate: 1 / reverse.rate, positions: [reverse.position], at: reverse.at };
}
