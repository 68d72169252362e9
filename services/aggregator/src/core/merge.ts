import { converted } from './convert.ts';

export type VenueLevel = readonly [price: number, size: number];
export type MergedLevel = readonly [price: number, size: number, venue: number, original: number];

/** One side of a fresh venue's book, best first, with its currency's price of one numeraire. */
export interface Side {
  readonly venue: number;
  readonly levels: readonly VenueLevel[];
  readonly rate: number;
}

/**
 * The best `most` levels over all sides, best first; equal prices in the order of the venues. Half the room is shared
 * out evenly among the venues for their own best levels: where one currency stands at a premium, the other venue's
 * levels would all lie beyond the cut, and nobody could see at what price a position there can be closed. What is shown
 * of a venue is always the top of its book without a gap.
 */
export function merge(sides: readonly Side[], better: 'higher' | 'lower', most: number): MergedLevel[] {
  const reserve = Math.floor(most / (2 * sides.length));
  const next: number[] = [];
  const owed: number[] = [];
  const heads: number[] = [];
  let owedInAll = 0;
  for (let i = 0; i < sides.length; i++) {
    const { levels, rate } = sides[i] as Side;
    next.push(0);
    owed.push(Math.min(reserve, levels.length));
    owedInAll += owed[i] as number;
    heads.push(levels.length > 0 ? converted((levels[0] as VenueLevel)[0], rate) : 0);
  }

  const out: MergedLevel[] = [];
  while (out.length < most) {
    let best = -1;
    for (let i = 0; i < sides.length; i++) {
      const side = sides[i] as Side;
      if ((next[i] as number) >= side.levels.length) continue;
      // A venue that has had its share may go on only in room that is not owed to another.
      if (owed[i] === 0 && most - out.length <= owedInAll) continue;
      if (
        best < 0 ||
        (better === 'lower' ? (heads[i] as number) < (heads[best] as number) : (heads[i] as number) > (heads[best] as number))
      )
        best = i;
    }
    if (best < 0) break;
    const { venue, levels, rate } = sides[best] as Side;
    const at = next[best] as number;
    const level = levels[at] as VenueLevel;
    out.push([heads[best] as number, level[1], venue, level[0]]);
    next[best] = at + 1;
    if ((owed[best] as number) > 0) {
      owed[best] = (owed[best] as number) - 1;
      owedInAll--;
    }
    if (at + 1 < levels.length) heads[best] = converted((levels[at + 1] as VenueLevel)[0], rate);
  }
  return out;
}
