import { feesOf } from './fees.ts';
import { type OrderRules, UNKNOWN_RULES, type VenueRules } from './instruments.ts';
import { type MarketView, placeOf } from './market-view.ts';
import type { Settings } from './settings.ts';
import { coarser, FINEST, type Step } from './steps.ts';

/** What trading at a venue costs and takes, worked out once and not for every book. Follows from settings and view. */
export interface Terms {
  readonly venue: string;
  readonly quote: string;
  readonly feeBps: number;
  /** Of a leg there, beside its fee. */
  readonly fxCostBps: number;
  readonly slippageBps: number;
  readonly rules: VenueRules | undefined;
}

export interface TermsTable {
  readonly byVenue: ReadonlyMap<string, Terms>;
  /** By coin, once it was asked for: with the slippage that its own fills had. */
  readonly byCoin: Map<string, ReadonlyMap<string, Terms>>;
  /** By coin, and in it by place of the buying and the selling venue: what quantities are multiples of. */
  readonly lots: Map<string, readonly (readonly Step[])[]>;
}

/** Coins whose steps are remembered; beyond it they are worked out anew. */
const MOST_COINS = 1000;

export function termsOf(view: MarketView, settings: Settings): TermsTable {
  const byVenue = new Map<string, Terms>();
  for (const { name, quote } of settings.venues) {
    const rules = view.rules.get(name);
    byVenue.set(name, {
      venue: name,
      quote,
      // Both legs take what is there.
      feeBps: feesOf(settings, name, quote, view.traded.get(name) ?? 0, rules).takerBps,
      fxCostBps: quote === settings.numeraire ? 0 : settings.fxCostBps,
      slippageBps: settings.slippageBps,
      rules,
    });
  }
  return { byVenue, byCoin: new Map(), lots: new Map() };
}

/** Terms by venue, as they are for one coin. */
export function coinTermsOf(table: TermsTable, view: MarketView, coin: string): ReadonlyMap<string, Terms> {
  let found = table.byCoin.get(coin);
  if (found === undefined) {
    const own = new Map<string, Terms>();
    for (const [venue, terms] of table.byVenue) {
      const seen = view.slippage.get(placeOf(venue, `${coin}-${terms.quote}`));
      // A venue that gave better prices than expected is not expected to do so again.
      own.set(venue, seen === undefined ? terms : { ...terms, slippageBps: Math.max(0, seen) });
    }
    found = own;
    if (table.byCoin.size >= MOST_COINS) table.byCoin.clear();
    table.byCoin.set(coin, found);
  }
  return found;
}

export function orderRulesOf({ rules }: Terms, symbol: string): OrderRules {
  return rules?.bySymbol.get(symbol) ?? UNKNOWN_RULES;
}

/** The coarser lot of each pair of venues, by their places in the l2. */
export function lotsOf(table: TermsTable, coin: string, places: readonly (Terms | null)[]): readonly (readonly Step[])[] {
  let lots = table.lots.get(coin);
  if (lots === undefined || lots.length !== places.length) {
    const own = places.map((terms) => (terms === null ? FINEST : orderRulesOf(terms, `${coin}-${terms.quote}`).lot));
    lots = own.map((buy) => own.map((sell) => coarser(buy, sell)));
    if (table.lots.size >= MOST_COINS) table.lots.clear();
    table.lots.set(coin, lots);
  }
  return lots;
}
