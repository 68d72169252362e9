import type { DataOf } from '@arb/shared/contracts';
import { compare, type Decimal, decimal, formatDecimal, greatest, multiply, parseDecimal, sign, toStep } from '@arb/shared/money';

/** What a venue takes as an order of one symbol. */
export interface Terms {
  readonly lot: Decimal;
  /** Null where any price is taken. */
  readonly tickAt: (price: Decimal) => Decimal | null;
  readonly minNotional: Decimal;
}

export interface VenueInstruments {
  /** As it was said: it is saved so. */
  readonly said: DataOf<'instruments'>;
  readonly takerFee: Decimal;
  readonly terms: ReadonlyMap<string, Terms>;
}

/** Venues book coins to eight places; what one has not said more about is taken in such steps at any price. */
const FINEST_LOT = decimal(1n, 8);
const UNSAID: Terms = { lot: FINEST_LOT, tickAt: () => null, minNotional: decimal(0n, 0) };

export function instrumentsOf(said: DataOf<'instruments'>): VenueInstruments {
  const bands = said.bands.map(({ from, tick }) => ({ from: parseDecimal(from), tick: parseDecimal(tick) }));
  const banded = (price: Decimal): Decimal | null => {
    let tick: Decimal | null = null;
    for (const band of bands) if (tick === null || compare(price, band.from) >= 0) tick = band.tick;
    return tick;
  };
  const terms = new Map<string, Terms>();
  for (const { symbol, tick, lot, minNotional } of said.symbols) {
    const own = tick === null ? null : parseDecimal(tick);
    terms.set(symbol, {
      lot: greatest(parseDecimal(lot), FINEST_LOT),
      tickAt: own === null ? banded : () => own,
      minNotional: parseDecimal(minNotional),
    });
  }
  return { said, takerFee: parseDecimal(said.fees.taker), terms };
}

export type Instruments = Map<string, VenueInstruments>;

export function termsOf(instruments: Instruments, venue: string, symbol: string): Terms {
  return instruments.get(venue)?.terms.get(symbol) ?? UNSAID;
}

/** Never more, and never at a worse price: down to whole lots, and to the tick on the near side of the limit. */
export function fitQuantity(terms: Terms, quantity: Decimal): Decimal {
  return toStep(quantity, terms.lot, 'down');
}

export function fitLimit(terms: Terms, side: 'buy' | 'sell', limit: Decimal): Decimal {
  const tick = terms.tickAt(limit);
  return tick === null || sign(tick) <= 0 ? limit : toStep(limit, tick, side === 'buy' ? 'down' : 'up');
}

/** Why the venue would not take it, or null. */
export function termsFaultOf(terms: Terms, quantity: Decimal, limit: Decimal): string | null {
  if (sign(quantity) <= 0) return `below the lot: the venue takes steps of ${formatDecimal(terms.lot)}`;
  if (sign(limit) <= 0) return `below the tick: found a price of ${formatDecimal(limit)}`;
  if (compare(fitQuantity(terms, quantity), quantity) !== 0)
    return `not in whole lots: ${formatDecimal(quantity)} is no multiple of ${formatDecimal(terms.lot)}`;
  const tick = terms.tickAt(limit);
  if (tick !== null && sign(tick) > 0 && compare(toStep(limit, tick, 'down'), limit) !== 0)
    return `not on a tick: ${formatDecimal(limit)} is no multiple of ${formatDecimal(tick)}`;
  const notional = multiply(quantity, limit);
  if (compare(notional, terms.minNotional) < 0)
    return `below the least notional: ${formatDecimal(notional)}, the venue takes from ${formatDecimal(terms.minNotional)}`;
  return null;
}
