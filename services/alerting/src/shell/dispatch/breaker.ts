/** So many failures in a row, and a channel is left alone for a while; then one message tries it. */
const FAILURES = 5;
const REST_MS = 30_000;

export class Breaker {
  private failures = 0;
  private restUntil = Number.NEGATIVE_INFINITY;
  private probing = false;
  private why: string | null = null;

  /** Why it is not to be tried now, or null. Who gets null tries, and says how it went. */
  refusal(now: number): string | null {
    if (this.why === null) return null;
    if (now < this.restUntil || this.probing) return this.why;
    this.probing = true;
    return null;
  }

  /** What is said of it while it rests: null for a channel that takes messages. */
  broken(): string | null {
    return this.why;
  }

  succeeded(): void {
    this.failures = 0;
    this.probing = false;
    this.why = null;
  }

  failed(now: number, why: string): void {
    this.failures++;
    if (this.probing || this.failures >= FAILURES) this.rest(now, REST_MS, why);
  }

  /** The other side has said for how long. */
  rest(now: number, ms: number, why: string): void {
    this.probing = false;
    this.why = why;
    this.restUntil = Math.max(this.restUntil, now + ms);
  }

  /** The try ended without an answer about the channel itself. */
  abandoned(): void {
    this.probing = false;
  }
}
