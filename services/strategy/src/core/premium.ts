import type { DataOf } from '@arb/shared/contracts';
import type { MarketView } from './market-view.ts';

type Line = DataOf<'l2'>['venues'][number];

/**
 * A spread between two venues, taken apart: what comes from the money (the market's rate of a currency against the
 * bank's) and what is the coin's own. `premium` is both together, as somebody sees it who counts at the bank's rate.
 */
export interface Premium {
  readonly premiumBps: number | null;
  readonly fxBasisBps: number | null;
  readonly residualBps: number;
}

/** By how much a value of this venue changes from the rate of the book to the market's rate, and from that to the bank's. */
function factorsOf(view: MarketView, { symbol, rate }: Line, numeraire: string): { market: number; basis: number | null } {
  const quote = symbol.slice(symbol.indexOf('-') + 1);
  if (quote === numeraire) return { market: 1, basis: 1 };
  const said = view.rates.get(`${quote}-${numeraire}`);
  if (said === undefined || rate === null) return { market: 1, basis: null };
  const stable = said.stableRate ?? said.rate;
  return { market: 1 / (rate * stable), basis: said.bankRate === null ? null : stable / said.bankRate };
}

export function premiumOf(view: MarketView, buy: Line, sell: Line, numeraire: string, grossBps: number): Premium {
  const bought = factorsOf(view, buy, numeraire);
  const sold = factorsOf(view, sell, numeraire);
  const residual = ((1 + grossBps / 10_000) * sold.market) / bought.market;
  const basis = bought.basis === null || sold.basis === null ? null : sold.basis / bought.basis;
  return {
    premiumBps: basis === null ? null : (residual * basis - 1) * 10_000,
    fxBasisBps: basis === null ? null : (basis - 1) * 10_000,
    residualBps: (residual - 1) * 10_000,
  };
}
