import { LevelList } from '../book/level-list.ts';
import { literal, Scanner } from '../wire/scanner.ts';
import { toMicros } from '../wire/time.ts';

const QUOTE = 34;
const COMMA = 44;
const CLOSE_LIST = 93;
const CLOSE_OBJECT = 125;
const STREAM = literal('{"stream":"');
const DATA = literal('","data":');
const HEAD = literal('{"e":"depthUpdate","E":');
const SYMBOL = literal(',"s":"');
const FIRST_ID = literal('","U":');
const LAST_ID = literal(',"u":');
const BIDS = literal(',"b":[');
const ASKS = literal('],"a":[');
const OPEN_LEVEL = literal('["');
const BETWEEN = literal('","');
const CLOSE_LEVEL = literal('"]');

/** One change of a book or one snapshot, read into lists that are used again for the next. */
export class DepthMessage {
  readonly bids = new LevelList('bids');
  readonly asks = new LevelList('asks');
  readonly scanner = new Scanner();
  /** Of the symbol in the bytes; after `readBytes` only. */
  codeFrom = 0;
  codeTo = 0;
  eventAt: number | null = null;
  firstId = 0;
  lastId = 0;

  /** A `depthUpdate` in its usual layout. False says nothing about whether it is a good message. */
  readBytes(bytes: Uint8Array): boolean {
    const { scanner } = this;
    scanner.start(bytes);
    this.clear();
    const wrapped = scanner.literal(STREAM);
    if (wrapped && !(scanner.plainWord() && scanner.literal(DATA))) return false;
    if (!scanner.literal(HEAD) || !scanner.whole()) return false;
    this.eventAt = toMicros(scanner.value);
    if (this.eventAt === null || !scanner.literal(SYMBOL) || !scanner.plainWord()) return false;
    this.codeFrom = scanner.from;
    this.codeTo = scanner.at;
    if (!scanner.literal(FIRST_ID) || !scanner.whole()) return false;
    this.firstId = scanner.value;
    if (!scanner.literal(LAST_ID) || !scanner.whole()) return false;
    this.lastId = scanner.value;
    if (this.firstId > this.lastId) return false;
    if (!scanner.literal(BIDS) || !this.levels(this.bids) || !scanner.literal(ASKS) || !this.levels(this.asks)) return false;
    if (!scanner.byte(CLOSE_LIST) || !scanner.byte(CLOSE_OBJECT)) return false;
    return (!wrapped || scanner.byte(CLOSE_OBJECT)) && scanner.done();
  }

  /** The same, and snapshots, by their meaning. Null when it is taken, else what is wrong with it. */
  readObject(data: Readonly<Record<string, unknown>>): string | null {
    this.clear();
    const { E, U, u, b, a } = data;
    this.eventAt = typeof E === 'number' ? toMicros(E) : null;
    if (this.eventAt === null) return 'its event time is no time';
    if (!isId(U) || !isId(u) || U > u) return 'its first and last update ids are not whole numbers in order';
    this.firstId = U;
    this.lastId = u;
    return this.readLevels(b, this.bids, 'b') ?? this.readLevels(a, this.asks, 'a');
  }

  readSnapshot(data: Readonly<Record<string, unknown>>): string | null {
    this.clear();
    const { lastUpdateId, bids, asks } = data;
    if (!isId(lastUpdateId)) return 'its lastUpdateId is not a whole number';
    this.lastId = lastUpdateId;
    return this.readLevels(bids, this.bids, 'bids') ?? this.readLevels(asks, this.asks, 'asks');
  }

  private levels(list: LevelList): boolean {
    const { scanner } = this;
    if (scanner.peek() === CLOSE_LIST) return true;
    do {
      if (!scanner.literal(OPEN_LEVEL) || !scanner.decimal()) return false;
      const price = list.priceOf(scanner);
      if (!scanner.literal(BETWEEN) || !scanner.decimal()) return false;
      const size = list.sizeOf(scanner);
      if (!scanner.literal(CLOSE_LEVEL) || !(price > 0) || !(size >= 0) || !list.push(price, size)) return false;
    } while (scanner.byte(COMMA));
    return scanner.peek() === CLOSE_LIST;
  }

  private readLevels(levels: unknown, list: LevelList, name: string): string | null {
    if (!Array.isArray(levels)) return `its ${name} are not a list`;
    for (let i = 0; i < levels.length; i++) {
      const level = levels[i] as unknown;
      // Years ago a level had a third, empty part.
      if (!Array.isArray(level) || level.length < 2 || typeof level[0] !== 'string' || typeof level[1] !== 'string')
        return `its ${name}[${i}] is not [price, size] as text`;
      if (!list.pushText(level[0], level[1])) return `its ${name}[${i}] holds what is no number from 0, or is one too many`;
      if (list.prices[list.count - 1] === 0) return `its ${name}[${i}] has the price 0`;
    }
    return null;
  }

  private clear(): void {
    this.bids.clear();
    this.asks.clear();
  }
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The stream's name at the head of a wrapped message, whatever follows: `btcusdt@depth`. */
export function streamOf(bytes: Uint8Array): string | null {
  const scanner = new Scanner();
  scanner.start(bytes);
  if (!scanner.literal(STREAM) || !scanner.plainWord() || scanner.bytes[scanner.at] !== QUOTE) return null;
  return scanner.text();
}
