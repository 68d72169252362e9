import type { Quote } from './fx-rate.ts';

/** The middle of a venue's newest book of a symbol. `at` in ms of whatever clock `now` is of. */
export interface Mid {
  readonly venue: string;
  /** `BTC-KRW`: one BTC costs `price` KRW. */
  readonly symbol: string;
  readonly price: number;
  readonly at: number;
}

/** Crosses go through these coins: the most traded, so the least away from their true price. */
const CROSS_COINS = ['BTC', 'ETH', 'XRP'];
const MOST_CROSSES = 4;

/** All that the watched books say of how many `first` one `second` costs. A new venue adds its books and nothing else. */
export function quotesOf(pair: string, mids: readonly Mid[], now: number): readonly Quote[] {
  const [first, second] = pair.split('-') as [string, string];
  const direct = mids.flatMap(({ venue, symbol, price, at }): readonly Quote[] => {
    const rate = symbol === `${second}-${first}` ? price : symbol === `${first}-${second}` ? 1 / price : null;
    return rate === null ? [] : [{ source: `${venue} ${symbol}`, rate, ageMs: now - at, kind: 'direct' }];
  });
  return [...direct, ...crosses(first, second, mids, now)];
}

function crosses(first: string, second: string, mids: readonly Mid[], now: number): readonly Quote[] {
  const found: Quote[] = [];
  for (const coin of CROSS_COINS)
    for (const inFirst of mids) {
      if (coin === first || coin === second || inFirst.symbol !== `${coin}-${first}`) continue;
      for (const inSecond of mids) {
        if (inSecond.symbol !== `${coin}-${second}` || found.length === MOST_CROSSES) continue;
        const source = `${coin} ${inFirst.venue}/${inSecond.venue}`;
        found.push({ source, rate: inFirst.price / inSecond.price, ageMs: now - Math.min(inFirst.at, inSecond.at), kind: 'cross' });
      }
    }
  return found;
}
