import type { ExactLevel, Level } from '../adapter.ts';
import { plainNumber } from '../wire/decimal-text.ts';
import type { LevelList } from './level-list.ts';

/** The newest book of a venue that sends whole ones. */
export interface WholeBook {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** Sizes whose number is rounded, as the venue wrote them, by index; null where there are none. */
  readonly exactBids: ReadonlyMap<number, string> | null;
  readonly exactAsks: ReadonlyMap<number, string> | null;
}

export function wholeBook(bids: LevelList, asks: LevelList): WholeBook {
  return {
    bids: levelsOf(bids),
    asks: levelsOf(asks),
    exactBids: bids.exact.size === 0 ? null : new Map(bids.exact),
    exactAsks: asks.exact.size === 0 ? null : new Map(asks.exact),
  };
}

function levelsOf({ prices, sizes, count }: LevelList): readonly Level[] {
  const levels: Level[] = new Array(count);
  for (let i = 0; i < count; i++) levels[i] = [prices[i] as number, sizes[i] as number];
  return levels;
}

/** What is wrong with the order of a side's prices; null when they run from best to worst. */
export function orderFault(side: 'bids' | 'asks', { prices, count }: LevelList): string | null {
  const sign = side === 'bids' ? -1 : 1;
  for (let i = 1; i < count; i++)
    if (sign * (prices[i] as number) <= sign * (prices[i - 1] as number))
      return `${side}[${i}] is out of order: ${prices[i]} after ${prices[i - 1]}`;
  return null;
}

export function exactLevels(levels: readonly Level[], exact: ReadonlyMap<number, string> | null, depth: number): readonly ExactLevel[] {
  return levels.slice(0, depth).map(([price, size], i) => [plainNumber(price), exact?.get(i) ?? plainNumber(size)]);
}
