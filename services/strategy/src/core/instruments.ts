import type { DataOf } from '@arb/shared/contracts';
import { FINEST, roundDown, roundUp, type Step, stepOf } from './steps.ts';

type Said = DataOf<'instruments'>;

/** What a venue takes as an order in one symbol. */
export interface OrderRules {
  readonly lot: Step;
  /** Null where the bands of the venue say it. */
  readonly tick: Step | null;
  /** In the quote currency. */
  readonly minNotional: number;
}

export interface VenueRules {
  readonly makerBps: number;
  readonly takerBps: number;
  /** Lowest first. */
  readonly bands: readonly { readonly from: number; readonly tick: Step }[];
  readonly bySymbol: ReadonlyMap<string, OrderRules>;
}

/** Nothing said yet: finest lots, no ticks, any notional. */
export const UNKNOWN_RULES: OrderRules = { lot: FINEST, tick: null, minNotional: 0 };

export function rulesOf({ fees, bands, symbols }: Said): VenueRules {
  return {
    makerBps: Number(fees.maker) * 10_000,
    takerBps: Number(fees.taker) * 10_000,
    bands: bands.flatMap(({ from, tick }) => {
      const step = stepOf(tick);
      return step === null ? [] : [{ from: Number(from), tick: step }];
    }),
    bySymbol: new Map(
      symbols.map(({ symbol, tick, lot, minNotional }) => [
        symbol,
        { lot: stepOf(lot) ?? FINEST, tick: tick === null ? null : stepOf(tick), minNotional: Number(minNotional) },
      ]),
    ),
  };
}

function tickAt(rules: OrderRules, venue: VenueRules | undefined, price: number): Step | null {
  if (rules.tick !== null || venue === undefined) return rules.tick;
  let tick: Step | null = null;
  for (const band of venue.bands) if (band.from <= price || tick === null) tick = band.tick;
  return tick;
}

/** A limit as the venue takes it: never worse than what was meant. */
export function limitAt(rules: OrderRules, venue: VenueRules | undefined, side: 'buy' | 'sell', price: number): number {
  const tick = tickAt(rules, venue, price);
  if (tick === null) return price;
  return side === 'buy' ? roundDown(price, tick) : roundUp(price, tick);
}
