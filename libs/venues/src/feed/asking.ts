import type { Micros } from '../adapter.ts';
import { backoffMs } from '../limits.ts';

/** An answer that has not come by then is not waited for any longer. */
const PATIENCE_MS = 10_000;

/** One question that is asked again until it is answered: one at a time, more and more slowly. */
export class Asking {
  private wanted = false;
  private askedAt: Micros | null = null;
  private notBefore: Micros = 0;
  private failures = 0;

  /** True when it is to be asked now. */
  want(at: Micros): boolean {
    this.wanted = true;
    return this.due(at);
  }

  /** True when it is to be asked (again) now; then it counts as asked. */
  due(at: Micros): boolean {
    if (!this.wanted) return false;
    if (this.askedAt !== null) {
      if (at - this.askedAt < PATIENCE_MS * 1_000) return false;
      this.failed(at, null);
    }
    if (at < this.notBefore) return false;
    this.askedAt = at;
    return true;
  }

  /** The answer came and served. */
  served(): void {
    this.wanted = false;
    this.askedAt = null;
    this.failures = 0;
    this.notBefore = 0;
  }

  /** The answer came and did not serve; `waitMs` is how long the venue said to wait. */
  failed(at: Micros, waitMs: number | null): void {
    this.askedAt = null;
    this.failures++;
    this.notBefore = at + Math.max(waitMs ?? 0, backoffMs(this.failures)) * 1_000;
  }

  /** Nobody waits for it any more, though an answer to it may still come. A venue that said wait is still obeyed. */
  drop(): void {
    this.wanted = false;
    this.askedAt = null;
  }
}
