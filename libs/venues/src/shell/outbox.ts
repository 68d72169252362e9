import type { RateLimit } from '../limits.ts';
import { Bucket } from './bucket.ts';
import type { Clock } from './clock.ts';

const MOST_WAITING = 200;

/** Frames on their way to one connection, held to what the venue takes on it. */
export class Outbox {
  private readonly clock: Clock;
  private readonly buckets: readonly Bucket[];
  private readonly send: (frame: string) => void;
  private waiting: string[] = [];
  private cancel: (() => void) | null = null;

  constructor(limits: readonly RateLimit[], clock: Clock, send: (frame: string) => void) {
    this.buckets = limits.map((limit) => new Bucket(limit));
    this.clock = clock;
    this.send = send;
  }

  /** False when more waits than any subscription needs. */
  put(frame: string): boolean {
    if (this.waiting.length >= MOST_WAITING) return false;
    this.waiting.push(frame);
    this.flush();
    return true;
  }

  /** A message that went past it. */
  spent(): void {
    const now = this.clock.monotonicMs();
    for (const bucket of this.buckets) bucket.spend(1, now);
  }

  close(): void {
    this.waiting = [];
    this.cancel?.();
    this.cancel = null;
  }

  private flush(): void {
    if (this.cancel !== null) return;
    while (this.waiting.length > 0) {
      const now = this.clock.monotonicMs();
      const waitMs = Math.max(0, ...this.buckets.map((bucket) => bucket.waitMs(1, 'urgent', now)));
      if (waitMs > 0) {
        this.cancel = this.clock.after(waitMs, () => {
          this.cancel = null;
          this.flush();
        });
        return;
      }
      this.spent();
      this.send(this.waiting.shift() as string);
    }
  }
}
