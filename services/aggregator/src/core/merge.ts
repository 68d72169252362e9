import { converted } from './convert.ts';

export type VenueLevel = readonly [price: number, size: number];
export type MergedLevel = readonly [price: number, size: number, venue: number, original: number];

/** One side of a fresh venue's book, best first, as it goes into the merge. */
export interface Side {
  readonly venue: number;
  readonly levels: readonly VenueLevel[];
  /** The quote currency's price of one numeraire. */
  readonly rate: number;
  /** Levels from the best on that hold the size somebody means to trade. */
  readonly need: number;
  /** Its first levels as they are shown, made when they are first looked at: a book that has not changed is not converted again. */
  readonly made: MergedLevel[];
}

export function sideOf(venue: number, levels: readonly VenueLevel[], rate: number, depth: number): Side {
  return { venue, levels, rate, need: needed(levels, depth * rate), made: [] };
}

/** Levels until `value` (in the venue's own currency) is reached; all of them where it is not. */
function needed(levels: readonly VenueLevel[], value: number): number {
  let left = value;
  let count = 0;
  while (count < levels.length && (left > 0 || count === 0)) {
    const level = levels[count] as VenueLevel;
    left -= level[0] * level[1];
    count++;
  }
  return count;
}

function levelAt({ venue, levels, rate, made }: Side, at: number): MergedLevel {
  for (let i = made.length; i <= at; i++) {
    const [price, size] = levels[i] as VenueLevel;
    made.push([converted(price, rate), size, venue, price]);
  }
  return made[at] as MergedLevel;
}

/**
 * How many of its own best levels each side is sure of: what it needs, dealt out one at a time in turn until the room
 * is gone. Where one currency stands at a premium the levels of the other venues would all lie beyond the cut, and
 * nobody could see at what price a position there is entered or closed.
 */
export function sureOf(sides: readonly Side[], most: number): number[] {
  const sure = sides.map(() => 0);
  let left = most;
  for (let dealt = true; dealt && left > 0; ) {
    dealt = false;
    for (let i = 0; i < sides.length && left > 0; i++) {
      if ((sure[i] as number) >= (sides[i] as Side).need) continue;
      sure[i] = (sure[i] as number) + 1;
      left--;
      dealt = true;
    }
  }
  return sure;
}

/**
 * At most `most` levels over all sides, best first; equal prices in the order of the venues. What is shown of a venue is
 * the top of its book without a gap: what it is sure of, and more where that is better than what others have left.
 */
export function merge(sides: readonly Side[], better: 'higher' | 'lower', most: number): MergedLevel[] {
  const owed = sureOf(sides, most);
  let owedInAll = 0;
  const next: number[] = [];
  const heads: (MergedLevel | null)[] = [];
  for (let i = 0; i < sides.length; i++) {
    const side = sides[i] as Side;
    owedInAll += owed[i] as number;
    next.push(0);
    heads.push(side.levels.length > 0 ? levelAt(side, 0) : null);
  }
  const sign = better === 'lower' ? 1 : -1;
  const out: MergedLevel[] = [];
  while (out.length < most) {
    // A side that has had what it is sure of goes on only in room that is owed to no other.
    const spare = most - out.length > owedInAll;
    let best = -1;
    let price = Number.POSITIVE_INFINITY;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i] as MergedLevel | null;
      if (head === null || (!spare && owed[i] === 0)) continue;
      const rank = sign * head[0];
      if (rank < price) {
        best = i;
        price = rank;
      }
    }
    if (best < 0) break;
    out.push(heads[best] as MergedLevel);
    const at = (next[best] as number) + 1;
    next[best] = at;
    const side = sides[best] as Side;
    heads[best] = at < side.levels.length ? levelAt(side, at) : null;
    if ((owed[best] as number) > 0) {
      owed[best] = (owed[best] as number) - 1;
      owedInAll--;
    }
  }
  return out;
}
