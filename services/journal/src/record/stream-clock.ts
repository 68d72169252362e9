import type { Time } from '@arb/shared/runtime';

const MOST_OFF_MICROS = 1_000_000;
/** A clock read back this often off is no hiccup of the reading. */
const TIMES_OFF = 5;

/**
 * The session's clock: wall time taken once, moved on by the monotonic timer, never back. A wall clock that is set
 * back does not move it; one that has moved on (a machine that slept) is followed.
 */
export class StreamClock {
  private readonly time: Time;
  private anchorWall: number;
  private anchorMono: number;
  private last = 0;
  private off = 0;

  constructor(time: Time) {
    this.time = time;
    this.anchorWall = time.wallMicros();
    this.anchorMono = time.monotonicMs();
  }

  goOnAbove(at: number): void {
    if (at > this.last) this.last = at;
  }

  next(): number {
    const wall = this.time.wallMicros();
    let at = Math.round(this.anchorWall + (this.time.monotonicMs() - this.anchorMono) * 1_000);
    if (wall - at > MOST_OFF_MICROS / 2) {
      this.anchorWall = wall;
      this.anchorMono = this.time.monotonicMs();
      at = wall;
    }
    this.last = Math.max(at, this.last + 1);
    return this.last;
  }

  /** A clock far from the stream's own timestamps would let every time limit lie. */
  compare(at: number, storedAt: number): void {
    // Stored later than said is a slow way there; said later than stored is a wrong clock.
    this.off = at - storedAt > MOST_OFF_MICROS ? this.off + 1 : 0;
    if (this.off >= TIMES_OFF)
      throw new Error(
        `journal: this machine's clock is ${((at - storedAt) / 1_000_000).toFixed(1)} s ahead of the NATS server's. Set both by NTP, then start again.`,
      );
  }
}
