import type { ExactLevel, KeptFault, Output, VenueAdapter, VenueFeed } from '@arb/venues';
import { type Recorded, replay } from '@arb/venues/recording';

export interface RebuiltBook {
  readonly symbol: string;
  readonly messages: number;
  readonly gaps: number;
  readonly resyncs: number;
  readonly stale: number;
  readonly crossed: number;
  readonly checksumsOk: number;
  readonly checksumsBad: number;
  readonly bids: readonly ExactLevel[];
  readonly asks: readonly ExactLevel[];
}

export interface Rebuilt {
  readonly venue: string;
  readonly messagesPerSecond: number;
  readonly books: Readonly<Record<string, RebuiltBook>>;
  /** Codes in the recording that were not asked for. */
  readonly others: readonly string[];
  readonly bad: number;
  /** The newest of them. */
  readonly faults: readonly KeptFault[];
}

/** The book after one book message; empty while there is none that can be trusted. */
export interface TraceLine {
  readonly key: string;
  readonly symbol: string;
  /** Counts the book messages of this key from 1. */
  readonly message: number;
  readonly outcome: string;
  readonly epoch: number | null;
  readonly sequence: number | null;
  /** µs, by the exchange's clock. */
  readonly exchangeAt: number | null;
  readonly bids: readonly ExactLevel[];
  readonly asks: readonly ExactLevel[];
}

export interface RebuildOptions {
  readonly depth: number;
  /** `BTC-KRW` or the venue's own code; null for all. */
  readonly symbol: string | null;
  readonly trace?: (line: TraceLine) => void;
}

const NO_LEVELS = { bids: [], asks: [] } as const;

export function rebuild(adapter: VenueAdapter, entries: readonly Recorded[], { depth, symbol, trace }: RebuildOptions): Rebuilt {
  const symbols = new Map<string, string>();
  const wanted = (code: string, pair: string): boolean => symbol === null || symbol === code || symbol === pair;
  const seen = (outputs: readonly Output[], feed: VenueFeed, entry: Recorded): void => {
    for (const output of outputs) {
      if (output.kind !== 'book' && output.kind !== 'skipped') continue;
      const { code } = output;
      if (!symbols.has(code)) symbols.set(code, output.symbol);
      if (trace === undefined || entry.kind !== 'frame' || !wanted(code, output.symbol)) continue;
      const book = output.kind === 'book' ? output : null;
      trace({
        key: code,
        symbol: output.symbol,
        message: feed.counts(code).messages,
        outcome: output.kind === 'book' ? 'applied' : output.why,
        epoch: book?.epoch ?? null,
        sequence: book?.sequence ?? null,
        exchangeAt: book?.exchangeAt ?? null,
        ...(feed.levels(code, depth) ?? NO_LEVELS),
      });
    }
  };
  const startedAt = performance.now();
  const feed = replay(adapter, entries, { depth: Math.min(depth, 30), seen });
  const seconds = (performance.now() - startedAt) / 1_000;
  const codes = feed.codes();
  const pairOf = (code: string): string => symbols.get(code) ?? adapter.symbols().symbolOf(code) ?? code;
  // A code of which only trades were recorded has no book.
  const withBook = codes.filter((code) => symbols.has(code));
  const all = withBook.reduce((sum, code) => sum + feed.counts(code).messages, 0);
  const bookOf = (code: string): RebuiltBook => {
    const { messages, gaps, resyncs, stale, crossed, checksumsOk, checksumsBad } = feed.counts(code);
    const levels = feed.levels(code, depth) ?? NO_LEVELS;
    return { symbol: pairOf(code), messages, gaps, resyncs, stale, crossed, checksumsOk, checksumsBad, ...levels };
  };
  const shown = withBook.filter((code) => wanted(code, pairOf(code)));
  return {
    venue: adapter.venue,
    messagesPerSecond: seconds > 0 ? Math.round(all / seconds) : 0,
    books: Object.fromEntries(shown.map((code) => [code, bookOf(code)])),
    others: withBook.filter((code) => !shown.includes(code)),
    bad: feed.totals().bad,
    faults: feed.faults(),
  };
}
