import type { StreamMessage, Time } from './ports.ts';

/**
 * Whether something may have been dropped unread. Positions are no help where only some are given. The stream drops
 * nothing but what has been in the journal for a while, so whoever reads what is that old reads the journal first.
 */
export class StreamTrust {
  private readonly time: Time;
  private trustMs: number;
  /** Monotonic ms at which the journal was last asked for what it holds, and up to which all that it held has been read. */
  private journalAskedAt = Number.NEGATIVE_INFINITY;
  private journalReadAt = Number.NEGATIVE_INFINITY;
  /** Monotonic ms after which all those echoes were stored that are not read yet. */
  private echoesReadAt = Number.NEGATIVE_INFINITY;

  constructor(time: Time, trustMs: number) {
    this.time = time;
    this.trustMs = trustMs;
  }

  /** This session's stream is trimmed sooner. */
  trustAtMost(ms: number): void {
    this.trustMs = Math.min(this.trustMs, ms);
  }

  journalAsked(): void {
    this.journalAskedAt = this.time.monotonicMs();
  }

  /** To its head, as it was when it was last asked: what came of that may have taken long. */
  journalRead(): void {
    this.journalReadAt = this.journalAskedAt;
  }

  /** Of the inputs, before this one. */
  mayMissSome(message: StreamMessage): boolean {
    const { time } = this;
    if (time.wallMicros() - message.storedAt < this.trustMs * 1_000) return false;
    return time.monotonicMs() - this.journalReadAt > this.trustMs;
  }

  /** They are read on a new connection. */
  echoesBegin(): void {
    this.echoesReadAt = Number.NEGATIVE_INFINITY;
  }

  /** There is none that has not been read. */
  echoesLevel(): void {
    this.echoesReadAt = this.time.monotonicMs();
  }

  echoRead(message: StreamMessage): void {
    const { time } = this;
    const age = Math.max(0, time.wallMicros() - message.storedAt) / 1_000;
    this.echoesReadAt = Math.max(this.echoesReadAt, time.monotonicMs() - age);
  }

  /**
   * A service may be silent for long, so that the age of its next echo says nothing of those before it: what counts is
   * since when there may be one that was not read.
   */
  mayMissEchoes(): boolean {
    const now = this.time.monotonicMs();
    return now - this.echoesReadAt > this.trustMs && now - this.journalReadAt > this.trustMs;
  }
}
