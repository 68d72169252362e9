import type { DataOf } from '@arb/shared/contracts';
import { hashOfBook, type LogLine } from '@arb/simulator';

type Book = DataOf<'book'>;

interface Past {
  /** µs by a clock that is right. */
  readonly at: number;
  readonly hash: string;
}

/** What a book was when it was the venue's own: from when, and until when (null: it still was at the end). */
export interface Span {
  readonly from: number;
  readonly until: number | null;
}

/** What the venues really had, by their own log. */
export class Truth {
  private readonly pairs = new Map<string, { readonly past: Past[]; readonly byKey: Map<string, number> }>();

  constructor(log: readonly LogLine[]) {
    /** µs by which a venue's clock is off while its fault acts. */
    const off = new Map<string, number>();
    for (const line of log) {
      if (line.t === 'fault' && line.fault.kind === 'clock') {
        const { venue, numbers } = line.fault as { readonly venue: string; readonly numbers: { readonly ms: number } };
        off.set(venue, (off.get(venue) ?? 0) + (line.state === 'began' ? numbers.ms : -numbers.ms) * 1_000);
      }
      if (line.t !== 'book') continue;
      const key = `${line.venue} ${line.symbol}`;
      const pair = this.pairs.get(key) ?? { past: [], byKey: new Map<string, number>() };
      this.pairs.set(key, pair);
      pair.byKey.set(`at ${line.at} ${line.hash}`, pair.past.length).set(`number ${line.sequence} ${line.hash}`, pair.past.length);
      pair.past.push({ at: line.at - (off.get(line.venue) ?? 0), hash: line.hash });
    }
  }

  /** Null: the venue never had it. */
  spanOf({ venue, symbol, exchangeAt, sequence, bids, asks }: Book): Span | null {
    const pair = this.pairs.get(`${venue} ${symbol}`);
    const hash = hashOfBook(bids, asks);
    const place = pair?.byKey.get(`${exchangeAt === null ? `number ${sequence}` : `at ${exchangeAt}`} ${hash}`);
    if (pair === undefined || place === undefined) return null;
    return { from: pair.past[place]?.at as number, until: pair.past[place + 1]?.at ?? null };
  }
}
