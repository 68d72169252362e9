import {
  add,
  type Decimal,
  divide,
  formatDecimal,
  multiply,
  negate,
  parseDecimal,
  placesOf,
  round,
  sign,
  subtract,
  ZERO,
} from '@arb/shared/money';
import { type Account, quoteOf } from './trip.ts';

/** A currency's units per numeraire, by currency; the numeraire itself is 1 and not in it. */
export type Rates = ReadonlyMap<string, { readonly rate: string; readonly position: number | null }>;

const RATE_PLACES = 18;

/** In the numeraire, unrounded beyond 18 places; null where the rate is not known. */
export function inNumeraire(amount: Decimal, currency: string, numeraire: string, rates: Rates): Decimal | null {
  if (currency === numeraire) return amount;
  const rate = rates.get(currency);
  return rate === undefined ? null : divide(amount, parseDecimal(rate.rate), RATE_PLACES);
}

function addTo(account: Account, currency: string, change: Decimal): void {
  const entry = account.flows.find(([held]) => held === currency);
  if (entry === undefined) account.flows.push([currency, formatDecimal(change)]);
  else entry[1] = formatDecimal(add(parseDecimal(entry[1]), change));
}

export interface BookedFill {
  readonly symbol: string;
  readonly coin: string;
  readonly side: 'buy' | 'sell';
  readonly quantity: Decimal;
  readonly value: Decimal;
  readonly fee: Decimal;
}

export function bookFill(account: Account, fill: BookedFill, numeraire: string, rates: Rates): void {
  const quote = quoteOf(fill.symbol);
  const flow = fill.side === 'buy' ? negate(fill.value) : fill.value;
  addTo(account, fill.coin, fill.side === 'buy' ? fill.quantity : negate(fill.quantity));
  addTo(account, quote, subtract(flow, fill.fee));
  const gross = inNumeraire(flow, quote, numeraire, rates);
  const fee = inNumeraire(fill.fee, quote, numeraire, rates);
  if (gross === null || fee === null || account.gross === null || account.fees === null) {
    account.gross = null;
    account.fees = null;
    return;
  }
  account.gross = formatDecimal(round(add(parseDecimal(account.gross), gross), RATE_PLACES));
  account.fees = formatDecimal(round(add(parseDecimal(account.fees), fee), RATE_PLACES));
  const worth = sign(gross) < 0 ? negate(gross) : gross;
  account.lastPrice = formatDecimal(divide(worth, fill.quantity, RATE_PLACES));
}

/** The coin that a finished trip should no longer hold, nor owe: zero unless an unwind failed. */
export function residualOf(account: Account, coin: string): Decimal {
  return parseDecimal(account.flows.find(([currency]) => currency === coin)?.[1] ?? '0');
}

export interface Realised {
  readonly amount: string;
  /** They sum to the amount exactly. */
  readonly parts: Record<string, string>;
}

/**
 * What the trip earned, at the rates of its end. Parts: `gross` at the rate of each fill, `fees` likewise, `residual` a
 * coin left over at the last price paid, `fx` what the rates' movement since the fills changed.
 */
export function realised(account: Account, coin: string, numeraire: string, rates: Rates): Realised | null {
  const places = placesOf(numeraire);
  let total = ZERO;
  let residual = ZERO;
  for (const [currency, text] of account.flows) {
    const amount = parseDecimal(text);
    if (currency === coin) {
      if (sign(amount) === 0) continue;
      if (account.lastPrice === null) return null;
      residual = multiply(amount, parseDecimal(account.lastPrice));
      total = add(total, residual);
    } else {
      const worth = inNumeraire(amount, currency, numeraire, rates);
      if (worth === null) return null;
      total = add(total, worth);
    }
  }
  const amount = round(total, places);
  if (account.gross === null || account.fees === null)
    return { amount: formatDecimal(amount), parts: { unattributed: formatDecimal(amount) } };
  const gross = round(parseDecimal(account.gross), places);
  const fees = negate(round(parseDecimal(account.fees), places));
  const left = round(residual, places);
  const fx = subtract(subtract(subtract(amount, gross), fees), left);
  const parts = { gross: formatDecimal(gross), fees: formatDecimal(fees), fx: formatDecimal(fx), residual: formatDecimal(left) };
  return { amount: formatDecimal(amount), parts };
}
