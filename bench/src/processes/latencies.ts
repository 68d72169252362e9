import { percentile } from '../numbers.ts';

export interface Latencies {
  readonly answered: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** Longest time between two answers, ms. */
  readonly longestGap: number;
}

const WAIT_MS = 5_000;

/** Times from a book's sending to the answer that bears its number, on the one clock of this process. */
export class LatencyWatch {
  private sentAt = new Float64Array(0);
  private first = 0;
  private taken: number[] = [];
  private seen = new Uint8Array(0);
  private lastAt = 0;
  private longestGap = 0;
  private readonly mark: string;

  constructor(mark = '"b-') {
    this.mark = mark;
  }

  begin(first: number, count: number): void {
    this.first = first;
    this.sentAt = new Float64Array(count);
    this.seen = new Uint8Array(count);
    this.taken = [];
    this.lastAt = 0;
    this.longestGap = 0;
  }

  sent(sequence: number): void {
    this.sentAt[sequence - this.first] = performance.now();
  }

  /** `text` holds the mark and the book's number behind it: by default `"b-<sequence>`, the name that the book's round trip got. */
  answer(now: number, text: string): void {
    const from = text.indexOf(this.mark) + this.mark.length;
    const at = from < this.mark.length ? -1 : Number.parseInt(text.slice(from, from + 16), 10) - this.first;
    if (!(at >= 0 && at < this.seen.length) || this.seen[at] === 1) return;
    this.seen[at] = 1;
    this.taken.push(now - (this.sentAt[at] as number));
    if (this.lastAt > 0 && now - this.lastAt > this.longestGap) this.longestGap = now - this.lastAt;
    this.lastAt = now;
  }

  /** Resolves when as many have come, or when no more are to be expected. */
  async all(count: number): Promise<void> {
    const until = performance.now() + WAIT_MS;
    while (this.taken.length < count && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  result(): Latencies {
    const sorted = Float64Array.from(this.taken).sort();
    return {
      answered: sorted.length,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      most: percentile(sorted, 1),
      longestGap: this.longestGap,
    };
  }
}
