import type { DataOf, StreamEvent } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import {
  type Conversion,
  compare,
  type Decimal,
  decimal,
  formatConversion,
  formatDecimal,
  greatest,
  least,
  parseDecimal,
  sign,
  subtract,
} from '@arb/shared/money';
import { coinsOf } from './attribution.ts';
import { hasBegun, noteBegun } from './begun.ts';
import type { Desk } from './desk.ts';
import { bestOffer } from './fill-model.ts';
import { fitLimit, fitQuantity, termsFaultOf, termsOf } from './instruments.ts';
import { isHalted, mayEnter } from './mode.ts';
import { arrivalTimer, arrive, cancel, coveredBy, type Plan, priceText, refusalOf, refuse, send } from './order.ts';
import { sayEnd, sayPosition } from './report.ts';
import { baseOf, type LegState, newTrip, type Phase, quoteOf, type Trip, type Working } from './trip.ts';
import { dealWith, gapOf, policyTimer } from './unmatched.ts';
import { bookOf, troubleOf } from './venue-book.ts';

type Decision = NonNullable<DataOf<'verdict'>['decision']>;
type Leg = Decision['legs'][number];

/** As many as risk keeps reservations for. */
const MOST_TRIPS = 1000;
/** The clock speaks ten times a second: an order that is noticed so long after it arrived was not watched. */
const OVERDUE_MICROS = 500_000;
const LOOK_AGAIN_MICROS = 100_000;
const ITSELF: Conversion = { rate: decimal(1n, 0), by: 'multiplication' };

/** An allowed entry begins a trip. Whatever happens, it comes to exactly one `position` that is not CLOSING. */
export function beginEntry(desk: Desk, event: StreamEvent<'verdict'>, decision: Decision, context: CoreContext): void {
  const id = decision.trip;
  // A second verdict for a trip has its outcome already: the one the trip comes to, or has come to.
  if (id === null || desk.trips.has(id) || hasBegun(desk.begun, id)) return;
  noteBegun(desk.begun, id);
  const trip = newTrip(id, decision, context.now);
  const fault = mayEnter(desk.modes) || isHalted(desk.modes) ? faultOf(desk, decision, context.now) : 'nothing is entered: reduce-only';
  if (fault !== null || desk.trips.size >= MOST_TRIPS) {
    sayPosition(trip, 'FAILED', fault ?? `${MOST_TRIPS} round trips are open`, null, context);
    return;
  }
  desk.trips.set(id, trip);
  start(desk, trip, 'enter', 'enter', event.position, decision, context);
}

/** An allowed exit of a trip. One of a trip that has ended comes too late, and its end was said. */
export function beginExit(desk: Desk, event: StreamEvent<'verdict'>, decision: Decision, context: CoreContext): void {
  const id = decision.trip;
  if (id === null) return;
  const trip = desk.trips.get(id);
  if (trip === undefined) {
    if (!hasBegun(desk.begun, id)) sayPosition(newTrip(id, decision, context.now), 'FAILED', 'no such round trip is open', null, context);
    return;
  }
  if (trip.phase !== null) return;
  const fault = faultOf(desk, decision, context.now);
  if (fault !== null) {
    sayPosition(trip, 'OPEN', fault, null, context);
    return;
  }
  trip.exits++;
  trip.exitRule = decision.rule;
  sayPosition(trip, 'CLOSING', decision.why, null, context);
  start(desk, trip, 'exit', trip.exits === 1 ? 'exit' : `exit${trip.exits}`, event.position, decision, context);
}

/** Why the decision cannot be carried out at all, or null. */
function faultOf(desk: Desk, decision: Decision, now: number): string | null {
  const [first, second] = decision.legs;
  if (isHalted(desk.modes)) return 'halted';
  if (decision.validUntil !== null && now > decision.validUntil) return 'the decision is too old';
  if (decision.legs.length !== 2 || first === undefined || second === undefined || first.side === second.side)
    return 'expected one buying and one selling leg';
  if (first.venue === second.venue) return `expected legs at two venues, found both at ${first.venue}`;
  for (const leg of decision.legs) {
    if (baseOf(leg.symbol) !== decision.coin) return `expected legs in ${decision.coin}, found ${leg.symbol}`;
    if (!desk.settings.venues.has(leg.venue)) return `venue ${leg.venue} is not configured`;
    if (conversionOf(desk, leg) === undefined) return `no rate from ${quoteOf(leg.symbol)} to ${desk.settings.numeraire} is known`;
    if ([leg.quantity, leg.expected, leg.limit].some((text) => sign(parseDecimal(text)) <= 0))
      return 'expected quantity, price and limit above 0';
  }
  return null;
}

function conversionOf(desk: Desk, leg: Leg): Conversion | undefined {
  const quote = quoteOf(leg.symbol);
  return quote === desk.settings.numeraire ? ITSELF : desk.conversions.get(quote);
}

function start(desk: Desk, trip: Trip, kind: Phase['kind'], name: string, verdict: number, decision: Decision, context: CoreContext): void {
  const legs = decision.legs.map((leg) => legOf(desk, leg, context.now)) as [LegState, LegState];
  const phase: Phase = {
    kind,
    name,
    legs,
    verdict,
    edgeBps: decision.edgeBps ?? 0,
    everFilled: false,
    policy: desk.settings.unmatched.policy,
    since: null,
    until: null,
    policyTries: 0,
    gap: 0,
    gapSince: context.now,
    kept: null,
  };
  trip.phase = phase;
  const plans = kind === 'enter' ? plansOf(desk, decision, null) : plansToClose(desk, phase, decision, parseDecimal(trip.quantity));
  const refusals = plans.map((plan, place) => refusalOf(desk, legs[place] as LegState, plan));
  const refused = refusals.find((reason) => reason !== null) ?? null;
  if (refused === null) {
    plans.forEach((plan, place) => {
      send(desk, trip, place, plan, context);
    });
    return;
  }
  // One leg alone is a position nobody decided on: where one cannot be sent, none is.
  plans.forEach((plan, place) => {
    const own = refusals[place] ?? null;
    refuse(desk, trip, place, plan, own === null ? 'cancelled' : 'rejected', own ?? `the other leg cannot be sent: ${refused}`, context);
  });
  finish(desk, trip, phase, context);
}

/** What the legs ask, as both venues take it: in whole lots of the coarser one, at prices on the tick, never worse than the limit. */
function plansOf(desk: Desk, decision: Decision, most: Decimal | null): Plan[] {
  const terms = decision.legs.map(({ venue, symbol }) => termsOf(desk.instruments, venue, symbol));
  const lot = terms.map((one) => one.lot).reduce(greatest);
  return decision.legs.map(({ side, quantity, limit }, place) => {
    const own = terms[place] as (typeof terms)[number];
    const asked = most === null ? parseDecimal(quantity) : least(parseDecimal(quantity), most);
    return { side, quantity: fitQuantity({ ...own, lot }, asked), limit: fitLimit(own, side, parseDecimal(limit)), purpose: 'leg' };
  });
}

/** What closes the trip; where the balances cover only a part of it, that part: waiting for all of it closes nothing. */
function plansToClose(desk: Desk, phase: Phase, decision: Decision, open: Decimal): Plan[] {
  const plans = plansOf(desk, decision, open);
  const covered = plans.map((plan, place) => coveredBy(desk, phase.legs[place] as LegState, plan)).reduce(least);
  if (plans.every(({ quantity }) => compare(quantity, covered) <= 0)) return plans;
  const part = plansOf(desk, decision, least(open, covered));
  if (part.some((plan, place) => refusalOf(desk, phase.legs[place] as LegState, plan) !== null)) return plans;
  phase.short = `the balances cover ${formatDecimal((part[0] as Plan).quantity)} of ${formatDecimal(open)}`;
  return part;
}

function legOf(desk: Desk, { venue, symbol, side, limit, expected, ...rest }: Leg, now: number): LegState {
  const book = bookOf(desk.books, venue, symbol);
  const good = book !== undefined && troubleOf(book, desk.health.get(venue), now, desk.settings.staleMicros) === null;
  const { lot } = termsOf(desk.instruments, venue, symbol);
  const best = !good ? null : side === 'buy' ? bestOffer(book.asks, book.takenAsks, lot) : bestOffer(book.bids, book.takenBids, lot);
  const conversion = conversionOf(desk, { venue, symbol, side, limit, expected, ...rest }) as Conversion;
  return {
    venue,
    symbol,
    side,
    limit,
    expected,
    sentAtBest: best === null ? expected : priceText(best),
    conversion: formatConversion(conversion),
    filled: '0',
    tries: 0,
    working: null,
    waiting: false,
    pausedUntil: 0,
    reason: null,
  };
}

/** An order is at its venue. */
export function arrived(desk: Desk, tripId: string, place: number, context: CoreContext): void {
  const trip = desk.trips.get(tripId);
  const leg = trip?.phase?.legs[place];
  if (trip === undefined || leg === undefined || leg.working === null)
    throw new Error(`executor: expected an order of leg ${place} of trip ${tripId} on its way, found none`);
  if (waits(desk, leg, leg.working, context.now)) {
    leg.working.arrivesAt = context.now + LOOK_AGAIN_MICROS;
    context.setTimer(arrivalTimer(trip, place), leg.working.arrivesAt);
    return;
  }
  arrive(desk, trip, place, context);
  advance(desk, trip, context);
}

/** Orders on their way when the session broke off are matched with what the market shows after it, or not at all. */
export function awaitBooks(desk: Desk): void {
  for (const { phase } of desk.trips.values())
    for (const { working } of phase?.legs ?? []) if (working !== null) working.looksLeft ??= looksOf(desk);
}

/** Looks and not an hour: core time may jump over the whole break at once. */
function looksOf({ settings }: Desk): number {
  return Math.ceil(settings.staleMicros / LOOK_AGAIN_MICROS);
}

/**
 * A break is noticed by the time it took before anything says so: what is that far overdue looks again, and knows then
 * whether the session went on or time only stood still.
 */
function waits(desk: Desk, leg: LegState, working: Working, now: number): boolean {
  if (working.looksLeft === undefined) {
    // The first schema did not save when an order arrives.
    if (working.arrivesAt === 0 || now - working.arrivesAt < OVERDUE_MICROS) return false;
    working.looksLeft = looksOf(desk);
    return true;
  }
  const book = bookOf(desk.books, leg.venue, leg.symbol);
  return book !== undefined && !book.live && working.looksLeft-- > 0;
}

/** The pause before the policy's next try is over. */
export function retry(desk: Desk, tripId: string, place: number, context: CoreContext): void {
  const trip = desk.trips.get(tripId);
  const leg = trip?.phase?.legs[place];
  if (trip === undefined || leg === undefined || !leg.waiting)
    throw new Error(`executor: expected leg ${place} of trip ${tripId} to wait for its policy, found it not waiting`);
  leg.waiting = false;
  advance(desk, trip, context);
}

/** Once no order is on its way: what does not match is dealt with, then the phase ends. */
function advance(desk: Desk, trip: Trip, context: CoreContext): void {
  const phase = trip.phase as Phase;
  const busy = () => phase.legs.some((leg) => leg.working !== null || leg.waiting);
  if (busy()) return;
  if (sign(gapOf(phase)) !== 0) dealWith(desk, trip, phase, context);
  if (!busy()) finish(desk, trip, phase, context);
}

/** Nothing that has not reached its venue leaves any more; what is already filled stays until trading goes on. */
export function haltAll(desk: Desk, context: CoreContext): void {
  for (const trip of [...desk.trips.values()]) {
    if (trip.phase === null || trip.phase.legs.every((leg) => leg.working === null)) continue;
    trip.phase.legs.forEach((leg, place) => {
      if (leg.working !== null) cancel(desk, trip, place, 'halted', context);
    });
    advance(desk, trip, context);
  }
}

/**
 * A person wants out of a trip, coin, venue or route (`BTC:binance>upbit`), or of all: whatever the policy was, what is
 * unmatched there is taken back, and at once. Open trips are closed by the exits that strategy then decides on.
 */
export function flatten(desk: Desk, target: string | undefined, context: CoreContext): void {
  for (const trip of [...desk.trips.values()]) {
    const { phase, route } = trip;
    const names = [trip.id, trip.coin, ...(route === null ? [] : [route.buy, route.sell, `${trip.coin}:${route.buy}>${route.sell}`])];
    if (phase === null || (target !== undefined && !names.includes(target))) continue;
    phase.policy = 'reverse';
    phase.until = null;
    hurry(desk, trip, phase, context);
  }
}

/** A new session goes on with what is under way: it waits for fresh books, with its time limit before it. */
export function carryOver(desk: Desk, parent: string | null): void {
  for (const { phase } of desk.trips.values()) {
    if (phase === null) continue;
    phase.since = null;
    phase.until = null;
    if (typeof phase.verdict === 'number') phase.verdict = parent === null ? null : `${parent}:${phase.verdict}`;
  }
}

/** Waits no longer, where it waits. */
function hurry(desk: Desk, trip: Trip, phase: Phase, context: CoreContext): void {
  phase.legs.forEach((leg, place) => {
    leg.pausedUntil = 0;
    if (!leg.waiting) return;
    leg.waiting = false;
    context.clearTimer(policyTimer(trip, place));
  });
  advance(desk, trip, context);
}

function finish(desk: Desk, trip: Trip, phase: Phase, context: CoreContext): void {
  const matched = least(parseDecimal(phase.legs[0].filled), parseDecimal(phase.legs[1].filled));
  const why = whyOf(phase);
  trip.phase = null;
  if (phase.kind === 'enter') {
    trip.quantity = formatDecimal(matched);
    if (sign(matched) > 0) sayPosition(trip, 'OPEN', why, phase, context);
    else end(desk, trip, phase.everFilled && phase.kept === null ? 'UNWOUND' : 'FAILED', why, phase, context);
    return;
  }
  const rest = subtract(parseDecimal(trip.quantity), matched);
  const dust = sign(rest) > 0 && tooSmall(desk, phase, rest);
  trip.quantity = dust ? '0' : formatDecimal(rest);
  if (dust)
    end(
      desk,
      trip,
      trip.abandoned ? 'FAILED' : 'CLOSED',
      `${formatDecimal(rest)} ${trip.coin} are too few to trade back; ${why}`,
      phase,
      context,
    );
  else if (sign(rest) > 0) sayPosition(trip, 'OPEN', why, phase, context);
  else end(desk, trip, trip.abandoned ? 'FAILED' : 'CLOSED', why, phase, context);
}

/**
 * What a venue takes no order for is never closed. It ends the trip as it lies: coins at one venue for those sold at the
 * other, so nothing is left over or owed; the trip has earned there what its entry earned.
 */
function tooSmall(desk: Desk, { legs }: Phase, rest: Decimal): boolean {
  const terms = legs.map(({ venue, symbol }) => termsOf(desk.instruments, venue, symbol));
  const lot = terms.map((one) => one.lot).reduce(greatest);
  return legs.some(({ side, limit }, place) => {
    const own = terms[place] as (typeof terms)[number];
    const price = fitLimit(own, side, parseDecimal(limit));
    return sign(price) > 0 && termsFaultOf(own, fitQuantity({ ...own, lot }, rest), price) !== null;
  });
}

/** The trip leaves the desk. What it has more of its coin than before must be what it said it keeps. */
function end(desk: Desk, trip: Trip, state: 'CLOSED' | 'UNWOUND' | 'FAILED', why: string, phase: Phase, context: CoreContext): void {
  const coins = coinsOf(trip.account, trip.coin);
  if (compare(coins, parseDecimal(trip.kept)) !== 0)
    throw new Error(
      `executor: expected trip ${trip.id} to end with the ${trip.kept} ${trip.coin} it keeps, found ${formatDecimal(coins)}; a fill was booked to no leg`,
    );
  desk.trips.delete(trip.id);
  sayEnd(desk, trip, state, why, phase, context);
}

function whyOf(phase: Phase): string {
  const reasons = phase.legs.flatMap((leg) => (leg.reason === null ? [] : [`${leg.side} at ${leg.venue}: ${leg.reason}`]));
  if (phase.short !== undefined) reasons.unshift(phase.short);
  if (phase.kept !== null) reasons.unshift(phase.kept);
  return reasons.length === 0 ? 'both legs filled' : reasons.join('; ');
}
