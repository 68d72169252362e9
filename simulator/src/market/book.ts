import type { BookSide, Instrument } from './instrument.ts';
import { priceAt } from './tick.ts';

export type Level = readonly [price: number, size: number];

/** What an instrument shows, as numbers. */
export function bookOf(instrument: Instrument, levels = instrument.shown): { readonly bids: Level[]; readonly asks: Level[] } {
  return { bids: levelsOf(instrument, instrument.bids, levels), asks: levelsOf(instrument, instrument.asks, levels) };
}

function levelsOf(instrument: Instrument, side: BookSide, most: number): Level[] {
  const levels: Level[] = [];
  const { values } = instrument.sizes;
  for (let i = 0; i < levelCount(instrument, side, most); i++) {
    const cell = side.best + i * side.direction;
    levels.push([priceOf(instrument, cell), values[side.indexes[cell & instrument.mask] as number] as number]);
  }
  return levels;
}

/** Near a price of nothing there are fewer bids. */
export function levelCount({ kept }: Instrument, { best, direction }: BookSide, most: number): number {
  const levels = Math.min(kept, most);
  return direction === -1 && best < levels ? best : levels;
}

export function priceOf({ tick, step }: Instrument, cell: number): number {
  return priceAt(tick, cell * step);
}
