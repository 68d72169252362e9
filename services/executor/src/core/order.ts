import type { DataOf } from '@arb/shared/contracts';
import type { CoreContext } from '@arb/shared/core';
import {
  add,
  compare,
  type Decimal,
  decimal,
  divide,
  formatDecimal,
  fromNumber,
  least,
  multiply,
  negate,
  parseDecimal,
  placesOf,
  round,
  sign,
  subtract,
  toNumber,
} from '@arb/shared/money';
import type { Desk } from './desk.ts';
import { MODEL, MODEL_VERSION, type Taking, walkDepth } from './fill-model.ts';
import { balanceOf, post, statement } from './ledger.ts';
import { bookFill } from './pnl.ts';
import { baseOf, type LegState, quoteOf, type Trip, type Working } from './trip.ts';
import { bookKey } from './venue-book.ts';

type OrderState = DataOf<'order'>['state'];

const PRICE_PLACES = 16;
const ONE = decimal(1n, 0);
const BPS = decimal(10_000n, 0);

export function arrivalTimer(trip: Trip, leg: number): string {
  return `arrive/${trip.id}/${leg}`;
}

/** Says the intent; the order reaches the venue after a latency drawn from the venue's profile. */
export function send(desk: Desk, trip: Trip, place: number, working: Omit<Working, 'order'>, context: CoreContext): void {
  const phase = trip.phase as NonNullable<Trip['phase']>;
  const leg = phase.legs[place] as LegState;
  leg.tries++;
  leg.working = { order: `${trip.id}-${phase.name}-${place}-${leg.tries}`, ...working };
  say(trip, leg, leg.working, 'intended', '0', null, context);
  const latency = desk.settings.venues.get(leg.venue)?.latency ?? { min: 0, max: 0 };
  const drawn = context.draw(`${trip.id}/${phase.name}-${place}-${leg.tries}/latency`);
  const travels = latency.min + (latency.max - latency.min) * drawn;
  context.setTimer(arrivalTimer(trip, place), context.now + Math.round(travels * 1000));
}

/** The order is at the venue: it takes what it can get there now, and what it cannot is gone. */
export function arrive(desk: Desk, trip: Trip, leg: LegState, context: CoreContext): void {
  const working = leg.working as Working;
  leg.working = null;
  leg.reason = match(desk, trip, leg, working, context);
}

/** Null when all of it filled, else why not. */
function match(desk: Desk, trip: Trip, leg: LegState, working: Working, context: CoreContext): string | null {
  const reject = (reason: string): string => {
    say(trip, leg, working, 'rejected', '0', reason, context);
    return reason;
  };
  const terms = desk.settings.venues.get(leg.venue);
  if (terms === undefined) return reject(`venue ${leg.venue} is not configured`);
  const book = desk.books.get(bookKey(leg.venue, leg.symbol));
  if (book === undefined) return reject('no book');
  const shortage = shortageOf(desk, leg, working, terms.feeRate);
  if (shortage !== null) return reject(shortage);

  const buys = working.side === 'buy';
  const quote = quoteOf(leg.symbol);
  // Two roundings, of value and fee, may each add half a unit of the last place.
  const spare = decimal(2n, placesOf(quote));
  const budget = buys ? { amount: subtract(balanceOf(desk.ledger, leg.venue, quote), spare), feeRate: terms.feeRate } : null;
  const asked = parseDecimal(working.quantity);
  const wanted = buys ? asked : least(asked, balanceOf(desk.ledger, leg.venue, baseOf(leg.symbol)));
  const taking = walkDepth(
    buys ? book.asks : book.bids,
    buys ? book.takenAsks : book.takenBids,
    working.side,
    wanted,
    parseDecimal(working.limit),
    budget,
  );
  if (sign(taking.filled) === 0) return reject(sign(taking.available) === 0 ? 'limit not reached' : `no ${quote} left to pay with`);
  if (buys) book.takenAsks = taking.taken;
  else book.takenBids = taking.taken;
  settle(desk, trip, leg, working, taking, terms.feeRate, book.position, context);

  const filled = formatDecimal(taking.filled);
  if (compare(taking.filled, asked) === 0) {
    say(trip, leg, working, 'filled', filled, null, context);
    return null;
  }
  const reason = `only ${filled} of ${working.quantity} within the limit`;
  say(trip, leg, working, 'part-filled', filled, null, context);
  say(trip, leg, working, 'cancelled', filled, reason, context);
  return reason;
}

/** A venue takes no order that its worst case cannot pay. An unwind takes what the balance allows instead. */
function shortageOf(desk: Desk, leg: LegState, working: Working, feeRate: Decimal): string | null {
  const currency = working.side === 'buy' ? quoteOf(leg.symbol) : baseOf(leg.symbol);
  const holds = balanceOf(desk.ledger, leg.venue, currency);
  if (working.unwinds) return sign(holds) > 0 ? null : `no balance: ${leg.venue} holds no ${currency}`;
  const quantity = parseDecimal(working.quantity);
  const needs =
    working.side === 'sell'
      ? quantity
      : round(multiply(multiply(quantity, parseDecimal(working.limit)), add(ONE, feeRate)), placesOf(currency), 'up');
  if (compare(holds, needs) >= 0) return null;
  return `no balance: ${leg.venue} holds ${formatDecimal(holds)} ${currency}, the order needs ${formatDecimal(needs)}`;
}

function settle(
  desk: Desk,
  trip: Trip,
  leg: LegState,
  working: Working,
  taking: Taking,
  feeRate: Decimal,
  bookPosition: number,
  context: CoreContext,
): void {
  const quote = quoteOf(leg.symbol);
  const quantity = taking.filled;
  const value = round(taking.value, placesOf(quote));
  const fee = round(multiply(taking.value, feeRate), placesOf(quote));
  const buys = working.side === 'buy';
  post(desk.ledger, leg.venue, trip.coin, buys ? quantity : negate(quantity));
  post(desk.ledger, leg.venue, quote, subtract(buys ? negate(value) : value, fee));
  const { side } = working;
  bookFill(trip.account, { symbol: leg.symbol, coin: trip.coin, side, quantity, value, fee }, desk.settings.numeraire, desk.rates);
  const filled = parseDecimal(leg.filled);
  leg.filled = formatDecimal(working.unwinds ? subtract(filled, quantity) : add(filled, quantity));

  const price = divide(taking.value, quantity, PRICE_PLACES);
  const expected = parseDecimal(working.expected);
  const worse = buys ? subtract(price, expected) : subtract(expected, price);
  const phase = trip.phase as NonNullable<Trip['phase']>;
  phase.everFilled = true;
  context.emit(
    'fill',
    [leg.venue, leg.symbol],
    {
      order: working.order,
      trip: trip.id,
      venue: leg.venue,
      symbol: leg.symbol,
      side,
      price: formatDecimal(price),
      quantity: formatDecimal(quantity),
      fee: { amount: formatDecimal(fee), currency: quote },
      value: { amount: formatDecimal(value), currency: quote },
      slippageBps: toNumber(divide(multiply(worse, BPS), expected, 4)),
      available: formatDecimal(taking.available),
      fillRatio: toNumber(divide(quantity, parseDecimal(working.quantity), 6)),
      model: MODEL,
      modelVersion: MODEL_VERSION,
    },
    basisOf(phase.verdict, bookPosition, context),
  );
  context.emit('balance', [leg.venue], { venue: leg.venue, balances: statement(desk.ledger, leg.venue) });
}

function basisOf(verdict: number | string | null, book: number, context: CoreContext): (number | string)[] {
  const basis: (number | string)[] = verdict === null || verdict === context.position ? [] : [verdict];
  if (book !== context.position) basis.push(book);
  return basis;
}

function say(
  trip: Trip,
  leg: LegState,
  working: Working,
  state: OrderState,
  filled: string,
  reason: string | null,
  context: CoreContext,
): void {
  const verdict = trip.phase?.verdict ?? null;
  context.emit(
    'order',
    [leg.venue, leg.symbol],
    {
      order: working.order,
      trip: trip.id,
      venue: leg.venue,
      symbol: leg.symbol,
      side: working.side,
      state,
      quantity: working.quantity,
      filled,
      limit: working.limit,
      reason,
    },
    verdict === null || verdict === context.position ? [] : [verdict],
  );
}

/** The price an order at the market is protected by: this far from the best one seen. */
const MARKET_ROOM = 0.05;

/** Best price and protective limit for an order at the market, or null without a book to read them from. */
export function marketPrices(desk: Desk, leg: LegState, side: Working['side']): { expected: string; limit: string } | null {
  const book = desk.books.get(bookKey(leg.venue, leg.symbol));
  const best = (side === 'buy' ? book?.asks : book?.bids)?.[0]?.[0];
  if (best === undefined) return null;
  const limit = side === 'buy' ? best * (1 + MARKET_ROOM) : best * (1 - MARKET_ROOM);
  return { expected: formatDecimal(fromNumber(best)), limit: formatDecimal(fromNumber(Number(limit.toPrecision(12)))) };
}
