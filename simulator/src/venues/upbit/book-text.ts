import { levelCount } from '../../market/index.ts';
import type { Listing } from '../../server/listing.ts';

/** How Upbit names the parts of a book, in one of its formats. */
interface Names {
  readonly head: string;
  readonly time: string;
  readonly totalAsk: string;
  readonly totalBid: string;
  readonly units: string;
  readonly askPrice: string;
  readonly bidPrice: string;
  readonly askSize: string;
  readonly bidSize: string;
  readonly stream: string;
  readonly level: string;
}

const DEFAULT: Names = {
  head: '{"type":"orderbook","code":"',
  time: '","timestamp":',
  totalAsk: ',"total_ask_size":',
  totalBid: ',"total_bid_size":',
  units: ',"orderbook_units":[',
  askPrice: '{"ask_price":',
  bidPrice: ',"bid_price":',
  askSize: ',"ask_size":',
  bidSize: ',"bid_size":',
  stream: '],"stream_type":"',
  level: '","level":0}',
};
const SIMPLE: Names = {
  head: '{"ty":"orderbook","cd":"',
  time: '","tms":',
  totalAsk: ',"tas":',
  totalBid: ',"tbs":',
  units: ',"obu":[',
  askPrice: '{"ap":',
  bidPrice: ',"bp":',
  askSize: ',"as":',
  bidSize: ',"bs":',
  stream: '],"st":"',
  level: '","lv":0}',
};
/** The same over REST, which has no stream. */
const REST: Names = { ...DEFAULT, head: '{"market":"', stream: '],"level":0}', level: '' };

export type BookFormat = 'DEFAULT' | 'SIMPLE' | 'REST';
const NAMES: Readonly<Record<BookFormat, Names>> = { DEFAULT, SIMPLE, REST };

export interface BookWish {
  readonly format: BookFormat;
  readonly depth: number;
  readonly stream: 'SNAPSHOT' | 'REALTIME' | '';
  /** A book that never was: its best bid above its best ask. */
  readonly crossed?: boolean;
}

/** A whole book as text. A side that has fewer levels than the other is filled up with price and size 0. */
export function bookText(
  { code, changedAt, instrument, priceText }: Listing,
  { format, depth, stream, crossed = false }: BookWish,
): string {
  const names = NAMES[format];
  const { bids, asks, mask, sizes } = instrument;
  const { units, texts, scale } = sizes;
  const asksCount = levelCount(instrument, asks, depth);
  const bidsCount = levelCount(instrument, bids, depth);
  const raised = crossed ? asks.best - bids.best + 1 : 0;
  const { askPrice, bidPrice, askSize, bidSize } = names;
  let [askUnits, bidUnits] = [0, 0];
  let levels = '';
  for (let i = 0; i < asksCount; i++) {
    const ask = asks.best + i;
    const askIndex = asks.indexes[ask & mask] as number;
    askUnits += units[askIndex] as number;
    levels += (i === 0 ? askPrice : `,${askPrice}`) + priceText(ask) + bidPrice;
    if (i < bidsCount) {
      const bid = bids.best - i;
      const bidIndex = bids.indexes[bid & mask] as number;
      bidUnits += units[bidIndex] as number;
      levels += `${priceText(bid + raised) + askSize + (texts[askIndex] as string) + bidSize + (texts[bidIndex] as string)}}`;
    } else levels += `0${askSize}${texts[askIndex] as string}${bidSize}0}`;
  }
  return (
    names.head +
    code +
    names.time +
    changedAt +
    names.totalAsk +
    askUnits / scale +
    names.totalBid +
    bidUnits / scale +
    names.units +
    levels +
    names.stream +
    stream +
    names.level
  );
}
