/** From this price on, prices are multiples of `tick`. */
export interface TickStep {
  readonly from: string;
  readonly tick: string;
}

/** The rules of one pair. Amounts are plain decimals. */
export interface Instrument {
  readonly code: string;
  readonly base: string;
  readonly quote: string;
  /** Ascending by `from`; one step from 0 where the venue names a single tick. */
  readonly ticks: readonly TickStep[];
  /** False where `ticks` is a published table and not the venue's own answer. */
  readonly ticksFromVenue: boolean;
  /** Quantities are multiples of it. */
  readonly lot: string;
  readonly minQuantity: string | null;
  readonly maxQuantity: string | null;
  /** In the quote currency. */
  readonly minNotional: string | null;
  readonly maxNotional: string | null;
}

/** The tick at a price: the last step at or below it. */
export function tickAt(instrument: Pick<Instrument, 'ticks'>, price: number): string | null {
  let tick: string | null = null;
  for (const step of instrument.ticks) if (Number(step.from) <= price) tick = step.tick;
  return tick;
}
