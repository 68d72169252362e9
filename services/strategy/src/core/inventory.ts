/** Of what two venues hold of one coin: 1 where all of it is at the first, −1 where all is at the second. */
export function imbalance(first: number, second: number): number {
  const both = first + second;
  return both > 0 ? (first - second) / both : 0;
}

/** Part of a venue's inventory in a coin and the money it is bought with that stands in the coin, both in the numeraire. */
export function exposure(base: number, quote: number): number {
  const both = base + quote;
  return both > 0 ? base / both : 0;
}

/** How far buying `quantity` at the one venue and selling it at the other would leave the coin lying at the first. */
export function leanAfter(buyHolds: number, sellHolds: number, quantity: number): number {
  const lean = imbalance(buyHolds + quantity, sellHolds - quantity);
  return Math.min(lean, 1);
}

export type Signal = 'BUY_A_SELL_B' | 'BUY_B_SELL_A' | 'NONE';

export interface Limits {
  readonly imbalance: number;
  readonly exposure: number;
}

export interface Holding {
  readonly imbalance: number;
  readonly exposureA: number;
  readonly exposureB: number;
}

/**
 * Which way a coin should go between two venues: where one holds much more of it than the other, or one has hardly
 * anything left but the coin while the other still has money.
 */
export function signalOf({ imbalance, exposureA, exposureB }: Holding, limits: Limits): Signal {
  if (imbalance >= limits.imbalance) return 'BUY_B_SELL_A';
  if (imbalance <= -limits.imbalance) return 'BUY_A_SELL_B';
  if (imbalance > 0 && exposureA >= limits.exposure && exposureB < limits.exposure) return 'BUY_B_SELL_A';
  if (imbalance < 0 && exposureB >= limits.exposure && exposureA < limits.exposure) return 'BUY_A_SELL_B';
  return 'NONE';
}
