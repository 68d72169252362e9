import type { DataOf } from '@arb/shared/contracts';
import { type CoinState, newCoinState } from './coin-state.ts';
import { held, type MarketView, troubleOf } from './market-view.ts';
import { quantityOf, type Route, routeOf } from './route.ts';
import type { Settings } from './settings.ts';

type L2 = DataOf<'l2'>;
type VenueLine = L2['venues'][number];

export interface Refusal {
  readonly rule: string;
  readonly limit: number | null;
  readonly value: number | null;
  readonly why: string;
}

/** The best route of a merged book for the configured size: over every ordered pair of fresh venues. */
export function bestRoute(l2: L2, settings: Settings): { route: Route | null; fresh: number } {
  let route: Route | null = null;
  let fresh = 0;
  const { venues } = l2;
  for (let buy = 0; buy < venues.length; buy++) {
    if ((venues[buy] as VenueLine).state !== 'fresh') continue;
    fresh++;
    const quantity = quantityOf(l2.asks, buy, settings.notional);
    const buyFee = settings.feeBps.get((venues[buy] as VenueLine).venue);
    if (buyFee === undefined) continue;
    for (let sell = 0; sell < venues.length; sell++) {
      if (sell === buy || (venues[sell] as VenueLine).state !== 'fresh') continue;
      const sellFee = settings.feeBps.get((venues[sell] as VenueLine).venue);
      if (sellFee === undefined) continue;
      const found = routeOf(l2, buy, sell, quantity, buyFee, sellFee);
      if (found !== null && (route === null || found.edgeBps > route.edgeBps)) route = found;
    }
  }
  return { route, fresh };
}

/** The first rule that speaks against entering on this route, or null. */
export function refusalOf(l2: L2, route: Route, view: MarketView, settings: Settings): Refusal | null {
  const edge = route.edgeBps;
  if (edge < settings.minEdgeBps)
    return { rule: 'min-edge', limit: settings.minEdgeBps, value: edge, why: 'the edge after both fees is too small' };
  if (edge >= settings.abnormalEdgeBps)
    return { rule: 'abnormal-quote', limit: settings.abnormalEdgeBps, value: edge, why: 'the quote is too good to be true' };
  const buy = (l2.venues[route.buy] as VenueLine).venue;
  const sell = (l2.venues[route.sell] as VenueLine).venue;
  if (view.paused.has(l2.coin)) return { rule: 'paused', limit: null, value: null, why: `${l2.coin} is paused` };
  const trouble = troubleOf(view, buy, l2.coin) ?? troubleOf(view, sell, l2.coin);
  if (trouble !== null) return { rule: 'venue', limit: null, value: null, why: trouble };
  return inventoryRefusal(l2, route, view, settings, buy, sell);
}

/** Spot venues: what is sold must be held there, and what is bought must be paid there. */
function inventoryRefusal(l2: L2, route: Route, view: MarketView, settings: Settings, buy: string, sell: string): Refusal | null {
  const coins = held(view, sell, l2.coin);
  if (coins < route.quantity)
    return { rule: 'inventory-base', limit: route.quantity, value: coins, why: `${sell} holds too little ${l2.coin} to sell` };
  const quote = settings.quotes.get(buy) as string;
  const cost = route.quantity * route.bought.worst * (1 + (settings.feeBps.get(buy) as number) / 10_000);
  const funds = held(view, buy, quote);
  if (funds < cost) return { rule: 'inventory-quote', limit: cost, value: funds, why: `${buy} holds too little ${quote} to buy` };
  return null;
}

export function coinStateOf(coins: Map<string, CoinState>, coin: string): CoinState {
  let state = coins.get(coin);
  if (state === undefined) {
    state = newCoinState();
    coins.set(coin, state);
  }
  return state;
}
