import type { TransferTerms } from '@arb/shared/core';
import { exposure, imbalance, type Signal, signalOf } from './inventory.ts';
import type { Refusal } from './refusals.ts';
import type { Settings } from './settings.ts';
import { FINEST, roundDown } from './steps.ts';

/** A transfer between two venues that has been asked for. */
export interface Move {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly quantity: number;
  readonly fee: number;
  readonly arrivesAt: number;
}

/** One venue's part in a currency. */
export interface Stock {
  readonly venue: string;
  readonly holds: number;
  /** What it will hold once the open trips are closed. */
  readonly amount: number;
  /** What of it no open trip needs. */
  readonly free: number;
  /** Money there that the coin is bought with, in the numeraire; null where the currency is that money itself. */
  readonly money: number | null;
}

/** Where a currency lies, and what follows from it. */
export interface Judged {
  readonly signal: Signal;
  readonly from: Stock;
  readonly to: Stock;
  readonly imbalance: number;
  readonly exposureFrom: number | null;
  readonly exposureTo: number | null;
  readonly rule: 'imbalance' | 'exposure';
}

/** The venue with the most against the one with the least; null where nothing is out of balance. */
export function judge(stocks: readonly Stock[], price: number | null, settings: Settings): Judged | null {
  let most = 0;
  let least = 0;
  for (let i = 1; i < stocks.length; i++) {
    if ((stocks[i] as Stock).amount > (stocks[most] as Stock).amount) most = i;
    if ((stocks[i] as Stock).amount < (stocks[least] as Stock).amount) least = i;
  }
  if (most === least) return null;
  const exposureOf = ({ amount, money }: Stock) => (money === null || price === null ? null : exposure(amount * price, money));
  const [a, b] = [stocks[Math.min(most, least)] as Stock, stocks[Math.max(most, least)] as Stock];
  const limits = { imbalance: settings.rebalanceImbalance, exposure: settings.rebalanceExposure };
  const lean = imbalance(a.amount, b.amount);
  const signal = signalOf({ imbalance: lean, exposureA: exposureOf(a) ?? 0, exposureB: exposureOf(b) ?? 0 }, limits);
  if (signal === 'NONE') return null;
  const from = stocks[most] as Stock;
  const to = stocks[least] as Stock;
  const rule = Math.abs(lean) >= limits.imbalance ? 'imbalance' : 'exposure';
  return { signal, from, to, imbalance: Math.abs(lean), exposureFrom: exposureOf(from), exposureTo: exposureOf(to), rule };
}

/** Half of the difference, so that both hold the same once it has arrived; less where open trips need it. */
export function quantityToMove({ from, to }: Judged): number {
  return roundDown(Math.max(0, Math.min((from.amount - to.amount) / 2, from.free)), FINEST);
}

export function transferRefusal(currency: string, quantity: number, terms: TransferTerms | undefined): Refusal | null {
  if (terms === undefined)
    return { rule: 'transfer-unknown', limit: null, value: null, why: `nothing says what sending ${currency} takes: strategy.transfers` };
  const least = Number(terms.minimum);
  if (quantity < least || quantity <= Number(terms.fee))
    return { rule: 'transfer-minimum', limit: least, value: quantity, why: `too little ${currency} is free to be sent` };
  return null;
}
