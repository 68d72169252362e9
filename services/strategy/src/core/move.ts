import type { CoreContext } from '@arb/shared/core';
import { type MoveState, maySay, newMoveState } from './coin-state.ts';
import { skip, transfer } from './decide.ts';
import { type Desk, nextTrip, ratesBehind } from './desk.ts';
import { held, inNumeraire, troubleOf } from './market-view.ts';
import { type Judged, judge, quantityToMove, type Stock, transferRefusal } from './rebalance.ts';
import type { Refusal } from './refusals.ts';
import { comingBackOf, reservedOf, tripsOf } from './trip.ts';

/** Coins and the venues' own currencies. */
const MOST_MOVES = 1100;

/** Asks for a transfer where a coin, or money that several venues take, lies too much on one side. */
export function rebalance(desk: Desk, coin: string, context: CoreContext): void {
  if (desk.view.mode !== 'ACTIVE') return;
  look(desk, coin, context);
  const { venues } = desk.settings;
  for (let i = 0; i < venues.length; i++) {
    const { quote } = venues[i] as (typeof venues)[number];
    const first = venues.findIndex((venue) => venue.quote === quote) === i;
    if (first && venues.some((venue, at) => at > i && venue.quote === quote)) look(desk, quote, context);
  }
}

function look(desk: Desk, currency: string, context: CoreContext): void {
  const { view, settings, moves } = desk;
  let state = moves.get(currency);
  if (state === undefined) {
    if (moves.size >= MOST_MOVES) return;
    state = newMoveState();
    moves.set(currency, state);
  }
  // Its balances are on the move: how they come to lie is not to be seen yet.
  if (tripsOf(desk.trips, currency).some(({ phase }) => phase !== 'open')) return;
  const changed = state.balancesSaid !== view.balancesSaid;
  if (context.now < state.restUntil || (!changed && context.now < state.lookAt)) return;
  state.balancesSaid = view.balancesSaid;
  state.lookAt = context.now + settings.refusalMicros;
  const judged = judge(stocksOf(desk, currency), priceOf(desk, currency), settings);
  if (judged !== null) ask(desk, currency, judged, state, context);
}

function priceOf(desk: Desk, currency: string): number | null {
  return desk.coins.get(currency)?.mid ?? inNumeraire(desk.view, desk.settings, currency, 1);
}

/** Of a coin: every venue. Of money: those that trade in it, for elsewhere it buys nothing. */
function stocksOf(desk: Desk, currency: string): Stock[] {
  const { settings, view, trips, quotes } = desk;
  const isMoney = settings.venues.some(({ quote }) => quote === currency) && !desk.coins.has(currency);
  return settings.venues
    .filter(({ quote }) => !isMoney || quote === currency)
    .map(({ name, quote }) => {
      const holds = held(view, name, currency);
      const money = isMoney ? null : inNumeraire(view, settings, quote, held(view, name, quote));
      const amount = isMoney ? holds : Math.max(0, holds + comingBackOf(trips, name, currency));
      return { venue: name, holds, amount, free: holds - reservedOf(trips, name, currency, quotes), money };
    });
}

function ask(desk: Desk, currency: string, judged: Judged, state: MoveState, context: CoreContext): void {
  const { settings, view } = desk;
  const { signal, from, to, rule } = judged;
  const quantity = quantityToMove(judged);
  const terms = settings.transfers.get(currency);
  const price = priceOf(desk, currency);
  const value = price === null ? null : quantity * price;
  const numbers = {
    signal: signal === 'BUY_A_SELL_B' ? 1 : -1,
    fromHolds: from.holds,
    fromFree: from.free,
    fromAfterTrips: from.amount,
    toHolds: to.holds,
    toAfterTrips: to.amount,
    imbalance: judged.imbalance,
    fromExposure: judged.exposureFrom,
    toExposure: judged.exposureTo,
    quantity,
    value,
    price,
    fee: terms === undefined ? null : Number(terms.fee),
    minimum: terms === undefined ? null : Number(terms.minimum),
    seconds: terms?.seconds ?? null,
  };
  const trouble = troubleOf(view, from.venue, currency) ?? troubleOf(view, to.venue, currency);
  const refusal: Refusal | null = trouble === null ? transferRefusal(currency, quantity, terms) : { ...trouble, limit: null, value: null };
  const basis = ratesBehind(desk, from.venue, to.venue);
  if (refusal !== null || terms === undefined) {
    sayNot(desk, currency, judged, refusal as Refusal, numbers, basis, state, context);
    return;
  }
  const trip = nextTrip(desk, currency);
  const arrivesAt = context.now + terms.seconds * 1_000_000;
  state.move = { id: trip, from: from.venue, to: to.venue, quantity, fee: Number(terms.fee), arrivesAt };
  // What arrives has to be seen before more is sent.
  state.restUntil = arrivesAt + settings.rebalanceMicros;
  const limit = rule === 'imbalance' ? settings.rebalanceImbalance : settings.rebalanceExposure;
  const seen = rule === 'imbalance' ? judged.imbalance : (judged.exposureFrom ?? 0);
  const why = `${signal}: ${from.venue} holds too much ${currency}, ${to.venue} too little`;
  const given = { trip, from: from.venue, to: to.venue, quantity, fee: terms.fee, arrivesAt, value, rule, limit, seen, why, numbers };
  context.emit('decision', [currency], transfer(currency, given, settings, context.now), basis);
}

function sayNot(
  desk: Desk,
  currency: string,
  { signal, from, to }: Judged,
  refusal: Refusal,
  numbers: Readonly<Record<string, number | null>>,
  basis: readonly number[],
  state: MoveState,
  context: CoreContext,
): void {
  if (!maySay(state, `move ${refusal.rule}`, context.now, desk.settings.refusalMicros)) return;
  const given = { route: { buy: to.venue, sell: from.venue }, edgeBps: null, score: null, numbers };
  const named = { ...refusal, rule: `rebalance-${refusal.rule}`, why: `${signal}: ${refusal.why}` };
  context.emit('decision', [currency], skip(currency, given, named, desk.settings), basis);
}

/** A transfer that was refused or came to nothing: it may be asked for again after a rest. */
export function giveUp(desk: Desk, currency: string, id: string | null, now: number): void {
  const state = desk.moves.get(currency);
  if (state === undefined || state.move === null || state.move.id !== id) return;
  state.move = null;
  state.restUntil = now + desk.settings.rebalanceMicros;
}
