import type { Micros } from '../adapter.ts';
import { backoffMs } from '../limits.ts';

/** An answer that has not come by then is not waited for any longer. */
const PATIENCE_MS = 10_000;
/** What was answered and is wanted again so soon did not help: it is asked again more slowly each time, */
const SETTLED_US = 5_000_000;
const FIRST_PAUSE_MS = 500;
/** but never so slowly that the end of a trouble is noticed late. */
const MOST_PAUSE_MS = 2_000;

/** How slowly many questions of one kind may be asked: together they are held to the venue's limit. */
export interface Pace {
  mostPauseMs: number;
}

/** One question that is asked again until it is answered: one at a time, more and more slowly. */
export class Asking {
  private readonly pace: Pace;
  private wanted = false;
  private askedAt: Micros | null = null;
  private servedAt: Micros | null = null;
  private notBefore: Micros = 0;
  /** Until when the venue itself has said to wait. */
  private told: Micros = 0;
  private failures = 0;
  private repeats = 0;

  constructor(pace: Pace = { mostPauseMs: MOST_PAUSE_MS }) {
    this.pace = pace;
  }

  /** It has been answered lately, more than once, and the answers did not last. */
  get repeated(): boolean {
    return this.repeats > 1;
  }

  /** True when it is to be asked now. */
  want(at: Micros): boolean {
    if (!this.wanted) {
      this.wanted = true;
      if (this.servedAt !== null && at - this.servedAt < SETTLED_US) this.pause(at);
      else this.repeats = 0;
    }
    return this.due(at);
  }

  /** True when it is to be asked (again) now; then it counts as asked. */
  due(at: Micros): boolean {
    if (!this.wanted) return false;
    if (this.askedAt !== null) {
      if (at - this.askedAt < PATIENCE_MS * 1_000) return false;
      this.failed(at, null);
    }
    if (at < this.notBefore || at < this.told) return false;
    this.askedAt = at;
    return true;
  }

  /** It is known, by the answer or in another way. */
  served(at: Micros): void {
    if (!this.wanted) return;
    this.wanted = false;
    this.askedAt = null;
    this.servedAt = at;
    this.failures = 0;
    this.notBefore = 0;
  }

  /** The answer was good, and yet no help. */
  unfit(at: Micros): void {
    this.askedAt = null;
    this.failures = 0;
    this.repeats = Math.max(1, this.repeats);
    this.pause(at);
  }

  /** No good answer came; `waitMs` is how long the venue said to wait. */
  failed(at: Micros, waitMs: number | null): void {
    this.askedAt = null;
    this.failures++;
    this.notBefore = at + backoffMs(this.failures, waitMs) * 1_000;
    if (waitMs !== null) this.told = at + waitMs * 1_000;
  }

  /** Nobody waits for it any more, though an answer to it may still come. A venue that said wait is still obeyed. */
  drop(): void {
    this.wanted = false;
    this.askedAt = null;
    this.servedAt = null;
    this.failures = 0;
    this.notBefore = 0;
  }

  private pause(at: Micros): void {
    const most = Math.max(MOST_PAUSE_MS, this.pace.mostPauseMs);
    this.repeats++;
    // The first time may be chance. Exact: a small power of two.
    const pauseMs = this.repeats === 1 ? 0 : Math.min(most, FIRST_PAUSE_MS * 2 ** Math.min(10, this.repeats - 2));
    this.notBefore = Math.max(this.notBefore, at + pauseMs * 1_000);
  }
}
