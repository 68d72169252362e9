import { type BookSide, type Changes, type Instrument, levelCount, priceOf, tradeOf } from '../../market/index.ts';
import { cellTexts, type Listing } from '../../server/listing.ts';

/** Prices and sizes are text with eight decimals. */
const PLACES = 8;
const GONE = '0.00000000';

/** A pair's numbers as Binance writes them, each formatted once. */
export interface BinanceTexts {
  readonly price: (cell: number) => string;
  readonly sizes: readonly string[];
}

export function binanceTexts({ instrument }: Listing): BinanceTexts {
  return {
    price: cellTexts((cell) => priceOf(instrument, cell).toFixed(PLACES)),
    sizes: instrument.sizes.values.map((size) => size.toFixed(PLACES)),
  };
}

/** `["price","size"],…` of the first levels. */
export function levelsText(instrument: Instrument, side: BookSide, texts: BinanceTexts, most: number): string {
  const count = levelCount(instrument, side, most);
  let text = '';
  for (let i = 0; i < count; i++) {
    const cell = side.best + i * side.direction;
    text += `${i === 0 ? '["' : ',["'}${texts.price(cell)}","${texts.sizes[side.indexes[cell & instrument.mask] as number]}"]`;
  }
  return text;
}

export function changesText({ count, cells, sizes }: Changes, texts: BinanceTexts): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    const size = sizes[i] as number;
    text += `${i === 0 ? '["' : ',["'}${texts.price(cells[i] as number)}","${size < 0 ? GONE : texts.sizes[size]}"]`;
  }
  return text;
}

export interface Ids {
  readonly firstId: number;
  readonly lastId: number;
}

export function changeText({ code, changedAt }: Listing, { firstId, lastId }: Ids, bids: string, asks: string): string {
  return `{"e":"depthUpdate","E":${changedAt},"s":"${code}","U":${firstId},"u":${lastId},"b":[${bids}],"a":[${asks}]}`;
}

/** Over REST and on `@depth20`: nothing of symbol or time. */
export function snapshotText({ instrument, lastId }: Listing, texts: BinanceTexts, levels: number): string {
  const { bids, asks } = instrument;
  return `{"lastUpdateId":${lastId},"bids":[${levelsText(instrument, bids, texts, levels)}],"asks":[${levelsText(instrument, asks, texts, levels)}]}`;
}

export function bookTickerText({ code, instrument, lastId }: Listing, texts: BinanceTexts): string {
  const { bids, asks, mask } = instrument;
  const size = ({ best, indexes }: BookSide): string => texts.sizes[indexes[best & mask] as number] as string;
  return `{"u":${lastId},"s":"${code}","b":"${texts.price(bids.best)}","B":"${size(bids)}","a":"${texts.price(asks.best)}","A":"${size(asks)}"}`;
}

/** Null where the newest book came without a trade. */
export function tradeText({ code, changedAt, instrument, tradeId }: Listing, kind: 'trade' | 'aggTrade'): string | null {
  const trade = tradeOf(instrument);
  if (trade === null) return null;
  // Where the taker sells, the buyer was the maker.
  const rest = `"p":"${trade.price.toFixed(PLACES)}","q":"${trade.size.toFixed(PLACES)}"`;
  const tail = `"T":${changedAt},"m":${trade.side === 'sell'},"M":true}`;
  return kind === 'trade'
    ? `{"e":"trade","E":${changedAt},"s":"${code}","t":${tradeId},${rest},${tail}`
    : `{"e":"aggTrade","E":${changedAt},"s":"${code}","a":${tradeId},${rest},"f":${tradeId},"l":${tradeId},${tail}`;
}
