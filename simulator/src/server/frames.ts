import type { BookText } from '../market/index.ts';

/** What a book's frame says after its number. */
export interface BookHead {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly exchangeAt: number;
}

/** All of a book's frame but `{"seq":n`, which is each connection's own. */
export function bookTail({ venue, symbol, epoch, sequence, exchangeAt }: BookHead, { bids, asks }: BookText): string {
  return `,"venue":"${venue}","symbol":"${symbol}","epoch":${epoch},"sequence":${sequence},"exchangeAt":${exchangeAt},"bids":${bids},"asks":${asks}}`;
}

export function fxFrame(rate: number, at: number): string {
  return `{"fx":"KRW-USDT","rate":${rate},"at":${at}}`;
}

/** The venues that a client asks for, or what is wrong with its asking. */
export function subscriptionOf(frame: string, known: readonly string[]): readonly string[] | Error {
  const expected = `expected {"subscribe":{"venues":[…]}} with venues of ${known.join(', ')}`;
  let asked: unknown;
  try {
    asked = JSON.parse(frame);
  } catch (cause) {
    return new Error(`${expected}, found what is not JSON`, { cause });
  }
  const venues = (asked as { subscribe?: { venues?: unknown } } | null)?.subscribe?.venues;
  if (!Array.isArray(venues) || venues.length === 0 || venues.length > 64) return new Error(`${expected}, found ${frame.slice(0, 80)}`);
  const strange = venues.find((venue) => !known.includes(venue as string));
  return strange === undefined ? (venues as string[]) : new Error(`${expected}, found ${JSON.stringify(strange)?.slice(0, 40)}`);
}
