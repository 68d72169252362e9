import type { DataOf } from '@arb/shared/contracts';

export type Levels = DataOf<'l2'>['bids'];

/** What taking a quantity from one venue's side of the merged book would give. All prices without fees. */
export interface Walk {
  readonly quantity: number;
  /** In the numeraire. */
  readonly value: number;
  /** Average and worst price, in the venue's own quote currency. */
  readonly average: number;
  readonly worst: number;
}

const NOTHING: Walk = { quantity: 0, value: 0, average: 0, worst: 0 };

function finish(quantity: number, value: number, original: number, worst: number): Walk {
  return quantity > 0 ? { quantity, value, average: original / quantity, worst } : NOTHING;
}

/** Takes levels until `quantity` is reached; less where the shown depth ends before. */
export function walkQuantity(levels: Levels, venue: number, quantity: number): Walk {
  let left = quantity;
  let value = 0;
  let original = 0;
  let worst = 0;
  for (let i = 0; i < levels.length && left > 0; i++) {
    const level = levels[i] as Levels[number];
    if (level[2] !== venue) continue;
    const taken = Math.min(level[1], left);
    left -= taken;
    value += taken * level[0];
    original += taken * level[3];
    worst = level[3];
  }
  return finish(quantity - left, value, original, worst);
}

/** Depth that misses the size by less than this part of it is enough: sums of numbers are not exact. */
const TOLERANCE = 1e-9;

/** How much a value in the numeraire buys there; 0 where the shown depth ends before. */
export function quantityFor(levels: Levels, venue: number, notional: number): number {
  let left = notional;
  let quantity = 0;
  for (let i = 0; i < levels.length && left > 0; i++) {
    const level = levels[i] as Levels[number];
    if (level[2] !== venue) continue;
    const worth = level[0] * level[1];
    quantity += worth < left ? level[1] : left / level[0];
    left -= worth;
  }
  return left > notional * TOLERANCE ? 0 : quantity;
}

export function bestOf(levels: Levels, venue: number): number | null {
  for (let i = 0; i < levels.length; i++) if ((levels[i] as Levels[number])[2] === venue) return (levels[i] as Levels[number])[3];
  return null;
}
