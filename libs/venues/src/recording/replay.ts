import type { Micros, Output, VenueAdapter, VenueFeed } from '../adapter.ts';
import type { RestRequest } from '../rest.ts';
import type { SymbolMap } from '../symbols.ts';
import type { Recorded } from './lines.ts';

export interface ReplayOptions {
  readonly trades?: boolean;
  readonly tickers?: boolean;
  /** Levels a side in the books that come out. */
  readonly depth?: number;
  /** After every recorded thing: what came of it. */
  readonly seen?: (outputs: readonly Output[], feed: VenueFeed, entry: Recorded) => void;
}

/** Feeds a recording to a venue's adapter, as if it happened now. */
export function replay(adapter: VenueAdapter, entries: readonly Recorded[], options: ReplayOptions = {}): VenueFeed {
  const { seen, ...wanted } = options;
  const feed = adapter.feed({ ...wanted, codes: 'any', firstEpoch: 1, symbols: symbolsIn(adapter, entries) });
  const asked: RestRequest[] = [];
  const open = new Set<string>();
  let at: Micros = 0;
  const take = (outputs: readonly Output[], entry: Recorded): void => {
    for (const output of outputs) if (output.kind === 'rest' && asked.length < 1_000) asked.push(output.request);
    seen?.(outputs, feed, entry);
  };
  for (const entry of entries) {
    at = Math.max(at, entry.at ?? at);
    if (open.size === 0 && entry.kind !== 'connect') {
      open.add('');
      take(feed.opened(at), entry);
    }
    if (entry.kind === 'frame') take(feed.frame(entry.bytes, at), entry);
    else if (entry.kind === 'answer') {
      const request = requestOf(entry, adapter, feed, asked);
      if (request !== null) take(feed.answer(request, { status: 200, headers: {}, body: entry.body }, at), entry);
    } else if (open.size === 0 || open.has(entry.connection)) {
      if (open.size > 0) take(feed.closed(at), entry);
      open.add(entry.connection);
      take(feed.opened(at), entry);
    } else if (open.has('')) {
      // Answers came before it: they were asked for this connection's sake.
      open.delete('');
      open.add(entry.connection);
    } else open.add(entry.connection);
  }
  return feed;
}

/** Who was asked is in the address; where there is none, the adapter has asked for it itself. */
function requestOf(
  entry: Extract<Recorded, { kind: 'answer' }>,
  adapter: VenueAdapter,
  feed: VenueFeed,
  asked: RestRequest[],
): RestRequest | null {
  if (entry.url === null) {
    const first = asked.shift();
    if (first !== undefined) return first;
    const [only, ...others] = feed.codes();
    return only === undefined || others.length > 0 ? null : (adapter.rest.book([only])[0] ?? null);
  }
  const query = entry.url.slice(entry.url.indexOf('?') + 1).split('&');
  const codes = query.flatMap((part) => /^(?:symbol|markets)=(.+)$/.exec(part)?.[1]?.split(',') ?? []);
  if (!/\/(?:depth|orderbook)\?/.test(entry.url)) return null;
  return adapter.rest.book(codes)[0] ?? null;
}

/** The venue's own list where the recording holds it: by spelling alone a symbol is only a good guess. */
function symbolsIn(adapter: VenueAdapter, entries: readonly Recorded[]): SymbolMap {
  const list = entries.find((entry) => entry.kind === 'answer' && entry.url?.includes('/exchangeInfo') === true);
  return list?.kind === 'answer' ? adapter.symbols(adapter.rest.decodeInstruments(list.body)) : adapter.symbols();
}
