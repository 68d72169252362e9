import { LevelList } from '../book/level-list.ts';
import { decimalOf, field, isObject, type JsonObject, textOf, wholeOf } from '../wire/json-text.ts';
import { type Literal, literal, Scanner } from '../wire/scanner.ts';
import { toMicros } from '../wire/time.ts';

/** More than any depth Upbit has had (15, now 30). */
const MOST_UNITS = 200;
const COMMA = 44;
const CLOSE_LIST = 93;

/** The layout in which Upbit writes a book, of one of its formats: read in one pass over the bytes. */
interface Layout {
  readonly head: Literal;
  readonly timestamp: Literal;
  readonly totalAsk: Literal;
  readonly totalBid: Literal;
  readonly units: Literal;
  readonly askPrice: Literal;
  readonly bidPrice: Literal;
  readonly askSize: Literal;
  readonly bidSize: Literal;
  readonly streamType: Literal;
  readonly level: Literal;
}

function layout(keys: { [K in Exclude<keyof Layout, 'head'>]: string } & { type: string; code: string }): Layout {
  return {
    head: literal(`{"${keys.type}":"orderbook","${keys.code}":"`),
    timestamp: literal(`","${keys.timestamp}":`),
    totalAsk: literal(`,"${keys.totalAsk}":`),
    totalBid: literal(`,"${keys.totalBid}":`),
    units: literal(`,"${keys.units}":[`),
    askPrice: literal(`{"${keys.askPrice}":`),
    bidPrice: literal(`,"${keys.bidPrice}":`),
    askSize: literal(`,"${keys.askSize}":`),
    bidSize: literal(`,"${keys.bidSize}":`),
    streamType: literal(`],"${keys.streamType}":"`),
    level: literal(`,"${keys.level}":`),
  };
}

const DEFAULT = layout({
  type: 'type',
  code: 'code',
  timestamp: 'timestamp',
  totalAsk: 'total_ask_size',
  totalBid: 'total_bid_size',
  units: 'orderbook_units',
  askPrice: 'ask_price',
  bidPrice: 'bid_price',
  askSize: 'ask_size',
  bidSize: 'bid_size',
  streamType: 'stream_type',
  level: 'level',
});
const SIMPLE = layout({
  type: 'ty',
  code: 'cd',
  timestamp: 'tms',
  totalAsk: 'tas',
  totalBid: 'tbs',
  units: 'obu',
  askPrice: 'ap',
  bidPrice: 'bp',
  askSize: 'as',
  bidSize: 'bs',
  streamType: 'st',
  level: 'lv',
});
const REALTIME = literal('REALTIME"');
const SNAPSHOT = literal('SNAPSHOT"');
const AFTER_CODE = literal('","');
const CLOSE_OBJECT = 125;

/** One book message, read into lists that are used again for the next. */
export class BookMessage {
  readonly bids = new LevelList('bids');
  readonly asks = new LevelList('asks');
  readonly scanner = new Scanner();
  /** Of the code in the bytes; after `readBytes` only. */
  codeFrom = 0;
  codeTo = 0;
  exchangeAt: number | null = null;
  /** Levels without price or size. */
  empty = 0;

  /** False: not in the usual layout; nothing is said about whether it is a good message. */
  readBytes(bytes: Uint8Array): boolean {
    this.scanner.start(bytes);
    // {"type" or {"ty"
    return this.readLayout(bytes[4] === 112 ? DEFAULT : SIMPLE);
  }

  /** Of a message that is torn further on: its code stands in `codeFrom` to `codeTo`. False: whose it was cannot be told. */
  readHead(bytes: Uint8Array): boolean {
    const { scanner } = this;
    scanner.start(bytes);
    if (!scanner.literal(bytes[4] === 112 ? DEFAULT.head : SIMPLE.head) || !scanner.plainWord() || !scanner.literal(AFTER_CODE))
      return false;
    this.codeFrom = scanner.from;
    this.codeTo = scanner.at - AFTER_CODE.length;
    return true;
  }

  private readLayout(keys: Layout): boolean {
    const { scanner } = this;
    this.clear();
    if (!scanner.literal(keys.head) || !scanner.plainWord()) return false;
    this.codeFrom = scanner.from;
    this.codeTo = scanner.at;
    if (!scanner.literal(keys.timestamp) || !scanner.whole()) return false;
    this.exchangeAt = toMicros(scanner.value);
    if (this.exchangeAt === null) return false;
    if (!scanner.literal(keys.totalAsk) || !scanner.decimal() || !scanner.literal(keys.totalBid) || !scanner.decimal()) return false;
    if (!scanner.literal(keys.units)) return false;
    if (scanner.peek() !== CLOSE_LIST) {
      do {
        if (!this.readUnit(keys)) return false;
      } while (scanner.byte(COMMA));
    }
    if (!scanner.literal(keys.streamType) || !(scanner.literal(REALTIME) || scanner.literal(SNAPSHOT))) return false;
    if (scanner.literal(keys.level) && !scanner.decimal()) return false;
    return scanner.byte(CLOSE_OBJECT) && scanner.done();
  }

  private readUnit(keys: Layout): boolean {
    const { scanner, bids, asks } = this;
    if (!scanner.literal(keys.askPrice) || !scanner.decimal()) return false;
    const askPrice = asks.priceOf(scanner);
    if (!scanner.literal(keys.bidPrice) || !scanner.decimal()) return false;
    const bidPrice = bids.priceOf(scanner);
    if (!scanner.literal(keys.askSize) || !scanner.decimal()) return false;
    const askSize = asks.sizeOf(scanner);
    if (!scanner.literal(keys.bidSize) || !scanner.decimal()) return false;
    const bidSize = bids.sizeOf(scanner);
    return scanner.byte(CLOSE_OBJECT) && this.take(asks, askPrice, askSize) && this.take(bids, bidPrice, bidSize);
  }

  /** Null when it is taken, else what is wrong with it. */
  readObject(object: JsonObject): string | null {
    this.clear();
    const timestamp = wholeOf(field(object, 'timestamp', 'tms'));
    this.exchangeAt = timestamp === null ? null : toMicros(timestamp);
    if (this.exchangeAt === null) return 'its timestamp is no time';
    const units = field(object, 'orderbook_units', 'obu', 'orderbookUnits');
    if (!Array.isArray(units)) return 'its units are not a list';
    if (units.length > MOST_UNITS) return `has ${units.length} units, at most ${MOST_UNITS} are taken`;
    for (const [i, unit] of units.entries()) {
      if (!isObject(unit)) return `its unit ${i} is not an object`;
      const ask = this.takeTexts(this.asks, field(unit, 'ask_price', 'ap', 'askPrice'), field(unit, 'ask_size', 'as', 'askSize'));
      const bid = this.takeTexts(this.bids, field(unit, 'bid_price', 'bp', 'bidPrice'), field(unit, 'bid_size', 'bs', 'bidSize'));
      if (!ask || !bid) return `its unit ${i} holds a price or size that is no number from 0`;
    }
    return null;
  }

  private takeTexts(list: LevelList, price: Parameters<typeof decimalOf>[0], size: Parameters<typeof decimalOf>[0]): boolean {
    const [priceText, sizeText] = [decimalOf(price), decimalOf(size)];
    if (priceText === null || sizeText === null || !list.pushText(priceText, sizeText)) return false;
    const last = list.count - 1;
    if (list.prices[last] === 0 || list.sizes[last] === 0) {
      list.count = last;
      list.skip();
      this.empty++;
    }
    return true;
  }

  private take(list: LevelList, price: number, size: number): boolean {
    if (price > 0 && size > 0) return list.count < MOST_UNITS && list.push(price, size);
    if (price !== 0 && size !== 0) return false;
    list.skip();
    this.empty++;
    return true;
  }

  private clear(): void {
    this.bids.clear();
    this.asks.clear();
    this.empty = 0;
  }
}

/** `orderbook`, `trade` …, in whichever format. */
export function typeOf(object: JsonObject): string | null {
  return textOf(field(object, 'type', 'ty'));
}

export function codeOfMessage(object: JsonObject): string | null {
  return textOf(field(object, 'code', 'cd', 'market'));
}
