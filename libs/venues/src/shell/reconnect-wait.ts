const FIRST_MS = 250;
/** A venue that is away costs nothing to try: every two seconds at least, so that it is quoted within three of its return. */
const MOST_AWAY_MS = 2_000;
/** One that answers and says no is asked more and more rarely, */
const MOST_REFUSED_MS = 60_000;
/** unless it says itself when to come again. */
const MOST_INVITED_MS = 2_000;

/** `away`: nobody answers, or the connection broke. `refused`: the venue answers, and says no. */
export type LossKind = 'away' | 'refused';

/** How long to wait before connecting again: twice as long after each failure, without end, with jitter. */
export class ReconnectWait {
  private failures = 0;
  /** In [0, 1). */
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  /** `askedMs`: how long the venue itself said to wait. */
  take(kind: LossKind, askedMs: number | null): number {
    const most = kind === 'away' ? MOST_AWAY_MS : askedMs === null ? MOST_REFUSED_MS : MOST_INVITED_MS;
    const whole = Math.min(most, FIRST_MS * 2 ** Math.min(20, this.failures));
    this.failures++;
    // Between half and the whole: many that lost the same server do not come back in step.
    return Math.max(askedMs ?? 0, whole * (0.5 + 0.5 * this.random()));
  }

  /** The venue does what it should: the next loss is a first one again. A socket that only opens is no proof of that. */
  proved(): void {
    this.failures = 0;
  }
}
