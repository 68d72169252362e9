import type { DataOf } from '@arb/shared/contracts';
import { leanAfter } from './inventory.ts';
import type { Settings } from './settings.ts';
import { roundDown, type Step } from './steps.ts';
import type { Terms } from './terms.ts';
import type { UsualPremiums } from './usual-premium.ts';
import { type Ladders, quantityFor, type Walk, walkedValue, walkOf } from './walk.ts';

type L2 = DataOf<'l2'>;

/** Buying at one venue and selling at another, for one size, as the merged book stands. Venues by their place in the l2. */
export interface Route {
  readonly buy: number;
  readonly sell: number;
  readonly quantity: number;
  readonly bought: Walk;
  readonly sold: Walk;
  /** What the sale brings above what the purchase takes, before all costs; of what the purchase takes, as all others. */
  readonly grossBps: number;
  readonly buyFeeBps: number;
  readonly sellFeeBps: number;
  /** After both fees. */
  readonly afterFeesBps: number;
  readonly fxCostBps: number;
  readonly slippageBps: number;
  readonly inventoryCostBps: number;
  /** How far it leaves the coin lying at the buying venue, −1 to 1. */
  readonly lean: number;
  /** After all costs. */
  readonly edgeBps: number;
}

/** All that the routes of one merged book are judged by. By place of the venue in the l2. */
export interface Scene {
  readonly l2: L2;
  readonly ladders: Ladders;
  /** Null where a venue is not fresh or not configured. */
  readonly terms: readonly (Terms | null)[];
  /** What each holds of the coin. */
  readonly held: readonly number[];
  readonly lots: readonly (readonly Step[])[];
}

export function afterFeesBps(bought: number, sold: number, buyFeeBps: number, sellFeeBps: number): number {
  return ((sold * (1 - sellFeeBps / 10_000) - bought * (1 + buyFeeBps / 10_000)) / bought) * 10_000;
}

function edgeOf(bought: number, sold: number, buy: Terms, sell: Terms, inventoryCostBps: number): number {
  return (
    afterFeesBps(bought, sold, buy.feeBps, sell.feeBps) -
    buy.fxCostBps -
    sell.fxCostBps -
    buy.slippageBps -
    sell.slippageBps -
    inventoryCostBps
  );
}

/** Evening out costs nothing; what piles up has to be brought back one day. */
function inventoryCostOf(lean: number, settings: Settings): number {
  return lean > 0 ? settings.inventoryCostBps * lean : 0;
}

/** The whole route for a quantity; null where either side shows less than that. */
export function routeOf(scene: Scene, buy: number, sell: number, quantity: number, settings: Settings): Route | null {
  const { ladders, terms, held } = scene;
  const buyTerms = terms[buy];
  const sellTerms = terms[sell];
  if (!(quantity > 0) || !buyTerms || !sellTerms) return null;
  const bought = walkOf(ladders.asks, buy, quantity);
  const sold = walkOf(ladders.bids, sell, quantity);
  if (bought === null || sold === null) return null;
  const lean = leanAfter(held[buy] as number, held[sell] as number, quantity);
  const inventoryCostBps = inventoryCostOf(lean, settings);
  return {
    buy,
    sell,
    quantity,
    bought,
    sold,
    grossBps: (sold.value / bought.value - 1) * 10_000,
    buyFeeBps: buyTerms.feeBps,
    sellFeeBps: sellTerms.feeBps,
    afterFeesBps: afterFeesBps(bought.value, sold.value, buyTerms.feeBps, sellTerms.feeBps),
    fxCostBps: buyTerms.fxCostBps + sellTerms.fxCostBps,
    slippageBps: buyTerms.slippageBps + sellTerms.slippageBps,
    inventoryCostBps,
    lean,
    edgeBps: edgeOf(bought.value, sold.value, buyTerms, sellTerms, inventoryCostBps),
  };
}

/** As `roundTripRefusal` says, by the same steps and before a route is made: most that look good there are not worth it back. */
function comesBack(
  scene: Scene,
  premiums: UsualPremiums | null,
  buy: number,
  sell: number,
  quantity: number,
  bought: number,
  sold: number,
  edgeBps: number,
  settings: Settings,
): boolean {
  if (premiums === null || settings.minRoundTripBps === null) return true;
  const { means, last, at, since, venues } = premiums;
  const place = sell * venues.length + buy;
  const seconds = ((at[place] as number) - (since[place] as number)) / 1_000_000;
  if (at[place] === 0 || seconds < settings.premiumWarmUpSeconds) return false;
  const buyTerms = scene.terms[buy] as Terms;
  const sellTerms = scene.terms[sell] as Terms;
  const backSold = walkedValue(scene.ladders.bids, buy, quantity) * (1 - buyTerms.feeBps / 10_000);
  const backBought = walkedValue(scene.ladders.asks, sell, quantity);
  const fee = 1 + sellTerms.feeBps / 10_000;
  const takes = backBought * ((means[place] as number) / (last[place] as number)) * fee - backSold;
  const round = edgeBps - ((takes / bought) * 10_000 + (buyTerms.slippageBps + sellTerms.slippageBps));
  if (!(round >= settings.minRoundTripBps)) return false;
  const atOnce = afterFeesBps(bought, sold, buyTerms.feeBps, sellTerms.feeBps) - ((backBought * fee - backSold) / bought) * 10_000;
  return settings.stopLossBps + atOnce >= settings.minStopRoomBps;
}

export interface Surveyed {
  /** The one with the highest edge, or null where no pair of venues shows enough depth. */
  readonly best: Route | null;
  /** All whose edge is enough, and that of the whole round, by edge, best first. */
  readonly candidates: readonly Route[];
  readonly fresh: number;
}

/**
 * Every ordered pair of fresh venues at the intended size. For most pairs only the edge is worked out, by the same
 * steps as the whole route: the whole of it is made for those that matter.
 */
export function survey(scene: Scene, settings: Settings, premiums: UsualPremiums | null): Surveyed {
  const { ladders, terms, held, lots } = scene;
  const candidates: Route[] = [];
  let best = Number.NEGATIVE_INFINITY;
  let bestBuy = -1;
  let bestSell = -1;
  let bestQuantity = 0;
  let fresh = 0;
  for (let buy = 0; buy < terms.length; buy++) {
    const buyTerms = terms[buy];
    if (!buyTerms) continue;
    fresh++;
    const wanted = quantityFor(ladders.asks, buy, settings.notional);
    if (wanted === 0) continue;
    const steps = lots[buy] as readonly Step[];
    let quantity = Number.NaN;
    let bought = Number.NaN;
    let step: Step | null = null;
    for (let sell = 0; sell < terms.length; sell++) {
      const sellTerms = terms[sell];
      if (sell === buy || !sellTerms) continue;
      if (steps[sell] !== step) {
        step = steps[sell] as Step;
        const rounded = roundDown(wanted, step);
        if (rounded !== quantity) bought = walkedValue(ladders.asks, buy, rounded);
        quantity = rounded;
      }
      if (!(quantity > 0)) continue;
      const sold = walkedValue(ladders.bids, sell, quantity);
      const cost = inventoryCostOf(leanAfter(held[buy] as number, held[sell] as number, quantity), settings);
      const edge = edgeOf(bought, sold, buyTerms, sellTerms, cost);
      if (edge >= settings.minEdgeBps && comesBack(scene, premiums, buy, sell, quantity, bought, sold, edge, settings))
        candidates.push(routeOf(scene, buy, sell, quantity, settings) as Route);
      if (!(edge > best)) continue;
      best = edge;
      bestBuy = buy;
      bestSell = sell;
      bestQuantity = quantity;
    }
  }
  candidates.sort((a, b) => b.edgeBps - a.edgeBps);
  const top = candidates[0] ?? (bestBuy < 0 ? null : routeOf(scene, bestBuy, bestSell, bestQuantity, settings));
  return { best: top, candidates, fresh };
}
