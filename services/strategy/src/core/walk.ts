import type { DataOf } from '@arb/shared/contracts';

type L2 = DataOf<'l2'>;
type Level = L2['bids'][number];

const MOST_VENUES = 16;
const MOST_LEVELS = 20;

/** One side of a merged book, apart by venue again: the levels of venue `place` stand from `place * 20` on, best first. */
export interface Ladder {
  readonly counts: Int32Array;
  readonly prices: Float64Array;
  readonly sizes: Float64Array;
  /** In the venue's own quote currency. */
  readonly originals: Float64Array;
}

/** Filled anew for each book, so that looking at one allocates nothing. No part of the state. */
export interface Ladders {
  readonly asks: Ladder;
  readonly bids: Ladder;
}

export function makeLadders(): Ladders {
  return { asks: makeLadder(), bids: makeLadder() };
}

function makeLadder(): Ladder {
  const room = MOST_VENUES * MOST_LEVELS;
  return {
    counts: new Int32Array(MOST_VENUES),
    prices: new Float64Array(room),
    sizes: new Float64Array(room),
    originals: new Float64Array(room),
  };
}

export function fillLadders(ladders: Ladders, l2: L2): Ladders {
  fillLadder(ladders.asks, l2.asks, l2.venues.length);
  fillLadder(ladders.bids, l2.bids, l2.venues.length);
  return ladders;
}

function fillLadder({ counts, prices, sizes, originals }: Ladder, levels: readonly Level[], venues: number): void {
  counts.fill(0);
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i] as Level;
    const place = level[2];
    if (!(place >= 0 && place < venues)) continue;
    const at = place * MOST_LEVELS + (counts[place] as number);
    prices[at] = level[0];
    sizes[at] = level[1];
    originals[at] = level[3];
    counts[place] = (counts[place] as number) + 1;
  }
}

/** Depth that misses the size by no more than this part of it is enough: sums of numbers are not exact. */
const TOLERANCE = 1e-9;

/** What taking a quantity there costs or gives in the numeraire, without fees; NaN where the shown depth ends before. */
export function walkedValue(ladder: Ladder, place: number, quantity: number): number {
  const from = place * MOST_LEVELS;
  const end = from + (ladder.counts[place] as number);
  let left = quantity;
  let value = 0;
  for (let at = from; at < end; at++) {
    const size = ladder.sizes[at] as number;
    const price = ladder.prices[at] as number;
    if (size >= left) return value + left * price;
    value += size * price;
    left -= size;
  }
  return left <= quantity * TOLERANCE ? value : Number.NaN;
}

/** How much a value in the numeraire buys there; 0 where the shown depth ends before. */
export function quantityFor(ladder: Ladder, place: number, notional: number): number {
  const from = place * MOST_LEVELS;
  const end = from + (ladder.counts[place] as number);
  let left = notional;
  let quantity = 0;
  for (let at = from; at < end; at++) {
    const size = ladder.sizes[at] as number;
    const price = ladder.prices[at] as number;
    const worth = size * price;
    if (worth >= left) return quantity + left / price;
    quantity += size;
    left -= worth;
  }
  return left <= notional * TOLERANCE ? quantity : 0;
}

/** The same walk as `walkedValue`, with what an order needs to know. */
export interface Walk {
  /** In the numeraire. */
  readonly value: number;
  /** In the venue's own quote currency. */
  readonly best: number;
  readonly average: number;
  readonly worst: number;
}

export function walkOf(ladder: Ladder, place: number, quantity: number): Walk | null {
  const value = walkedValue(ladder, place, quantity);
  if (Number.isNaN(value)) return null;
  const from = place * MOST_LEVELS;
  const end = from + (ladder.counts[place] as number);
  const best = ladder.originals[from] as number;
  let left = quantity;
  let original = 0;
  let worst = best;
  for (let at = from; at < end && left > 0; at++) {
    const taken = Math.min(ladder.sizes[at] as number, left);
    worst = ladder.originals[at] as number;
    original += taken * worst;
    left -= taken;
  }
  return { value, best, average: original / (quantity - Math.max(0, left)), worst };
}

/** Best price of a venue in its own currency, or null. */
export function bestOf(ladder: Ladder, place: number): number | null {
  return (ladder.counts[place] as number) > 0 ? (ladder.originals[place * MOST_LEVELS] as number) : null;
}

/** Best price of a venue in the numeraire; 0 where that side is not shown. */
export function bestAt({ counts, prices }: Ladder, place: number): number {
  return (counts[place] as number) > 0 ? (prices[place * MOST_LEVELS] as number) : 0;
}

/** Between the best bid and the best ask of all venues, in the numeraire; null where a side is empty. */
export function midOf(l2: L2): number | null {
  const bid = l2.bids[0];
  const ask = l2.asks[0];
  return bid === undefined || ask === undefined ? null : (bid[0] + ask[0]) / 2;
}
