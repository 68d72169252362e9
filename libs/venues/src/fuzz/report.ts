import type { BookOut, Level, VenueFeed } from '../adapter.ts';

export interface FuzzReport {
  readonly messages: number;
  readonly damaged: number;
  /** Damaged messages that were taken nevertheless: they still said something. */
  readonly taken: number;
  /** Messages that could not be understood, each counted and its beginning kept. */
  readonly refused: number;
  readonly books: number;
  readonly resyncs: number;
  /** What should not have been, the first few of it. */
  readonly wrong: readonly string[];
}

const MOST_WRONG = 10;
const MOST_KEPT = 16;
const MOST_KEPT_BYTES = 4_096;

export class Counting {
  messages = 0;
  damaged = 0;
  taken = 0;
  refused = 0;
  books = 0;
  resyncs = 0;
  readonly wrong: string[] = [];

  claim(holds: boolean, what: () => string): void {
    if (!holds && this.wrong.length < MOST_WRONG) this.wrong.push(`message ${this.messages}: ${what()}`);
  }

  /** A book by itself: in order, never crossed, nothing of size 0. */
  book({ code, bids, asks }: BookOut): void {
    this.books++;
    this.claim(!(bids[0] !== undefined && asks[0] !== undefined && bids[0][0] >= asks[0][0]), () => `${code} is crossed`);
    this.claim(inOrder(bids, -1) && inOrder(asks, 1), () => `${code} is out of order`);
  }

  /** Every bad message is counted, and of the newest the beginning is kept: never more than that. */
  feed(feed: VenueFeed): void {
    const { bad } = feed.totals();
    const kept = feed.faults();
    this.claim(bad === this.refused, () => `${this.refused} faults were said and ${bad} are counted`);
    this.claim(kept.length === Math.min(bad, MOST_KEPT), () => `of ${bad} bad messages ${kept.length} are kept`);
    this.claim(
      kept.every(({ head, length }) => head.length === Math.min(length, MOST_KEPT_BYTES)),
      () => 'other bytes are kept than the first of a bad message',
    );
  }
}

function inOrder(side: readonly Level[], sign: 1 | -1): boolean {
  return side.every(([price, size], i) => price > 0 && size > 0 && (i === 0 || sign * price > sign * (side[i - 1] as Level)[0]));
}
