import {
  add,
  type Decimal,
  decimal,
  divide,
  formatDecimal,
  fromNumber,
  least,
  multiply,
  parseDecimal,
  round,
  sign,
  subtract,
  ZERO,
} from '@arb/shared/money';
import type { Levels, Taken } from './venue-book.ts';

export const MODEL = 'depth';
export const MODEL_VERSION = 1;

/** Venues book coins to eight places; a size beyond that is not for sale. */
const LOT_PLACES = 8;
const ONE = decimal(1n, 0);

export interface Taking {
  readonly filled: Decimal;
  /** Exact: price times quantity, level by level. */
  readonly value: Decimal;
  /** What the book offered within the limit. */
  readonly available: Decimal;
  /** Everything taken at this side from now on. */
  readonly taken: readonly Taken[];
}

/** Only as much as this much money pays for, fee included. */
export interface Budget {
  readonly amount: Decimal;
  readonly feeRate: Decimal;
}

/** Walks the depth that is there, best first, down to the limit: what a venue does with an immediate-or-cancel order. */
export function walkDepth(
  levels: Levels,
  alreadyTaken: readonly Taken[],
  side: 'buy' | 'sell',
  quantity: Decimal,
  limit: Decimal,
  budget: Budget | null,
): Taking {
  const limitPrice = Number(formatDecimal(limit));
  const taken = [...alreadyTaken];
  let left = quantity;
  let value = ZERO;
  let available = ZERO;
  let money = budget === null ? null : budget.amount;
  for (const [price, size] of levels) {
    if (side === 'buy' ? price > limitPrice : price < limitPrice) break;
    const at = taken.findIndex((entry) => entry.price === price);
    const before = at < 0 ? ZERO : parseDecimal((taken[at] as Taken).quantity);
    const offered = round(subtract(fromNumber(size), before), LOT_PLACES, 'down');
    if (sign(offered) <= 0) continue;
    available = add(available, offered);
    if (sign(left) === 0) continue;
    const exactPrice = fromNumber(price);
    let take = least(offered, left);
    if (money !== null && budget !== null) {
      const each = multiply(exactPrice, add(ONE, budget.feeRate));
      take = least(take, divide(money, each, LOT_PLACES, 'down'));
      if (sign(take) <= 0) continue;
      money = subtract(money, multiply(each, take));
    }
    left = subtract(left, take);
    value = add(value, multiply(exactPrice, take));
    const entry: Taken = { price, size, quantity: formatDecimal(add(before, take)) };
    if (at < 0) taken.push(entry);
    else taken[at] = entry;
  }
  return { filled: subtract(quantity, left), value, available, taken };
}
