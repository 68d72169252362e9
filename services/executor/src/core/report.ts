import type { DataOf, RoundTrip } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import { type Decimal, decimal, divide, formatDecimal, multiply, parseDecimal, sign, subtract, toNumber } from '@arb/shared/money';
import { realised } from './attribution.ts';
import type { Desk } from './desk.ts';
import { versionOf } from './fill-model.ts';
import type { Settings } from './settings.ts';
import { countEnd } from './stats.ts';
import type { LegTotals, Phase, Trip } from './trip.ts';

type PositionState = DataOf<'position'>['state'];
const MOST_BASIS = 16;

/** How a trip stands. */
export function sayPosition(
  trip: Trip,
  state: 'OPEN' | 'CLOSING' | 'FAILED',
  why: string,
  phase: Phase | null,
  context: CoreContext,
): void {
  context.emit('position', [trip.coin], lineOf(trip, state, null, {}, why), verdictOf(phase, context));
}

/** A trip that was begun is over: what it earned, in parts, and all that its log line needs. */
export function sayEnd(
  desk: Desk,
  trip: Trip,
  state: 'CLOSED' | 'UNWOUND' | 'FAILED',
  why: string,
  phase: Phase,
  context: CoreContext,
): void {
  const { settings, conversions } = desk;
  const { amount, parts } = realised(trip.account, trip.coin, settings.numeraire, conversions);
  const { notional } = trip;
  const oneR = settings.stopLoss === null || notional === null ? null : multiply(parseDecimal(notional.amount), settings.stopLoss);
  countEnd(desk.stats, state, amount, notional?.currency === settings.numeraire ? oneR : null, trip.unhedged);
  const basis = verdictOf(phase, context);
  for (const position of desk.ratePositions.values()) if (position !== context.position && basis.length < MOST_BASIS) basis.push(position);
  const pnl = { amount: formatDecimal(amount), currency: settings.numeraire };
  context.emit('position', [trip.coin], { ...lineOf(trip, state, pnl, parts, why), log: logOf(trip, settings, context.now) }, basis);
}

function lineOf(
  trip: Trip,
  state: PositionState,
  pnl: DataOf<'position'>['pnl'],
  parts: Record<string, string>,
  why: string,
): DataOf<'position'> {
  return { trip: trip.id, coin: trip.coin, state, route: trip.route, quantity: trip.quantity, pnl, parts, why };
}

function verdictOf(phase: Phase | null, context: CoreContext): (number | string)[] {
  const verdict = phase?.verdict ?? null;
  return verdict === null || verdict === context.position ? [] : [verdict];
}

function logOf(trip: Trip, settings: Settings, now: number): RoundTrip {
  return {
    enteredAt: trip.enteredAt,
    endedAt: now,
    notional: trip.notional,
    edgeBps: trip.edgeBps,
    score: trip.score,
    enterRule: trip.enterRule,
    exitRule: trip.exitRule,
    exits: trip.exits,
    unwinds: trip.unwinds,
    kept: trip.kept,
    unhedged: Math.round(trip.unhedged * 1000) / 1000,
    legs: trip.legs.map((totals) => ({ phase: totals.phase, leg: tradedOf(totals) })),
    model: settings.model.name,
    modelVersion: versionOf(settings.model),
  };
}

const PRICE_PLACES = 16;
const BPS = decimal(10_000n, 0);

function tradedOf(totals: LegTotals): RoundTrip['legs'][number]['leg'] {
  const filled = parseDecimal(totals.filled);
  const none = sign(filled) === 0;
  const worth = parseDecimal(totals.expectedValue);
  const value = parseDecimal(totals.value);
  const ratio = (a: Decimal, b: Decimal) => formatDecimal(divide(a, b, PRICE_PLACES));
  const worse = totals.side === 'buy' ? subtract(value, worth) : subtract(worth, value);
  return {
    venue: totals.venue,
    symbol: totals.symbol,
    side: totals.side,
    asked: totals.asked,
    filled: totals.filled,
    expected: none ? totals.lastExpected : ratio(worth, filled),
    price: none ? null : ratio(value, filled),
    value: totals.value,
    fee: totals.fee,
    slippageBps: none ? null : toNumber(divide(multiply(worse, BPS), worth, 4)),
    latencyMs: totals.orders === 0 ? null : Math.round((totals.latencyMs / totals.orders) * 1000) / 1000,
    orders: totals.orders,
  };
}
