import type { CoreContext } from '@arb/shared/core';
import {
  add,
  compare,
  converted,
  type Decimal,
  decimal,
  divide,
  formatDecimal,
  multiply,
  negate,
  parseConversion,
  parseDecimal,
  placesOf,
  round,
  sign,
  subtract,
  toNumber,
  ZERO,
} from '@arb/shared/money';
import { bookFill } from './attribution.ts';
import type { Desk } from './desk.ts';
import { takerRate } from './fees.ts';
import { type Taking, take, versionOf } from './fill-model.ts';
import { termsFaultOf, termsOf } from './instruments.ts';
import { freeOf, post, release, reserve, statement } from './ledger.ts';
import { lifeAfter, type OrderState } from './order-life.ts';
import { countFill, countOrder } from './stats.ts';
import { tallyFill } from './tally.ts';
import { baseOf, type LegState, type Phase, type Purpose, quoteOf, type Trip, totalsOf, type Working } from './trip.ts';
import { trackGap } from './unhedged.ts';
import { bookOf, troubleOf, type VenueBook } from './venue-book.ts';

const PRICE_PLACES = 16;
/** As many digits after the point as an event may carry. */
const MOST_PLACES = 18;
/** No lot is finer. */
const FINEST_PLACES = 8;
const ONE = decimal(1n, 0);
const BPS = decimal(10_000n, 0);

/** An order that is to be sent for a leg. */
export interface Plan {
  readonly side: 'buy' | 'sell';
  readonly quantity: Decimal;
  readonly limit: Decimal;
  readonly purpose: Purpose;
}

/** A book's price as events say it: numbers of a tiny price may have more digits. */
export function priceText(price: Decimal): string {
  return formatDecimal(round(price, MOST_PLACES));
}

export function arrivalTimer(trip: Trip, place: number): string {
  return `arrive/${trip.id}/${place}`;
}

export function feeRateOf(desk: Desk, venue: string, symbol: string): Decimal {
  const terms = desk.settings.venues.get(venue);
  if (terms === undefined) return decimal(0n, 0);
  return takerRate(terms.fees, quoteOf(symbol), desk.traded.get(venue) ?? 0, desk.instruments.get(venue)?.takerFee);
}

/** The most an order can cost: at its limit, with the fee, and a unit of the last place because value and fee are each rounded. */
export function needOf(leg: LegState, { side, quantity, limit }: Plan, feeRate: Decimal): { currency: string; amount: Decimal } {
  if (side === 'sell') return { currency: baseOf(leg.symbol), amount: quantity };
  const currency = quoteOf(leg.symbol);
  const places = placesOf(currency);
  const most = round(multiply(multiply(quantity, limit), add(ONE, feeRate)), places, 'up');
  return { currency, amount: add(most, decimal(1n, places)) };
}

/** As much as the free balance covers at the plan's limit, fee included. */
export function coveredBy(desk: Desk, leg: LegState, { side, limit }: Pick<Plan, 'side' | 'limit'>): Decimal {
  if (side === 'sell') return freeOf(desk.ledger, leg.venue, baseOf(leg.symbol));
  const quote = quoteOf(leg.symbol);
  // Two units of the last place: value and fee are rounded, and so is the need.
  const spare = subtract(freeOf(desk.ledger, leg.venue, quote), decimal(2n, placesOf(quote)));
  const each = multiply(limit, add(ONE, feeRateOf(desk, leg.venue, leg.symbol)));
  return sign(spare) <= 0 || sign(limit) <= 0 ? ZERO : divide(spare, each, FINEST_PLACES, 'down');
}

/** Why the order would not be taken, or null: the venue's terms, and what is held there. */
export function refusalOf(desk: Desk, leg: LegState, plan: Plan): string | null {
  const fault = termsFaultOf(termsOf(desk.instruments, leg.venue, leg.symbol), plan.quantity, plan.limit);
  if (fault !== null) return fault;
  const { currency, amount } = needOf(leg, plan, feeRateOf(desk, leg.venue, leg.symbol));
  const free = freeOf(desk.ledger, leg.venue, currency);
  if (compare(free, amount) >= 0) return null;
  return `no balance: ${leg.venue} has ${formatDecimal(free)} ${currency} free, the order needs ${formatDecimal(amount)}`;
}

function workingOf(
  trip: Trip,
  place: number,
  plan: Plan,
  rest: Pick<Working, 'feeRate' | 'reserved' | 'arrivesAt' | 'latencyMs'>,
): Working {
  const phase = trip.phase as Phase;
  const leg = phase.legs[place] as LegState;
  leg.tries++;
  return {
    order: `${trip.id}-${phase.name}-${place}-${leg.tries}`,
    side: plan.side,
    quantity: formatDecimal(plan.quantity),
    limit: formatDecimal(plan.limit),
    purpose: plan.purpose,
    ...rest,
    state: 'intended',
    filled: '0',
  };
}

/** Says the intent and puts aside what it may need; the order reaches the venue after a latency drawn from the venue's profile. */
export function send(desk: Desk, trip: Trip, place: number, plan: Plan, context: CoreContext): void {
  const phase = trip.phase as Phase;
  const leg = phase.legs[place] as LegState;
  const feeRate = feeRateOf(desk, leg.venue, leg.symbol);
  const need = needOf(leg, plan, feeRate);
  reserve(desk.ledger, leg.venue, need.currency, need.amount);
  const latency = desk.settings.venues.get(leg.venue)?.latency ?? { min: 0, max: 0 };
  const drawn = context.draw(`${trip.id}/${phase.name}-${place}-${leg.tries + 1}/latency`);
  const micros = Math.round((latency.min + (latency.max - latency.min) * drawn) * 1000);
  const working = workingOf(trip, place, plan, {
    feeRate: formatDecimal(feeRate),
    reserved: { currency: need.currency, amount: formatDecimal(need.amount) },
    arrivesAt: context.now + micros,
    latencyMs: micros / 1000,
  });
  leg.working = working;
  if (plan.purpose === 'unwind') trip.unwinds++;
  else {
    const totals = totalsOf(trip, phase.kind, leg);
    if (plan.purpose === 'leg') totals.asked = formatDecimal(add(parseDecimal(totals.asked), plan.quantity));
    totals.lastExpected = leg.expected;
    totals.latencyMs += working.latencyMs;
    totals.orders++;
  }
  emitOrder(trip, leg, working, null, context);
  context.setTimer(arrivalTimer(trip, place), working.arrivesAt);
}

/** The order is not sent: said at once, with the reason. */
export function refuse(
  desk: Desk,
  trip: Trip,
  place: number,
  plan: Plan,
  state: 'rejected' | 'cancelled',
  reason: string,
  context: CoreContext,
): void {
  const leg = (trip.phase as Phase).legs[place] as LegState;
  const working = workingOf(trip, place, plan, {
    feeRate: '0',
    reserved: { currency: '', amount: '0' },
    arrivesAt: context.now,
    latencyMs: 0,
  });
  leg.reason = reason;
  desk.stats.notSent++;
  say(trip, leg, working, state, '0', reason, context);
}

/** On its way and not to arrive: as long as no venue has it, it can be taken back. */
export function cancel(desk: Desk, trip: Trip, place: number, reason: string, context: CoreContext): void {
  const leg = (trip.phase as Phase).legs[place] as LegState;
  const working = leg.working as Working;
  leg.working = null;
  leg.reason = reason;
  release(desk.ledger, leg.venue, working.reserved.currency, parseDecimal(working.reserved.amount));
  context.clearTimer(arrivalTimer(trip, place));
  desk.stats.notSent++;
  say(trip, leg, working, 'cancelled', '0', reason, context);
}

/** The order is at the venue: it takes what it can get there now, and what it cannot is gone. */
export function arrive(desk: Desk, trip: Trip, place: number, context: CoreContext): void {
  const leg = (trip.phase as Phase).legs[place] as LegState;
  const working = leg.working as Working;
  leg.working = null;
  release(desk.ledger, leg.venue, working.reserved.currency, parseDecimal(working.reserved.amount));
  const met = meet(desk, trip, leg, working, context);
  if (typeof met === 'string') {
    leg.reason = met;
    countOrder(desk.stats, working, 0);
    say(trip, leg, working, 'rejected', '0', met, context);
    return;
  }
  settle(desk, trip, leg, working, met.taking, met.book, context);
  const filled = formatDecimal(met.taking.filled);
  countOrder(desk.stats, working, toNumber(divide(met.taking.filled, parseDecimal(working.quantity), 9)));
  if (filled === working.quantity) {
    leg.reason = null;
    say(trip, leg, working, 'filled', filled, null, context);
    return;
  }
  leg.reason = `only ${filled} of ${working.quantity} within the limit`;
  say(trip, leg, working, 'part-filled', filled, null, context);
  say(trip, leg, working, 'cancelled', filled, leg.reason, context);
}

/** What the venue's book gives it, or why nothing. */
function meet(desk: Desk, trip: Trip, leg: LegState, working: Working, context: CoreContext): { taking: Taking; book: VenueBook } | string {
  const { settings } = desk;
  if (!settings.venues.has(leg.venue)) return `venue ${leg.venue} is not configured`;
  if (settings.sendErrorRate > 0 && context.draw(`${working.order}/error`) < settings.sendErrorRate)
    return 'the venue did not take the order: an error on sending, drawn';
  const quantity = parseDecimal(working.quantity);
  const limit = parseDecimal(working.limit);
  const fault = refusalOf(desk, leg, { side: working.side, quantity, limit, purpose: working.purpose });
  if (fault !== null) return fault;
  const book = bookOf(desk.books, leg.venue, leg.symbol);
  const trouble = troubleOf(book, desk.health.get(leg.venue), working.arrivesAt, settings.staleMicros);
  if (book === undefined || trouble !== null) return trouble ?? 'no book';
  const buys = working.side === 'buy';
  const taking = take(settings.model, {
    levels: buys ? book.asks : book.bids,
    alreadyTaken: buys ? book.takenAsks : book.takenBids,
    side: working.side,
    quantity,
    limit,
    lot: termsOf(desk.instruments, leg.venue, leg.symbol).lot,
    edgeBps: (trip.phase as Phase).edgeBps,
    volatilityBps: book.volatilityBps,
  });
  if (sign(taking.filled) === 0) {
    if (taking.zone !== null) return `the calibrated model lets none of it fill: ratio ${taking.zone.predicted}, within the limit`;
    return taking.best === null
      ? `limit not reached: the book offers nothing to ${working.side}`
      : `limit not reached: the best price is ${formatDecimal(taking.best)}, the limit ${working.limit}`;
  }
  if (settings.allOrNothing && working.purpose === 'leg' && compare(taking.filled, quantity) < 0)
    return `all or nothing: only ${formatDecimal(taking.filled)} of ${working.quantity} within the limit`;
  return { taking, book };
}

function settle(desk: Desk, trip: Trip, leg: LegState, working: Working, taking: Taking, book: VenueBook, context: CoreContext): void {
  const phase = trip.phase as Phase;
  const quote = quoteOf(leg.symbol);
  const buys = working.side === 'buy';
  const unwinds = working.purpose === 'unwind';
  const quantity = taking.filled;
  if (buys) book.takenAsks = taking.taken;
  else book.takenBids = taking.taken;
  const value = round(taking.value, placesOf(quote));
  const feeRate = working.feeRate === null ? feeRateOf(desk, leg.venue, leg.symbol) : parseDecimal(working.feeRate);
  const fee = round(multiply(taking.value, feeRate), placesOf(quote));
  post(desk.ledger, leg.venue, trip.coin, buys ? quantity : negate(quantity));
  post(desk.ledger, leg.venue, quote, subtract(buys ? negate(value) : value, fee));

  const worth = toNumber(converted(value, parseConversion(leg.conversion)));
  desk.traded.set(leg.venue, (desk.traded.get(leg.venue) ?? 0) + worth);

  const metBest = taking.best as Decimal;
  const sentAtBest = parseDecimal(leg.sentAtBest);
  const booked = { phase: phase.kind, coin: trip.coin, quote, side: working.side, unwinds, quantity, exact: taking.value, value, fee };
  bookFill(trip.account, { ...booked, sentAtBest, metBest, conversion: leg.conversion });
  const filled = parseDecimal(leg.filled);
  leg.filled = formatDecimal(unwinds ? subtract(filled, quantity) : add(filled, quantity));
  phase.everFilled = true;
  trackGap(trip, phase, working.arrivesAt);

  // To the worse side: no price is told that is better than what was paid.
  const price = divide(taking.value, quantity, PRICE_PLACES, buys ? 'up' : 'down');
  const expected = parseDecimal(unwinds ? leg.sentAtBest : leg.expected);
  const worse = buys ? subtract(price, expected) : subtract(expected, price);
  const slippageBps = toNumber(divide(multiply(worse, BPS), expected, 4));
  if (!unwinds) {
    const totals = totalsOf(trip, phase.kind, leg);
    totals.filled = formatDecimal(add(parseDecimal(totals.filled), quantity));
    totals.expectedValue = formatDecimal(add(parseDecimal(totals.expectedValue), multiply(quantity, expected)));
    totals.value = formatDecimal(add(parseDecimal(totals.value), value));
    totals.fee = formatDecimal(add(parseDecimal(totals.fee), fee));
    countFill(desk.stats, slippageBps, taking.zone);
  }
  const fill = {
    order: working.order,
    trip: trip.id,
    venue: leg.venue,
    symbol: leg.symbol,
    side: working.side,
    price: formatDecimal(price),
    quantity: formatDecimal(quantity),
    fee: { amount: formatDecimal(fee), currency: quote },
    value: { amount: formatDecimal(value), currency: quote },
    slippageBps,
    available: formatDecimal(taking.available),
    fillRatio: toNumber(divide(quantity, parseDecimal(working.quantity), 6)),
    model: desk.settings.model.name,
    modelVersion: versionOf(desk.settings.model),
    purpose: working.purpose,
    sentAtBest: leg.sentAtBest,
    metBest: priceText(metBest),
    latencyMs: working.latencyMs,
  };
  context.emit('fill', [leg.venue, leg.symbol], fill, basisOf(phase.verdict, book.position, context));
  tallyFill(desk.tally, fill);
  context.emit('balance', [leg.venue], statement(desk.ledger, leg.venue));
}

function basisOf(verdict: number | string | null, book: number, context: CoreContext): (number | string)[] {
  const basis: (number | string)[] = verdict === null || verdict === context.position ? [] : [verdict];
  if (book !== context.position) basis.push(book);
  return basis;
}

/** Says what has become of an order, unless that is no news. */
function say(
  trip: Trip,
  leg: LegState,
  working: Working,
  state: OrderState,
  filled: string,
  reason: string | null,
  context: CoreContext,
): void {
  const life = lifeAfter(working, { state, filled });
  if (life === null) return;
  working.state = life.state;
  working.filled = life.filled;
  emitOrder(trip, leg, working, reason, context);
}

function emitOrder(trip: Trip, leg: LegState, working: Working, reason: string | null, context: CoreContext): void {
  const { order, side, state, quantity, filled, limit } = working;
  const verdict = trip.phase?.verdict ?? null;
  context.emit(
    'order',
    [leg.venue, leg.symbol],
    { order, trip: trip.id, venue: leg.venue, symbol: leg.symbol, side, state, quantity, filled, limit, reason },
    verdict === null || verdict === context.position ? [] : [verdict],
  );
}
