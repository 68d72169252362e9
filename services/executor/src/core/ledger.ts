import { add, type Decimal, formatDecimal, parseDecimal, sign, ZERO } from '@arb/shared/money';

/** What each venue holds of each currency. No account ever goes below zero: a spot venue lends nothing. */
export interface Ledger {
  readonly venues: Map<string, Map<string, Decimal>>;
}

export function newLedger(): Ledger {
  return { venues: new Map() };
}

export function balanceOf(ledger: Ledger, venue: string, currency: string): Decimal {
  return ledger.venues.get(venue)?.get(currency) ?? ZERO;
}

/** Adds to an account, or takes from it. Whoever takes has looked first; a shortfall here is a bug, so it throws. */
export function post(ledger: Ledger, venue: string, currency: string, change: Decimal): void {
  const before = balanceOf(ledger, venue, currency);
  const after = add(before, change);
  if (sign(after) < 0)
    throw new Error(
      `ledger: expected ${venue} to hold at least ${formatDecimal(change).slice(1)} ${currency}, found ${formatDecimal(before)}; an order was filled beyond its balance`,
    );
  let accounts = ledger.venues.get(venue);
  if (accounts === undefined) {
    accounts = new Map();
    ledger.venues.set(venue, accounts);
  }
  accounts.set(currency, after);
}

/** A venue's accounts as a `balance` event says them. */
export function statement(ledger: Ledger, venue: string): Record<string, string> {
  const balances: Record<string, string> = {};
  for (const [currency, amount] of ledger.venues.get(venue) ?? []) balances[currency] = formatDecimal(amount);
  return balances;
}

export type SavedLedger = [venue: string, accounts: [currency: string, amount: string][]][];

export function saveLedger(ledger: Ledger): SavedLedger {
  return [...ledger.venues].map(([venue, accounts]) => [
    venue,
    [...accounts].map(([currency, amount]) => [currency, formatDecimal(amount)]),
  ]);
}

export function loadLedger(saved: SavedLedger): Ledger {
  return {
    venues: new Map(
      saved.map(([venue, accounts]) => [venue, new Map(accounts.map(([currency, amount]) => [currency, parseDecimal(amount)]))]),
    ),
  };
}
