import type { Micros } from '../adapter.ts';
import { backoffMs } from '../limits.ts';

/** A book that has not changed for so long is asked for, before it is called stale. */
export const QUIET_US = 2_000_000;
/** One question a second at most, of the ten that there may be. */
const EACH_US = 1_000_000;

/** When it may be asked whether quiet books are still true: one question at a time, and more rarely while it is refused. */
export class Confirming {
  private askedAt: Micros | null = null;
  private notBefore: Micros = 0;
  private failures = 0;

  /** Another connection: what was asked on the last one says nothing of this one's books. */
  begin(): void {
    this.askedAt = null;
  }

  due(at: Micros): boolean {
    return this.askedAt === null && at >= this.notBefore;
  }

  asked(at: Micros): void {
    this.askedAt = at;
    this.notBefore = at + EACH_US;
  }

  /** When it was asked: nothing later is confirmed. Null where nobody waits for it any more. */
  answered(): Micros | null {
    const { askedAt } = this;
    this.askedAt = null;
    this.failures = 0;
    return askedAt;
  }

  failed(at: Micros, waitMs: number | null): void {
    this.askedAt = null;
    this.failures++;
    this.notBefore = at + backoffMs(this.failures, waitMs) * 1_000;
  }
}
