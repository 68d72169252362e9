import type { DataOf } from '@arb/shared/contracts';
import type { Route } from './route.ts';
import type { Settings } from './settings.ts';

type State = DataOf<'health'>['state'];

/** Each from 0 to 1; `total` from 0 to 100 by the weights. */
export interface Score {
  readonly spread: number;
  readonly health: number;
  readonly fees: number;
  readonly inventory: number;
  readonly total: number;
}

/** Both fees together from which nothing is left of the score for fees. */
const DEAR_FEES_BPS = 40;
const HEALTH: Readonly<Record<State, number>> = { HEALTHY: 1, DEGRADED: 0.5, DOWN: 0, FROZEN: 0 };

function bounded(value: number): number {
  return value < 0 ? 0 : Math.min(value, 1);
}

/** How a venue is, and how old what it shows is; one that has not said how it is counts as well. */
export function healthOf(state: State | undefined, ageMs: number | null, { staleAfterMicros }: Settings): number {
  return (state === undefined ? 1 : HEALTH[state]) * (1 - bounded(((ageMs ?? 0) * 1000) / staleAfterMicros));
}

/** The weaker of both venues decides how healthy a route is; a trade that evens out the inventory is the better one. */
export function scoreOf(route: Route, buyHealth: number, sellHealth: number, settings: Settings): Score {
  const { weights, fullEdgeBps } = settings;
  const spread = bounded(route.edgeBps / fullEdgeBps);
  const health = Math.min(buyHealth, sellHealth);
  const fees = 1 - bounded((route.buyFeeBps + route.sellFeeBps) / DEAR_FEES_BPS);
  const inventory = bounded((1 - route.lean) / 2);
  const sum = weights.spread * spread + weights.health * health + weights.fees * fees + weights.inventory * inventory;
  const total = (100 * sum) / (weights.spread + weights.health + weights.fees + weights.inventory);
  return { spread, health, fees, inventory, total };
}
