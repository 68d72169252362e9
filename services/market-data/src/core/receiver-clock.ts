/** What the way of a message takes is never more; where everything seems to take longer, the receiver's clock is ahead. */
const LONGEST_WAY_MS = 1_000;
const WINDOW_MS = 10_000;
/** Books of a window from which its least says something. */
const LEAST_BOOKS = 10;
/** A venue that has said nothing for so long says nothing of the clock. */
const SILENT_MS = 30_000;

interface Seen {
  from: number;
  least: number;
  books: number;
  /** Least of the last whole window. */
  before: number | null;
  leastEver: number;
  at: number;
}

/**
 * How far this machine's clock is ahead of the venues'. One clock receives for all of them: what it does is seen at every
 * venue alike, within two windows after a jump. A venue that is late while another is not is late. A venue alone is
 * believed only where it was never on time: nothing else tells a clock from a way.
 */
export class ReceiverClock {
  private readonly venues = new Map<string, Seen>();

  /** `differenceMs`: receive time less exchange time. `now` is monotonic. */
  see(venue: string, differenceMs: number, now: number): void {
    let seen = this.venues.get(venue);
    if (seen === undefined) {
      seen = { from: now, least: Number.POSITIVE_INFINITY, books: 0, before: null, leastEver: Number.POSITIVE_INFINITY, at: now };
      this.venues.set(venue, seen);
    }
    if (now - seen.from >= WINDOW_MS) {
      seen.before = seen.books >= LEAST_BOOKS ? seen.least : null;
      seen.least = Number.POSITIVE_INFINITY;
      seen.books = 0;
      seen.from = now;
    }
    seen.least = Math.min(seen.least, differenceMs);
    seen.leastEver = Math.min(seen.leastEver, differenceMs);
    seen.books++;
    seen.at = now;
  }

  /** 0 where it cannot be told. */
  aheadMs(now: number): number {
    let least = Number.POSITIVE_INFINITY;
    let speaking = 0;
    let leastEver = Number.POSITIVE_INFINITY;
    let sure = false;
    for (const seen of this.venues.values()) {
      if (now - seen.at >= SILENT_MS) continue;
      speaking++;
      least = Math.min(least, seen.least, seen.before ?? Number.POSITIVE_INFINITY);
      leastEver = Math.min(leastEver, seen.leastEver);
      sure ||= seen.before !== null;
    }
    if (!sure || least <= LONGEST_WAY_MS) return 0;
    return speaking > 1 || leastEver > LONGEST_WAY_MS ? least : 0;
  }
}
