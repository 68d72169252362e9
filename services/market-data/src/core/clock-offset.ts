const WINDOW_MS = 60_000;

/**
 * How far the receiver's clock lies behind a venue's: no message arrives before it was sent. Only what a clock *behind*
 * does to ages can be told apart from the way that a message takes.
 */
export class ClockOffset {
  private from = Number.NEGATIVE_INFINITY;
  private least = Number.POSITIVE_INFINITY;
  private leastBefore = Number.POSITIVE_INFINITY;

  /** How late the message is, in ms, never below 0. `differenceMs`: receive time less exchange time. `now` is monotonic. */
  lateness(differenceMs: number, now: number): number {
    if (now - this.from >= WINDOW_MS) {
      this.leastBefore = this.least;
      this.least = Number.POSITIVE_INFINITY;
      this.from = now;
    }
    if (differenceMs < this.least) this.least = differenceMs;
    return differenceMs + this.behindMs();
  }

  behindMs(): number {
    return Math.max(0, -Math.min(this.least, this.leastBefore));
  }
}
