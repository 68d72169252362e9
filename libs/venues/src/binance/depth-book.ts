import type { BookCounts, Level, Micros } from '../adapter.ts';
import type { LevelList } from '../book/level-list.ts';
import { BookSide } from '../book/side.ts';
import { Asking, type Pace } from '../feed/asking.ts';
import { noCounts } from '../feed/counts.ts';
import type { DepthMessage } from './depth-message.ts';

/** Changes kept while a snapshot is on its way. When there are more it starts anew: no snapshot takes so long. */
const MOST_BUFFERED = 2_000;
const MOST_BUFFERED_BYTES = 8 * 1024 * 1024;

/** Nothing but old changes for so long: the number of the snapshot is one that the stream does not come to. */
const MOST_STALE_US = 5_000_000;

export type Outcome = 'applied' | 'buffered' | 'stale' | 'gap' | 'crossed';

/**
 * One symbol's book by the venue's own procedure: changes are kept until a snapshot is there, those that it holds
 * already are dropped, and from then on each change must continue the one before.
 */
export class DepthBook {
  readonly code: string;
  readonly symbol: string;
  readonly counts: BookCounts = noCounts();
  readonly asking: Asking;
  readonly bids = new BookSide('bids');
  readonly asks = new BookSide('asks');
  epoch: number;
  live = false;
  lastId = 0;
  exchangeAt: Micros | null = null;
  /** The last prices that the snapshot held; null where it held all there were. What lies beyond is unknown, not empty. */
  private lastBid: number | null = null;
  private lastAsk: number | null = null;
  /** Of the last change that was applied: the next one may not begin within it. */
  private firstIdOfLast = 0;
  /** Since when nothing but old changes has come. */
  private staleFrom: Micros | null = null;
  private buffered: Uint8Array[] = [];
  private bufferedBytes = 0;

  /** `usedEpoch`: its own begin above it. */
  constructor(code: string, symbol: string, usedEpoch: number, pace?: Pace) {
    this.asking = new Asking(pace);
    this.code = code;
    this.symbol = symbol;
    this.epoch = usedEpoch;
  }

  /** Nothing of what was known holds any more. */
  begin(): void {
    this.epoch++;
    this.live = false;
    this.exchangeAt = null;
    this.staleFrom = null;
    this.bids.clear();
    this.asks.clear();
    this.forgetBuffered();
  }

  resync(): void {
    this.counts.resyncs++;
    this.begin();
  }

  /** The message has been read into `message`; `bytes` are its own. */
  change(message: DepthMessage, bytes: Uint8Array, at: Micros): Outcome {
    if (this.live) return this.apply(message, bytes, at);
    this.keep(bytes);
    return 'buffered';
  }

  /**
   * The snapshot has been read into `message`. `tooOld`: changes between it and the first one kept are missing.
   * Otherwise `each` hears of the snapshot and of every change that was kept, and the book is live unless one of them
   * does not continue the one before.
   */
  snapshot(
    message: DepthMessage,
    at: Micros,
    read: (bytes: Uint8Array) => boolean,
    each: (outcome: Outcome | 'snapshot') => void,
  ): 'done' | 'tooOld' {
    const { lastId } = message;
    const [bidEnd, askEnd] = [endOf(message.bids), endOf(message.asks)];
    this.bids.clear();
    this.asks.clear();
    this.bids.apply(message.bids);
    this.asks.apply(message.asks);
    this.counts.rounded += message.bids.rounded + message.asks.rounded;
    if (this.crossed()) {
      this.counts.crossed++;
      this.resync();
      each('crossed');
      return 'done';
    }
    const kept = this.buffered;
    const readKept = (bytes: Uint8Array): void => {
      // It was read once before it was kept.
      if (!read(bytes)) throw new Error(`${this.code}: a kept message cannot be read again`);
    };
    if (kept[0] !== undefined) {
      readKept(kept[0]);
      if (message.firstId > lastId + 1) return 'tooOld';
    }
    this.lastId = lastId;
    this.firstIdOfLast = 0;
    this.live = true;
    this.lastBid = bidEnd;
    this.lastAsk = askEnd;
    this.forgetBuffered();
    each('snapshot');
    for (const bytes of kept) {
      readKept(bytes);
      each(this.change(message, bytes, at));
    }
    return 'done';
  }

  /** The market has moved to where the snapshot did not reach: of its first `levels` prices some may be missing. */
  shallow(levels: number): boolean {
    if (!this.live) return false;
    const [bids, asks] = [this.bids.top(levels), this.asks.top(levels)];
    const worst = (side: readonly Level[]): number => side[levels - 1]?.[0] ?? Number.NaN;
    // Not so either where there are fewer.
    return (this.lastBid !== null && !(worst(bids) >= this.lastBid)) || (this.lastAsk !== null && !(worst(asks) <= this.lastAsk));
  }

  /** A newer snapshot, read into `message`, takes the place of the live book. False: it is older than the book. */
  deepen(message: DepthMessage, at: Micros): boolean {
    if (message.lastId < this.lastId) return false;
    this.epoch++;
    this.exchangeAt = null;
    this.snapshot(message, at, () => true, () => {}); // biome-ignore format: nothing was kept
    return this.live;
  }

  private apply(message: DepthMessage, bytes: Uint8Array, at: Micros): Outcome {
    const { firstId, lastId, bids, asks } = message;
    // One that begins within the last: the venue's numbers have been damaged, and one of both is wrong.
    const torn = firstId <= this.lastId && firstId > this.firstIdOfLast && this.firstIdOfLast > 0;
    if (firstId > this.lastId + 1 || torn) {
      this.counts.gaps++;
      this.resync();
      if (!torn) this.keep(bytes);
      return 'gap';
    }
    if (lastId <= this.lastId) {
      this.counts.stale++;
      this.staleFrom ??= at;
      if (at - this.staleFrom < MOST_STALE_US) return 'stale';
      this.counts.gaps++;
      this.resync();
      this.keep(bytes);
      return 'gap';
    }
    this.staleFrom = null;
    this.bids.apply(bids);
    this.asks.apply(asks);
    this.lastId = lastId;
    this.firstIdOfLast = firstId;
    this.exchangeAt = message.eventAt;
    this.counts.rounded += bids.rounded + asks.rounded;
    if (!this.crossed()) return 'applied';
    this.counts.crossed++;
    this.resync();
    return 'crossed';
  }

  private crossed(): boolean {
    return this.bids.length > 0 && this.asks.length > 0 && this.bids.best() >= this.asks.best();
  }

  private keep(bytes: Uint8Array): void {
    if (this.buffered.length >= MOST_BUFFERED || this.bufferedBytes + bytes.length > MOST_BUFFERED_BYTES) this.forgetBuffered();
    // A copy: the socket uses its buffer again.
    this.buffered.push(bytes.slice());
    this.bufferedBytes += bytes.length;
  }

  private forgetBuffered(): void {
    this.buffered = [];
    this.bufferedBytes = 0;
  }
}

/** Snapshots are cut at round numbers of levels; a shorter one is the whole side. */
function endOf({ prices, count }: LevelList): number | null {
  return count > 0 && count % 100 === 0 ? (prices[count - 1] as number) : null;
}
