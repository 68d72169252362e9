export type Level = readonly [price: number, size: number];

export interface BookFrame {
  readonly kind: 'book';
  readonly seq: number;
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly exchangeAt: number | null;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface FxFrame {
  readonly kind: 'fx';
  readonly pair: string;
  readonly rate: number;
  readonly at: number;
}

export interface Fault {
  readonly kind: 'fault';
  readonly why: string;
}

const MOST_LEVELS = 200;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function fault(why: string): Fault {
  return { kind: 'fault', why };
}

/**
 * One frame of the simulated source. Whatever passes is well-formed as an event; whether venue and symbol are watched
 * is the reader's to say.
 */
export function decodeFrame(bytes: Buffer): BookFrame | FxFrame | Fault {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(bytes.toString()) as Record<string, unknown>;
  } catch (error) {
    return fault(`is not JSON: ${(error as Error).message.slice(0, 80)}`);
  }
  if (typeof value !== 'object' || value === null) return fault('is not an object');
  if (value.fx !== undefined) return decodeFx(value);
  const { seq, venue, symbol, epoch, sequence, exchangeAt, bids, asks } = value;
  if (typeof venue !== 'string' || typeof symbol !== 'string') return fault('names neither a venue with its symbol nor a rate');
  if (!isCount(seq) || !isCount(epoch) || !isCount(sequence)) return fault('seq, epoch and sequence are not whole numbers');
  if (exchangeAt !== null && !isCount(exchangeAt)) return fault('exchangeAt is not a time in µs');
  const why = faultOfSide(bids, 'bids', -1) ?? faultOfSide(asks, 'asks', 1);
  if (why !== null) return fault(why);
  const [bestBid, bestAsk] = [(bids as Level[])[0], (asks as Level[])[0]];
  if (bestBid !== undefined && bestAsk !== undefined && bestBid[0] >= bestAsk[0])
    return fault(`the book is crossed: bid ${bestBid[0]}, ask ${bestAsk[0]}`);
  return { kind: 'book', seq, venue, symbol, epoch, sequence, exchangeAt, bids: bids as Level[], asks: asks as Level[] };
}

function decodeFx({ fx, rate, at }: Record<string, unknown>): FxFrame | Fault {
  if (fx !== 'KRW-USDT') return fault('names a rate that is not KRW-USDT');
  if (typeof rate !== 'number' || !(rate > 0 && rate < Infinity)) return fault('the rate is not a number above 0');
  return isCount(at) ? { kind: 'fx', pair: fx, rate, at } : fault("the rate's time is not a time in µs");
}

/** Best first, each price once, no zeros. A level that is wrong condemns the book: what else in it would be right? */
function faultOfSide(side: unknown, name: string, direction: 1 | -1): string | null {
  if (!Array.isArray(side)) return `${name} are not a list`;
  if (side.length > MOST_LEVELS) return `${side.length} ${name}, at most ${MOST_LEVELS} allowed`;
  let before = direction === 1 ? 0 : Infinity;
  for (let i = 0; i < side.length; i++) {
    const level = side[i] as unknown;
    if (!Array.isArray(level) || level.length !== 2) return `${name}[${i}] is not [price, size]`;
    const [price, size] = level as [unknown, unknown];
    if (typeof price !== 'number' || typeof size !== 'number' || !(price > 0 && price < Infinity && size > 0 && size < Infinity))
      return `${name}[${i}] holds what is not a number above 0`;
    if (direction === 1 ? price <= before : price >= before) return `${name}[${i}] is out of order`;
    before = price;
  }
  return null;
}
