import type { LimitNews, RateLimit } from '../limits.ts';

/** What is not urgent leaves so much of a limit to what is. */
const SOFT = 0.8;
/** Tokens that were spent within such a part of the window come back together, with the last of them. */
const PARTS = 200;

export type Urgency = 'ordinary' | 'urgent';

/**
 * The tokens of one limit. A spent one comes back after the whole of the window, so that no window, wherever it begins,
 * sees more than the limit. Ordinary requests stop at the soft limit, urgent ones at the hard one.
 */
export class Bucket {
  readonly limit: RateLimit;
  private spends: { at: number; units: number }[] = [];
  private sum = 0;

  constructor(limit: RateLimit) {
    this.limit = limit;
  }

  /** Of all tokens, how many are spent: 0 to 1, or more where others spend of the same. */
  used(now: number): number {
    this.expire(now);
    return this.sum / this.limit.units;
  }

  /** How long until so many may be spent; 0 is at once. What is larger than the limit goes when nothing else is spent. */
  waitMs(units: number, urgency: Urgency, now: number): number {
    this.expire(now);
    const most = Math.max(1, urgency === 'urgent' ? this.limit.units : Math.floor(this.limit.units * SOFT));
    let sum = this.sum;
    if (sum === 0 || sum + units <= most) return 0;
    for (const spend of this.spends) {
      sum -= spend.units;
      if (sum === 0 || sum + units <= most) return Math.max(1, spend.at + this.limit.perMs - now);
    }
    return this.limit.perMs;
  }

  spend(units: number, now: number): void {
    const last = this.spends.at(-1);
    if (last !== undefined && now - last.at < this.limit.perMs / PARTS) {
      last.units += units;
      // Later rather than too early.
      last.at = now;
    } else this.spends.push({ at: now, units });
    this.sum += units;
  }

  /** The venue counts what others on the same address spend too: its number holds where it is the higher one. */
  learn({ left, spent }: Pick<LimitNews, 'left' | 'spent'>, now: number): void {
    this.expire(now);
    const theirs = Math.max(spent ?? 0, left === null ? 0 : this.limit.units - left);
    if (theirs > this.sum) this.spend(theirs - this.sum, now);
  }

  private expire(now: number): void {
    let gone = 0;
    for (const spend of this.spends) {
      if (now - spend.at < this.limit.perMs) break;
      this.sum -= spend.units;
      gone++;
    }
    if (gone > 0) this.spends.splice(0, gone);
  }
}
