/**
 * When `journal.committed` is said: not for every batch, but for those that hold something that somebody may wait for;
 * now and then, or at once where somebody does.
 */
export class CommitNews {
  private readonly everyMs: number;
  private said = 0;
  private saidAt = Number.NEGATIVE_INFINITY;
  private worthTelling = false;
  private urgent = false;

  constructor(everyMs: number) {
    this.everyMs = everyMs;
  }

  /** A batch was committed. */
  add(worthTelling: boolean, urgent: boolean): void {
    this.worthTelling ||= worthTelling;
    this.urgent ||= urgent;
  }

  /** True where it is to be said now that all up to here is committed: then it counts as said. */
  take(to: number, now: number): boolean {
    if (to === this.said || !this.worthTelling) return false;
    if (!this.urgent && now - this.saidAt < this.everyMs) return false;
    this.said = to;
    this.saidAt = now;
    this.worthTelling = false;
    this.urgent = false;
    return true;
  }
}
