import { type Instrument, levelCount, priceOf } from '../market/index.ts';

/** More than any book is deep, and a power of two. */
const TEXTS = 1_024;

/** One pair as a venue lists it. */
export interface Listing {
  readonly instrument: Instrument;
  readonly code: string;
  /** `BTC-KRW`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** Of the book's last change by the venue's clock, ms. */
  changedAt: number;
  /** How many books there have been. */
  books: number;
  /** The update ids of the newest change, from the first to the last. */
  firstId: number;
  lastId: number;
  tradeId: number;
  /** The number of the newest book that stands in the log. */
  logged: number;
  /** As many levels a side as the log's hashes cover. */
  readonly proven: number;
  /** A cell's price as the shortest number that means it. */
  readonly priceText: (cell: number) => string;
}

export interface ListingPlace {
  readonly instrument: Instrument;
  readonly code: string;
  readonly firstId: number;
  readonly proven: number;
  /** By the venue's clock, ms. */
  readonly changedAt: number;
}

export function makeListing({ instrument, code, firstId, proven, changedAt }: ListingPlace): Listing {
  return {
    instrument,
    code,
    symbol: instrument.symbol,
    base: instrument.coin,
    quote: instrument.quote,
    changedAt,
    books: 0,
    firstId,
    lastId: firstId,
    tradeId: firstId,
    logged: -1,
    proven,
    priceText: cellTexts((cell) => String(priceOf(instrument, cell))),
  };
}

/** A price is written as text once while it stays near the top. */
export function cellTexts(write: (cell: number) => string): (cell: number) => string {
  const cells = new Int32Array(TEXTS).fill(-1);
  const texts: string[] = new Array(TEXTS).fill('');
  return (cell) => {
    const place = cell & (TEXTS - 1);
    if (cells[place] === cell) return texts[place] as string;
    const text = write(cell);
    cells[place] = cell;
    texts[place] = text;
    return text;
  };
}

/** `JSON.stringify` of the bids and of the asks, one after the other. */
export function numbersText({ instrument, priceText, proven }: Listing): string {
  const { bids, asks, mask, sizes } = instrument;
  let text = '';
  for (const side of [bids, asks]) {
    text += '[';
    const count = levelCount(instrument, side, proven);
    for (let i = 0; i < count; i++) {
      const cell = side.best + i * side.direction;
      text += `${i === 0 ? '' : ','}[${priceText(cell)},${sizes.texts[side.indexes[cell & mask] as number]}]`;
    }
    text += ']';
  }
  return text;
}
