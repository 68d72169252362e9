import type { BookCounts, Micros } from '../adapter.ts';
import { BookSide } from '../book/side.ts';
import { Asking } from '../feed/asking.ts';
import { noCounts } from '../feed/counts.ts';
import type { DepthMessage } from './depth-message.ts';

/** Changes kept while a snapshot is on its way. When there are more it starts anew: no snapshot takes so long. */
const MOST_BUFFERED = 2_000;
const MOST_BUFFERED_BYTES = 8 * 1024 * 1024;

export type Outcome = 'applied' | 'buffered' | 'stale' | 'gap' | 'crossed';

/**
 * One symbol's book by the venue's own procedure: changes are kept until a snapshot is there, those that it holds
 * already are dropped, and from then on each change must continue the one before.
 */
export class DepthBook {
  readonly code: string;
  readonly symbol: string;
  readonly counts: BookCounts = noCounts();
  readonly asking = new Asking();
  readonly bids = new BookSide('bids');
  readonly asks = new BookSide('asks');
  epoch: number;
  live = false;
  lastId = 0;
  exchangeAt: Micros | null = null;
  /** Of the last change that was applied: the next one may not begin within it. */
  private firstIdOfLast = 0;
  private buffered: Uint8Array[] = [];
  private bufferedBytes = 0;

  constructor(code: string, symbol: string, firstEpoch: number) {
    this.code = code;
    this.symbol = symbol;
    this.epoch = firstEpoch - 1;
  }

  /** Nothing of what was known holds any more. */
  begin(): void {
    this.epoch++;
    this.live = false;
    this.exchangeAt = null;
    this.bids.clear();
    this.asks.clear();
    this.forgetBuffered();
  }

  resync(): void {
    this.counts.resyncs++;
    this.begin();
  }

  /** The message has been read into `message`; `bytes` are its own. */
  change(message: DepthMessage, bytes: Uint8Array): Outcome {
    if (this.live) return this.apply(message, bytes);
    this.keep(bytes);
    return 'buffered';
  }

  /**
   * The snapshot has been read into `message`. `tooOld`: changes between it and the first one kept are missing.
   * Otherwise `each` hears of the snapshot and of every change that was kept, and the book is live unless one of them
   * does not continue the one before.
   */
  snapshot(message: DepthMessage, read: (bytes: Uint8Array) => boolean, each: (outcome: Outcome | 'snapshot') => void): 'done' | 'tooOld' {
    const { lastId } = message;
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
    this.forgetBuffered();
    each('snapshot');
    for (const bytes of kept) {
      readKept(bytes);
      each(this.change(message, bytes));
    }
    return 'done';
  }

  private apply(message: DepthMessage, bytes: Uint8Array): Outcome {
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
      return 'stale';
    }
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
