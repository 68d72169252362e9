import type { CoreContext } from '@arb/shared/core';
import {
  absolute,
  add,
  type Decimal,
  decimal,
  formatDecimal,
  least,
  multiply,
  negate,
  parseDecimal,
  placesOf,
  round,
  sign,
  subtract,
} from '@arb/shared/money';
import { bookKept } from './attribution.ts';
import type { Desk } from './desk.ts';
import { fitLimit, fitQuantity, termsFaultOf, termsOf } from './instruments.ts';
import { noteKept } from './kept.ts';
import { isHalted } from './mode.ts';
import { coveredBy, type Plan, send } from './order.ts';
import type { LegState, Phase, Trip } from './trip.ts';
import { trackGap } from './unhedged.ts';
import { bookOf, troubleOf } from './venue-book.ts';

/** A venue that shows no good book for so long: what stands there is kept as stock and said to be so. */
const MOST_WAIT_MICROS = 600_000_000;
const MOST_TRIES = 100;
const ONE = decimal(1n, 0);
const LIMIT_PLACES = 16;

export function policyTimer(trip: Trip, place: number): string {
  return `unwind/${trip.id}/${place}`;
}

/** What one leg has filled more than the other; which one is told by the sign. */
export function gapOf({ legs: [first, second] }: Phase): Decimal {
  return subtract(parseDecimal(first.filled), parseDecimal(second.filled));
}

/**
 * One leg has filled more than the other and no order is on its way. Cancel keeps the excess as stock, Reverse takes it
 * back where it was filled, Proceed sends the rest of the other leg again and reverses what still does not match. Each
 * within a price and a time limit; afterwards either an order is on its way, or a leg waits, or the legs match.
 */
export function dealWith(desk: Desk, trip: Trip, phase: Phase, context: CoreContext): void {
  const gap = gapOf(phase);
  const over = sign(gap) > 0 ? 0 : 1;
  const excess = absolute(gap);
  if (phase.policy === 'cancel') {
    keep(desk, trip, phase, over, excess, 'kept by policy', false, context);
    return;
  }
  const place = phase.policy === 'proceed' ? 1 - over : over;
  const leg = phase.legs[place] as LegState;
  const wait = (reason: string | null): void => {
    if (reason !== null) leg.reason = reason;
    leg.waiting = true;
    const pause = context.now + desk.settings.unmatched.pauseMicros;
    context.setTimer(policyTimer(trip, place), reason === null ? leg.pausedUntil : pause);
  };
  const giveUp = (why: string, failed: boolean): void => {
    if (phase.policy === 'reverse') {
      keep(desk, trip, phase, over, excess, why, failed, context);
      return;
    }
    phase.policy = 'reverse';
    phase.until = null;
    phase.policyTries = 0;
    // It has a venue of its own to wait for.
    phase.since = null;
    dealWith(desk, trip, phase, context);
  };
  if (isHalted(desk.modes)) {
    // The limits run while something may be done about it.
    phase.since = null;
    phase.until = null;
    wait('halted');
    return;
  }
  phase.since ??= context.now;
  const trouble = troubleOf(bookOf(desk.books, leg.venue, leg.symbol), desk.health.get(leg.venue), context.now, desk.settings.staleMicros);
  if (trouble !== null) {
    if (context.now - phase.since >= MOST_WAIT_MICROS) giveUp(trouble, true);
    else wait(trouble);
    return;
  }
  phase.until ??= context.now + desk.settings.unmatched.timeLimitMicros;
  if (context.now >= phase.until || phase.policyTries >= MOST_TRIES) {
    giveUp('not within the time limit', true);
    return;
  }
  if (context.now < leg.pausedUntil) {
    wait(null);
    return;
  }
  const plan = planOf(desk, leg, phase.policy, excess);
  const dust = termsFaultOf(termsOf(desk.instruments, leg.venue, leg.symbol), plan.quantity, plan.limit);
  if (dust !== null) {
    giveUp(`too small to trade: ${dust}`, false);
    return;
  }
  phase.policyTries++;
  leg.pausedUntil = context.now + desk.settings.unmatched.pauseMicros;
  const affordable = withinBalance(desk, leg, plan);
  if (affordable === null) wait(`no balance at ${leg.venue} to ${plan.side} with`);
  else send(desk, trip, place, affordable, context);
}

/** The price limit is measured from the best price when the leg was first sent: what the whole affair may cost. */
function planOf(desk: Desk, leg: LegState, policy: 'reverse' | 'proceed', excess: Decimal): Plan {
  const terms = termsOf(desk.instruments, leg.venue, leg.symbol);
  const side = policy === 'proceed' ? leg.side : leg.side === 'buy' ? 'sell' : 'buy';
  const room = desk.settings.unmatched.priceLimit;
  const exact = multiply(parseDecimal(leg.sentAtBest), side === 'buy' ? add(ONE, room) : subtract(ONE, room));
  const limit = round(exact, LIMIT_PLACES, side === 'buy' ? 'down' : 'up');
  return {
    side,
    quantity: fitQuantity(terms, excess),
    limit: fitLimit(terms, side, limit),
    purpose: policy === 'proceed' ? 'proceed' : 'unwind',
  };
}

/** As much of it as the balance covers, where the venue still takes that; else null. */
function withinBalance(desk: Desk, leg: LegState, plan: Plan): Plan | null {
  const terms = termsOf(desk.instruments, leg.venue, leg.symbol);
  const quantity = fitQuantity(terms, least(plan.quantity, coveredBy(desk, leg, plan)));
  return termsFaultOf(terms, quantity, plan.limit) === null ? { ...plan, quantity } : null;
}

function keep(
  desk: Desk,
  trip: Trip,
  phase: Phase,
  over: number,
  excess: Decimal,
  why: string,
  failed: boolean,
  context: CoreContext,
): void {
  const leg = phase.legs[over] as LegState;
  const coins = leg.side === 'buy' ? excess : negate(excess);
  trackGap(trip, phase, context.now);
  leg.filled = formatDecimal(subtract(parseDecimal(leg.filled), excess));
  trackGap(trip, phase, context.now);
  trip.kept = formatDecimal(add(parseDecimal(trip.kept), coins));
  trip.abandoned ||= failed;
  const worth = bookKept(trip.account, phase.kind, coins, parseDecimal(leg.sentAtBest), leg.conversion);
  const { id, coin } = trip;
  const { venue, symbol } = leg;
  const cost = formatDecimal(round(worth, placesOf(desk.settings.numeraire)));
  noteKept(desk.kept, { trip: id, venue, symbol, quantity: formatDecimal(coins), since: context.now, cost });
  phase.kept = failed
    ? `${formatDecimal(coins)} ${coin} at ${leg.venue} could not be unwound: ${why}`
    : `${formatDecimal(coins)} ${coin} kept at ${leg.venue}: ${why}`;
}
