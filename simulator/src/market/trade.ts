import { priceOf } from './book.ts';
import type { Instrument } from './instrument.ts';

export interface PublicTrade {
  /** Of the taker. */
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly size: number;
}

/** The trade that came with the newest book; null without one. */
export function tradeOf(instrument: Instrument): PublicTrade | null {
  const { trade, sizes } = instrument;
  return trade === null ? null : { side: trade.side, price: priceOf(instrument, trade.cell), size: trade.units / sizes.scale };
}
