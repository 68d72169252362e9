import type { AnyEvent } from '@arb/shared/contracts';

/** How much the available volume varies: its deviation as a part of its mean, of the coin where it varies least. */
export interface Volumes {
  readonly bids: number;
  readonly asks: number;
  /** The same of what was on offer to the orders that were filled, by what they did. */
  readonly sold: number;
  readonly bought: number;
  /** Merged books without any fresh venue. */
  readonly noneActive: number;
}

interface Spread {
  count: number;
  sum: number;
  squares: number;
}

type Side = 'bids' | 'asks' | 'sold' | 'bought';
/** Of a coin at a venue: so few are enough to see that not all of them met the same volume. */
const LEAST = 5;

export function openVolumes(): { see(event: AnyEvent): void; volumes(): Volumes } {
  const spreads = new Map<string, Spread>();
  let noneActive = 0;
  function count(side: Side, coin: string, volume: number): void {
    const key = `${side} ${coin}`;
    const spread = spreads.get(key) ?? { count: 0, sum: 0, squares: 0 };
    spreads.set(key, spread);
    spread.count++;
    spread.sum += volume;
    spread.squares += volume * volume;
  }
  function least(side: Side): number {
    const found = [...spreads].filter(([key, { count }]) => key.startsWith(`${side} `) && count >= LEAST);
    return found.length === 0 ? 0 : Math.min(...found.map(([, spread]) => variation(spread)));
  }
  return {
    see(event) {
      if (event.type === 'l2') {
        const { coin, bids, asks, venues } = event.data;
        if (venues.every(({ state }) => state !== 'fresh')) noneActive++;
        count('bids', coin, volumeOf(bids));
        count('asks', coin, volumeOf(asks));
      } else if (event.type === 'fill') {
        const { side, symbol, venue, available } = event.data;
        count(side === 'buy' ? 'bought' : 'sold', `${venue} ${symbol}`, Number(available));
      }
    },
    volumes: () => ({ bids: least('bids'), asks: least('asks'), sold: least('sold'), bought: least('bought'), noneActive }),
  };
}

function volumeOf(levels: readonly (readonly [price: number, size: number, ...rest: number[]])[]): number {
  let sum = 0;
  for (const [, size] of levels) sum += size;
  return sum;
}

function variation({ count, sum, squares }: Spread): number {
  const mean = sum / count;
  return Math.sqrt(Math.max(0, squares / count - mean * mean)) / mean;
}
