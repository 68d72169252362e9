import { placesOf } from './currency.ts';
import { add, compare, type Decimal, formatDecimal, multiply, negate, parseDecimal, type Rounding, round, subtract } from './decimal.ts';

/** An amount never stands without its currency, and two currencies never meet: that would be a bug, so it throws. */
export interface Money {
  readonly amount: Decimal;
  readonly currency: string;
}

/** As events carry it. */
export interface MoneyText {
  readonly amount: string;
  readonly currency: string;
}

export class CurrencyMismatch extends Error {
  constructor(what: string, a: Money, b: Money) {
    super(
      `money: cannot ${what} ${formatDecimal(a.amount)} ${a.currency} and ${formatDecimal(b.amount)} ${b.currency}; convert one by a rate first`,
    );
    this.name = 'CurrencyMismatch';
  }
}

function sameCurrency(what: string, a: Money, b: Money): void {
  if (a.currency !== b.currency) throw new CurrencyMismatch(what, a, b);
}

export function money(amount: Decimal | string, currency: string): Money {
  return { amount: typeof amount === 'string' ? parseDecimal(amount) : amount, currency };
}

export function parseMoney(text: MoneyText): Money {
  return money(text.amount, text.currency);
}

export function formatMoney(value: Money): MoneyText {
  return { amount: formatDecimal(value.amount), currency: value.currency };
}

export function addMoney(a: Money, b: Money): Money {
  sameCurrency('add', a, b);
  return { amount: add(a.amount, b.amount), currency: a.currency };
}

export function subtractMoney(a: Money, b: Money): Money {
  sameCurrency('subtract', a, b);
  return { amount: subtract(a.amount, b.amount), currency: a.currency };
}

export function compareMoney(a: Money, b: Money): -1 | 0 | 1 {
  sameCurrency('compare', a, b);
  return compare(a.amount, b.amount);
}

export function negateMoney(a: Money): Money {
  return { amount: negate(a.amount), currency: a.currency };
}

export function timesMoney(a: Money, factor: Decimal): Money {
  return { amount: multiply(a.amount, factor), currency: a.currency };
}

/** As it is booked: at the precision of its currency, half to even unless said otherwise. */
export function booked(a: Money, rounding: Rounding = 'even'): Money {
  return { amount: round(a.amount, placesOf(a.currency), rounding), currency: a.currency };
}
