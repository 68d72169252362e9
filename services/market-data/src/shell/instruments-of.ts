import type { DataOf } from '@arb/shared/contracts';
import { type Instrument, tickAt, type VenueAdapter } from '@arb/venues';

type Instruments = DataOf<'instruments'>;

export interface KnownInstrument {
  readonly symbol: string;
  readonly instrument: Instrument;
  /** Of the newest book; null where there is none yet. */
  readonly price: number | null;
}

/** What a venue takes as an order, of these symbols. */
export function instrumentsOf({ venue, fees, rest }: VenueAdapter, quote: string, known: readonly KnownInstrument[]): Instruments {
  const bands = known.length === 0 ? [] : (rest.published((known[0] as KnownInstrument).instrument.code)?.ticks ?? []);
  return {
    venue,
    fees: fees(quote),
    bands,
    symbols: known.map(({ symbol, instrument, price }) => ({
      symbol,
      tick: tickOf(instrument, bands, price),
      lot: instrument.lot,
      minNotional: instrument.minNotional ?? '0',
    })),
  };
}

/** Null where the bands say the same: they go on being right when the price moves into another one. */
function tickOf({ ticks, ticksFromVenue }: Instrument, bands: Instrument['ticks'], price: number | null): string | null {
  const own = ticks[0]?.tick ?? null;
  if (!ticksFromVenue || own === null) return null;
  return price !== null && tickAt({ ticks: bands }, price) === own ? null : own;
}
