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
  parseDecimal,
  sign,
  subtract,
  toNumber,
  toStep,
  ZERO,
} from '@arb/shared/money';
import { ratioOf, type Zone } from './calibration.ts';
import type { FillModel } from './settings.ts';
import type { Levels, Taken } from './venue-book.ts';

/** What a model is asked: an order at its venue, and the side of the book it meets. */
export interface Meeting {
  readonly levels: Levels;
  readonly alreadyTaken: readonly Taken[];
  readonly side: 'buy' | 'sell';
  readonly quantity: Decimal;
  readonly limit: Decimal;
  readonly lot: Decimal;
  /** Of the decision, for models that go by it. */
  readonly edgeBps: number;
  readonly volatilityBps: number;
}

export interface Taking {
  readonly filled: Decimal;
  /** Exact: price times quantity, level by level. */
  readonly value: Decimal;
  /** What the book offered within the limit. */
  readonly available: Decimal;
  /** The best price on offer, within the limit or not. */
  readonly best: Decimal | null;
  /** Everything taken at this side from now on. */
  readonly taken: readonly Taken[];
  /** Of the calibrated model: what it said, and what the depth alone would have filled. */
  readonly zone: Zone | null;
}

const ONE = decimal(1n, 0);
/** Of the simple model: what taking all of the best level costs beyond its price. */
const IMPACT = parseDecimal('0.0001');
const VERSIONS = { depth: 2, simple: 1 } as const;

export function versionOf(model: FillModel): number {
  return model.name === 'calibrated' ? model.calibration.version : VERSIONS[model.name];
}

export function take(model: FillModel, meeting: Meeting): Taking {
  if (model.name === 'simple') return takeSimply(meeting);
  const whole = walkDepth(meeting);
  if (model.name === 'depth' || sign(whole.available) === 0) return whole;
  const zone = ratioOf(model.calibration, {
    edgeBps: meeting.edgeBps,
    size: toNumber(divide(meeting.quantity, whole.available, 9)),
    volatilityBps: meeting.volatilityBps,
    seen: toNumber(divide(whole.filled, meeting.quantity, 9)),
  });
  const most = toStep(multiply(meeting.quantity, fromNumber(zone.predicted)), meeting.lot, 'down');
  if (compare(most, whole.filled) >= 0) return { ...whole, zone };
  return { ...walkDepth({ ...meeting, quantity: most }), zone };
}

interface Offer {
  readonly price: number;
  readonly size: number;
  readonly offered: Decimal;
  /** What own orders have taken of it before, and where that stands in the list. */
  readonly before: Decimal;
  readonly at: number;
}

function offerOf([price, size]: Levels[number], taken: readonly Taken[], lot: Decimal): Offer {
  const at = taken.findIndex((entry) => entry.price === price);
  const before = at < 0 ? ZERO : parseDecimal((taken[at] as Taken).quantity);
  return { price, size, offered: toStep(subtract(fromNumber(size), before), lot, 'down'), before, at };
}

function consume(taken: Taken[], { price, size, before, at }: Offer, quantity: Decimal): void {
  const entry: Taken = { price, size, quantity: formatDecimal(add(before, quantity)) };
  if (at < 0) taken.push(entry);
  else taken[at] = entry;
}

function beyond(side: 'buy' | 'sell', price: number, limit: number): boolean {
  return side === 'buy' ? price > limit : price < limit;
}

/** Walks the depth that is there, best first, down to the limit: what a venue does with an immediate-or-cancel order. */
export function walkDepth({ levels, alreadyTaken, side, quantity, limit, lot }: Meeting): Taking {
  const limitPrice = toNumber(limit);
  const taken = [...alreadyTaken];
  let left = quantity;
  let value = ZERO;
  let available = ZERO;
  let best: Decimal | null = null;
  for (const level of levels) {
    const outside = beyond(side, level[0], limitPrice);
    if (outside && best !== null) break;
    const offer = offerOf(level, taken, lot);
    if (sign(offer.offered) <= 0) continue;
    const price = fromNumber(offer.price);
    best ??= price;
    if (outside) break;
    available = add(available, offer.offered);
    if (sign(left) === 0) continue;
    const took = least(offer.offered, left);
    left = subtract(left, took);
    value = add(value, multiply(price, took));
    consume(taken, offer, took);
  }
  return { filled: subtract(quantity, left), value, available, best, taken, zone: null };
}

/**
 * Only the best level fills, at its price and a little more the more of it is taken: price × (1 ± 0.0001 × part taken).
 * It never fills more than the walk would at a better price, so it is the harder one where the book is deep.
 */
function takeSimply({ levels, alreadyTaken, side, quantity, limit, lot }: Meeting): Taking {
  const taken = [...alreadyTaken];
  const offer = levels.map((level) => offerOf(level, taken, lot)).find(({ offered }) => sign(offered) > 0);
  if (offer === undefined) return { filled: ZERO, value: ZERO, available: ZERO, best: null, taken, zone: null };
  const best = fromNumber(offer.price);
  if (beyond(side, offer.price, toNumber(limit))) return { filled: ZERO, value: ZERO, available: ZERO, best, taken, zone: null };
  const filled = least(offer.offered, quantity);
  const impact = multiply(IMPACT, divide(filled, offer.offered, 12, 'up'));
  const moved = multiply(best, side === 'buy' ? add(ONE, impact) : subtract(ONE, impact));
  const worse = compare(moved, limit);
  const price = (side === 'buy' ? worse > 0 : worse < 0) ? limit : moved;
  consume(taken, offer, filled);
  return { filled, value: multiply(price, filled), available: offer.offered, best, taken, zone: null };
}

/** The best price that is still on offer. */
export function bestOffer(levels: Levels, alreadyTaken: readonly Taken[], lot: Decimal): Decimal | null {
  for (const level of levels) if (sign(offerOf(level, alreadyTaken, lot).offered) > 0) return fromNumber(level[0]);
  return null;
}
