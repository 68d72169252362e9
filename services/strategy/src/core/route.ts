import type { DataOf } from '@arb/shared/contracts';
import { type Levels, quantityFor, type Walk, walkQuantity } from './walk.ts';

type L2 = DataOf<'l2'>;

/** Buying at one venue and selling at another, for one size, as the merged book stands. Venues by their place in the l2. */
export interface Route {
  readonly buy: number;
  readonly sell: number;
  readonly quantity: number;
  readonly bought: Walk;
  readonly sold: Walk;
  /** After the fees of both venues, of what the buy costs. */
  readonly edgeBps: number;
}

/** Depth that misses the size by more than this part of it is no offer of that size: sums of numbers are not exact. */
const ENOUGH = 1 - 1e-9;

export function edgeBps(bought: Walk, sold: Walk, buyFeeBps: number, sellFeeBps: number): number {
  const cost = bought.value * (1 + buyFeeBps / 10_000);
  const proceeds = sold.value * (1 - sellFeeBps / 10_000);
  return ((proceeds - cost) / bought.value) * 10_000;
}

/** For a quantity: null where either side shows less than that. */
export function routeOf(l2: L2, buy: number, sell: number, quantity: number, buyFeeBps: number, sellFeeBps: number): Route | null {
  if (!(quantity > 0)) return null;
  const bought = walkQuantity(l2.asks, buy, quantity);
  if (bought.quantity < quantity * ENOUGH) return null;
  const sold = walkQuantity(l2.bids, sell, quantity);
  if (sold.quantity < quantity * ENOUGH) return null;
  return { buy, sell, quantity, bought, sold, edgeBps: edgeBps(bought, sold, buyFeeBps, sellFeeBps) };
}

/** Down to eight places, as the venues book coins; to whole ones where eight places would exceed what a number holds. */
export function lots(quantity: number): number {
  const fine = Math.floor(quantity * 1e8);
  return fine <= Number.MAX_SAFE_INTEGER ? fine / 1e8 : Math.floor(quantity);
}

export function quantityOf(asks: Levels, buy: number, notional: number): number {
  return lots(quantityFor(asks, buy, notional));
}
