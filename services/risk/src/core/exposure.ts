import { addMoney, type Money, money, ZERO } from '@arb/shared/money';

/** What is reserved for a round trip from the verdict that allows it to its end. */
export interface Reservation {
  readonly coin: string;
  readonly amount: Money;
}

export type Reservations = Map<string, Reservation>;

/** No more round trips than this at once, whatever their size: the state stays small. */
export const MOST_TRIPS = 1000;

/** Of one coin, or of all, as far as it is in this currency. */
export function exposure(reservations: Reservations, currency: string, coin: string | null = null): Money {
  let sum = money(ZERO, currency);
  for (const held of reservations.values())
    if ((coin === null || held.coin === coin) && held.amount.currency === currency) sum = addMoney(sum, held.amount);
  return sum;
}

/** Whether a round trip from before a change of the limits' currency is still open: it cannot be weighed against them. */
export function holdsOtherCurrency(reservations: Reservations, currency: string): boolean {
  for (const held of reservations.values()) if (held.amount.currency !== currency) return true;
  return false;
}
