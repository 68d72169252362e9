import type { Level } from '../adapter.ts';

/** Where the levels of a side stand, best first: from `first` on, `step` by `step`. Those of size 0 are none. */
export interface Ranked {
  readonly prices: Float64Array;
  readonly sizes: Float64Array;
  readonly first: number;
  readonly step: 1 | -1;
  /** What a price must be multiplied with: -1 where they are kept with their sign turned. */
  readonly sign: 1 | -1;
}

/**
 * The first `length` levels. Most are as they were a tenth of a second ago: those are taken from `last`, which saves the
 * greater part of what a book costs to hand out. `direction`: 1 where prices fall from rank to rank, as of bids.
 */
export function levelsLike(
  last: readonly Level[],
  { prices, sizes, first, step, sign }: Ranked,
  length: number,
  direction: 1 | -1,
): readonly Level[] {
  const levels: Level[] = new Array(length);
  const known = last.length;
  let old = 0;
  let same = known === length;
  for (let rank = 0, at = first; rank < length; rank++, at += step) {
    while (sizes[at] === 0) at += step;
    const price = sign * (prices[at] as number);
    const size = sizes[at] as number;
    // Better ones that are gone.
    while (old < known && direction * (last[old] as Level)[0] > direction * price) old++;
    const before = old < known ? (last[old] as Level) : null;
    if (before !== null && before[0] === price && before[1] === size) {
      levels[rank] = before;
      if (old !== rank) same = false;
      old++;
    } else {
      levels[rank] = [price, size];
      same = false;
    }
  }
  return same ? last : levels;
}
