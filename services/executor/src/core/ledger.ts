import { add, type Decimal, formatDecimal, parseDecimal, sign, subtract, ZERO } from '@arb/shared/money';

interface Account {
  holds: Decimal;
  /** Of that, what orders on their way may need. */
  reserved: Decimal;
  /** `holds` as text: a statement names every account, and few of them have changed. */
  text: string;
}

/** What each venue holds of each currency. No account ever goes below zero: a spot venue lends nothing. */
export interface Ledger {
  readonly venues: Map<string, Map<string, Account>>;
}

export function newLedger(): Ledger {
  return { venues: new Map() };
}

export function balanceOf(ledger: Ledger, venue: string, currency: string): Decimal {
  return ledger.venues.get(venue)?.get(currency)?.holds ?? ZERO;
}

/** What a new order may use. */
export function freeOf(ledger: Ledger, venue: string, currency: string): Decimal {
  const account = ledger.venues.get(venue)?.get(currency);
  return account === undefined ? ZERO : subtract(account.holds, account.reserved);
}

function accountOf(ledger: Ledger, venue: string, currency: string): Account {
  let accounts = ledger.venues.get(venue);
  if (accounts === undefined) {
    accounts = new Map();
    ledger.venues.set(venue, accounts);
  }
  let account = accounts.get(currency);
  if (account === undefined) {
    account = { holds: ZERO, reserved: ZERO, text: '0' };
    accounts.set(currency, account);
  }
  return account;
}

/** Adds to an account, or takes from it. Whoever takes has looked first; a shortfall here is a bug, so it throws. */
export function post(ledger: Ledger, venue: string, currency: string, change: Decimal): void {
  const account = accountOf(ledger, venue, currency);
  const after = add(account.holds, change);
  if (sign(after) < 0 || sign(subtract(after, account.reserved)) < 0)
    throw new Error(
      `ledger: expected ${venue} to hold at least ${formatDecimal(change).slice(1)} ${currency} beside ${formatDecimal(account.reserved)} reserved, found ${formatDecimal(account.holds)}; something was booked beyond what was reserved for it`,
    );
  account.holds = after;
  account.text = formatDecimal(after);
}

/** Puts an amount aside for an order. Whoever reserves has looked first. */
export function reserve(ledger: Ledger, venue: string, currency: string, amount: Decimal): void {
  const account = accountOf(ledger, venue, currency);
  const after = add(account.reserved, amount);
  if (sign(subtract(account.holds, after)) < 0)
    throw new Error(
      `ledger: expected ${formatDecimal(amount)} ${currency} free at ${venue}, found ${formatDecimal(subtract(account.holds, account.reserved))}`,
    );
  account.reserved = after;
}

export function release(ledger: Ledger, venue: string, currency: string, amount: Decimal): void {
  const account = accountOf(ledger, venue, currency);
  const after = subtract(account.reserved, amount);
  if (sign(after) < 0)
    throw new Error(
      `ledger: expected at least ${formatDecimal(amount)} ${currency} reserved at ${venue}, found ${formatDecimal(account.reserved)}`,
    );
  account.reserved = after;
}

/** A venue's accounts as a `balance` event says them. */
export function statement(
  ledger: Ledger,
  venue: string,
): { venue: string; balances: Record<string, string>; reserved?: Record<string, string> } {
  const balances: Record<string, string> = {};
  let reserved: Record<string, string> | null = null;
  for (const [currency, account] of ledger.venues.get(venue) ?? []) {
    balances[currency] = account.text;
    if (sign(account.reserved) === 0) continue;
    reserved ??= {};
    reserved[currency] = formatDecimal(account.reserved);
  }
  return reserved === null ? { venue, balances } : { venue, balances, reserved };
}

export type SavedLedger = [venue: string, accounts: [currency: string, holds: string, reserved?: string][]][];

export function saveLedger(ledger: Ledger): SavedLedger {
  return [...ledger.venues].map(([venue, accounts]) => [
    venue,
    [...accounts].map(([currency, { text, reserved }]) => [currency, text, formatDecimal(reserved)]),
  ]);
}

export function loadLedger(saved: SavedLedger): Ledger {
  return {
    venues: new Map(
      saved.map(([venue, accounts]) => [
        venue,
        new Map(
          accounts.map(([currency, holds, reserved]) => [
            currency,
            { holds: parseDecimal(holds), reserved: parseDecimal(reserved ?? '0'), text: holds },
          ]),
        ),
      ]),
    ),
  };
}
