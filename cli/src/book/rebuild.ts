import type { ExactLevel, KeptFault, Output, VenueAdapter, VenueFeed } from '@arb/venues';
import { type Recorded, replay } from '@arb/venues/recording';
import { speedOf } from './speed.ts';
import { type TraceLine, traceOf } from './trace.ts';

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
  /** Raw book message → book of up to 30 levels, once warm. */
  readonly messagesPerSecond: number;
  readonly books: Readonly<Record<string, RebuiltBook>>;
  /** Codes in the recording that were not asked for. */
  readonly others: readonly string[];
  readonly bad: number;
  /** The newest of them. */
  readonly faults: readonly KeptFault[];
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
  const tracing = trace === undefined ? null : traceOf(trace, depth);
  const seen = (outputs: readonly Output[], feed: VenueFeed): void => {
    for (const output of outputs) {
      if (output.kind !== 'book' && output.kind !== 'skipped') continue;
      if (!symbols.has(output.code)) symbols.set(output.code, output.symbol);
    }
    if (tracing !== null) tracing.seen(outputs, feed, wanted);
  };
  const feed = replay(adapter, entries, { seen });
  tracing?.end();
  const codes = feed.codes();
  const pairOf = (code: string): string => symbols.get(code) ?? adapter.symbols().symbolOf(code) ?? code;
  // A code of which only trades were recorded has no book.
  const withBook = codes.filter((code) => symbols.has(code));
  const bookOf = (code: string): RebuiltBook => {
    const { messages, gaps, resyncs, stale, crossed, checksumsOk, checksumsBad } = feed.counts(code);
    const levels = feed.levels(code, depth) ?? NO_LEVELS;
    return { symbol: pairOf(code), messages, gaps, resyncs, stale, crossed, checksumsOk, checksumsBad, ...levels };
  };
  const shown = withBook.filter((code) => wanted(code, pairOf(code)));
  return {
    venue: adapter.venue,
    messagesPerSecond: speedOf(adapter, entries),
    books: Object.fromEntries(shown.map((code) => [code, bookOf(code)])),
    others: withBook.filter((code) => !shown.includes(code)),
    bad: feed.totals().bad,
    faults: feed.faults(),
  };
}
