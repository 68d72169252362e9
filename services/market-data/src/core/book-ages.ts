import { ClockOffset } from './clock-offset.ts';
import { ReceiverClock } from './receiver-clock.ts';

/** A book is stale that was not renewed for so long, or that came so late. */
const STALE_MS = 5_000;
const MOST_BOOKS = 4_000;
/** What the way and a busy machine take is no news. */
const LATE_MS = 500;
/** One time that lies wrongly in the future makes the receiver's clock look slow for two minutes: a book is not called older by more. */
const MOST_BEHIND_MS = 2_000;
/** Of the newest latency, in the running average. */
const SHARE = 0.05;

export interface Ages {
  readonly books: number;
  readonly stale: number;
  readonly oldestMs: number;
  /** Since the oldest of the books began its epoch: how long it has been built on the same snapshot. */
  readonly snapshotMs: number;
  readonly latencyMs: number | null;
  readonly clockBehindMs: number;
}

interface Known {
  receivedMs: number;
  epoch: number;
  epochMs: number;
  lateMs: number;
}

/** How old a venue's books are, each by when it came and by how late it was when it came. Times are monotonic ms. */
export class BookAges {
  private readonly known = new Map<string, Known>();
  private readonly offset = new ClockOffset();
  private readonly clock: ReceiverClock;
  private readonly venue: string;
  private latency: number | null = null;

  /** One receiver's clock for all venues of the process. */
  constructor(venue = '', clock = new ReceiverClock()) {
    this.venue = venue;
    this.clock = clock;
  }

  /** Times in µs as the book says them. Gives how late it came, in whole ms; 0 where that is nothing to speak of. */
  book(
    symbol: string,
    { epoch, exchangeAt, receivedAt }: { epoch: number; exchangeAt: number | null; receivedAt: number },
    now: number,
  ): number {
    const before = this.known.get(symbol);
    const begins = before === undefined || before.epoch !== epoch;
    let differenceMs: number | null = null;
    if (exchangeAt !== null) {
      const seemsMs = (receivedAt - exchangeAt) / 1_000;
      if (!begins) this.clock.see(this.venue, seemsMs, now);
      differenceMs = Math.max(0, this.offset.lateness(seemsMs, now) - this.clock.aheadMs(now));
    }
    // The first book of an epoch may be an old one that is still true: a quiet market's last change.
    const lateMs = begins || differenceMs === null ? 0 : differenceMs;
    if (differenceMs !== null && !begins) this.latency = this.latency === null ? lateMs : this.latency + SHARE * (lateMs - this.latency);
    if (before !== undefined || this.known.size < MOST_BOOKS)
      this.known.set(symbol, { receivedMs: now, epoch, epochMs: begins ? now : before.epochMs, lateMs });
    const sureMs = lateMs - Math.max(0, this.offset.behindMs() - MOST_BEHIND_MS);
    return sureMs < LATE_MS ? 0 : Math.round(sureMs);
  }

  /** It has not changed, and is still true. */
  confirmed(symbol: string, now: number): void {
    const known = this.known.get(symbol);
    if (known === undefined) return;
    known.receivedMs = now;
    known.lateMs = 0;
  }

  absent(symbol: string): void {
    this.known.delete(symbol);
  }

  clear(): void {
    this.known.clear();
    this.latency = null;
  }

  at(now: number): Ages {
    let [stale, oldestMs, snapshotMs] = [0, 0, 0];
    for (const { receivedMs, epochMs, lateMs } of this.known.values()) {
      const ageMs = now - receivedMs;
      if (ageMs > STALE_MS || lateMs > STALE_MS) stale++;
      if (ageMs > oldestMs) oldestMs = ageMs;
      if (now - epochMs > snapshotMs) snapshotMs = now - epochMs;
    }
    return { books: this.known.size, stale, oldestMs, snapshotMs, latencyMs: this.latency, clockBehindMs: this.offset.behindMs() };
  }
}
