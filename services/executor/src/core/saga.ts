import type { DataOf, StreamEvent } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { type Decimal, formatDecimal, least, parseDecimal, sign, subtract } from '@arb/shared/money';
import type { Desk } from './desk.ts';
import { arrive, marketPrices, send } from './order.ts';
import { realised, residualOf } from './pnl.ts';
import { baseOf, type LegState, newLeg, newTrip, type Phase, type Trip } from './trip.ts';

type Decision = NonNullable<DataOf<'verdict'>['decision']>;
type PositionState = DataOf<'position'>['state'];

const MOST_UNWINDS = 5;
const UNWIND_PAUSE_MICROS = 1_000_000;

/** An allowed decision begins. Whatever happens, it ends in exactly one `position` event that is not CLOSING. */
export function begin(desk: Desk, event: StreamEvent<'verdict'>, decision: Decision, context: CoreContext): void {
  if (decision.kind === 'enter') beginEntry(desk, event, decision, context);
  else beginExit(desk, event, decision, context);
}

/** Why the decision cannot be carried out at all, or null. */
function faultOf(desk: Desk, decision: Decision, now: number): string | null {
  const [first, second] = decision.legs;
  if (desk.halted) return 'halted';
  if (decision.validUntil !== null && now > decision.validUntil) return 'the decision is too old';
  if (decision.legs.length !== 2 || first === undefined || second === undefined || first.side === second.side)
    return 'expected one buying and one selling leg';
  for (const leg of decision.legs) {
    if (baseOf(leg.symbol) !== decision.coin) return `expected legs in ${decision.coin}, found ${leg.symbol}`;
    if (!desk.settings.venues.has(leg.venue)) return `venue ${leg.venue} is not configured`;
    if (sign(parseDecimal(leg.quantity)) <= 0 || sign(parseDecimal(leg.expected)) <= 0) return 'expected quantity and price above 0';
  }
  return null;
}

function beginEntry(desk: Desk, event: StreamEvent<'verdict'>, decision: Decision, context: CoreContext): void {
  const id = decision.trip;
  // A second verdict for a trip that runs already has its outcome: the one the trip comes to.
  if (id === null || desk.trips.has(id)) return;
  const trip = newTrip(id, decision);
  const fault = faultOf(desk, decision, context.now);
  if (fault !== null) {
    say(desk, trip, 'FAILED', fault, context);
    return;
  }
  desk.trips.set(id, trip);
  start(desk, trip, 'enter', 'enter', event.position, decision.legs, null, context);
}

function beginExit(desk: Desk, event: StreamEvent<'verdict'>, decision: Decision, context: CoreContext): void {
  const id = decision.trip;
  if (id === null) return;
  const trip = desk.trips.get(id);
  if (trip === undefined) {
    say(desk, newTrip(id, decision), 'FAILED', 'no such round trip is open', context);
    return;
  }
  if (trip.phase !== null) return;
  const fault = faultOf(desk, decision, context.now);
  if (fault !== null) {
    say(desk, trip, 'OPEN', fault, context);
    return;
  }
  trip.exits++;
  const name = trip.exits === 1 ? 'exit' : `exit${trip.exits}`;
  say(desk, trip, 'CLOSING', decision.why, context);
  start(desk, trip, 'exit', name, event.position, decision.legs, parseDecimal(trip.quantity), context);
}

function start(
  desk: Desk,
  trip: Trip,
  kind: Phase['kind'],
  name: string,
  verdict: number,
  legs: Decision['legs'],
  most: Decimal | null,
  context: CoreContext,
): void {
  const [first, second] = legs as [Decision['legs'][number], Decision['legs'][number]];
  trip.phase = { kind, name, legs: [newLeg(first), newLeg(second)], verdict, everFilled: false };
  legs.forEach((leg, place) => {
    const asked = parseDecimal(leg.quantity);
    const quantity = formatDecimal(most === null ? asked : least(asked, most));
    send(desk, trip, place, { side: leg.side, quantity, limit: leg.limit, expected: leg.expected, unwinds: false }, context);
  });
}

/** An order is at its venue. */
export function arrived(desk: Desk, tripId: string, place: number, context: CoreContext): void {
  const trip = desk.trips.get(tripId);
  const leg = trip?.phase?.legs[place];
  if (trip === undefined || leg === undefined || leg.working === null)
    throw new Error(`executor: expected an order of leg ${place} of trip ${tripId} on its way, found none`);
  arrive(desk, trip, leg, context);
  advance(desk, trip, context);
}

/** The pause before an unwind is over. */
export function retry(desk: Desk, tripId: string, place: number, context: CoreContext): void {
  const trip = desk.trips.get(tripId);
  const leg = trip?.phase?.legs[place];
  if (trip === undefined || leg === undefined || !leg.waiting)
    throw new Error(`executor: expected leg ${place} of trip ${tripId} to wait for its unwind, found it not waiting`);
  leg.waiting = false;
  advance(desk, trip, context);
}

function matchedOf(phase: Phase): Decimal {
  return least(parseDecimal(phase.legs[0].filled), parseDecimal(phase.legs[1].filled));
}

/** Once no order is on its way: what one leg has more than the other is unwound, then the phase ends. */
function advance(desk: Desk, trip: Trip, context: CoreContext): void {
  const phase = trip.phase as Phase;
  const busy = () => phase.legs.some((leg) => leg.working !== null || leg.waiting);
  if (busy()) return;
  const matched = matchedOf(phase);
  phase.legs.forEach((leg, place) => {
    const excess = subtract(parseDecimal(leg.filled), matched);
    if (sign(excess) > 0 && leg.unwinds < MOST_UNWINDS) unwind(desk, trip, leg, place, excess, context);
  });
  if (!busy()) finish(desk, trip, phase, matched, context);
}

/** The opposite order at the market; at once the first time, after a pause each further time. While halted it waits. */
function unwind(desk: Desk, trip: Trip, leg: LegState, place: number, excess: Decimal, context: CoreContext): void {
  if (!desk.halted && context.now >= leg.pausedUntil) {
    leg.unwinds++;
    leg.pausedUntil = context.now + UNWIND_PAUSE_MICROS;
    const side = leg.side === 'buy' ? 'sell' : 'buy';
    const prices = marketPrices(desk, leg, side);
    if (prices !== null) {
      send(desk, trip, place, { side, quantity: formatDecimal(excess), ...prices, unwinds: true }, context);
      return;
    }
    leg.reason = 'no book to unwind on';
  }
  leg.waiting = true;
  context.setTimer(`unwind/${trip.id}/${place}`, desk.halted ? context.now + UNWIND_PAUSE_MICROS : leg.pausedUntil);
}

function finish(desk: Desk, trip: Trip, phase: Phase, matched: Decimal, context: CoreContext): void {
  const why = whyOf(phase);
  trip.phase = null;
  if (phase.kind === 'enter') {
    trip.quantity = formatDecimal(matched);
    if (sign(matched) > 0) {
      say(desk, trip, 'OPEN', why, context, phase);
      return;
    }
    end(desk, trip, phase.everFilled ? 'UNWOUND' : 'FAILED', why, context, phase);
    return;
  }
  const rest = subtract(parseDecimal(trip.quantity), matched);
  trip.quantity = formatDecimal(rest);
  if (sign(rest) > 0) say(desk, trip, 'OPEN', why, context, phase);
  else end(desk, trip, 'CLOSED', why, context, phase);
}

/** A trip is over. One that leaves a coin unhedged has failed, whatever else it did. */
function end(desk: Desk, trip: Trip, state: 'CLOSED' | 'UNWOUND' | 'FAILED', why: string, context: CoreContext, phase: Phase): void {
  desk.trips.delete(trip.id);
  const residual = residualOf(trip.account, trip.coin);
  if (sign(residual) === 0) {
    say(desk, trip, state, why, context, phase);
    return;
  }
  say(desk, trip, 'FAILED', `${formatDecimal(residual)} ${trip.coin} could not be unwound; ${why}`, context, phase);
}

function whyOf(phase: Phase): string {
  const reasons = phase.legs.flatMap((leg) => (leg.reason === null ? [] : [`${leg.side} at ${leg.venue}: ${leg.reason}`]));
  return reasons.length === 0 ? 'both legs filled' : reasons.join('; ');
}

function say(desk: Desk, trip: Trip, state: PositionState, why: string, context: CoreContext, phase: Phase | null = null): void {
  const over = state === 'CLOSED' || state === 'UNWOUND' || state === 'FAILED';
  const result = over ? realised(trip.account, trip.coin, desk.settings.numeraire, desk.rates) : null;
  const verdict = phase?.verdict ?? null;
  const basis: (number | string)[] = verdict === null || verdict === context.position ? [] : [verdict];
  if (over)
    for (const { position } of desk.rates.values())
      if (position !== null && position !== context.position && basis.length < 16) basis.push(position);
  context.emit(
    'position',
    [trip.coin],
    {
      trip: trip.id,
      coin: trip.coin,
      state,
      route: trip.route,
      quantity: trip.quantity,
      pnl: result === null ? null : { amount: result.amount, currency: desk.settings.numeraire },
      parts: result?.parts ?? {},
      why,
    },
    basis,
  );
}
