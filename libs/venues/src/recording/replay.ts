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
  const replayer = new Replayer(adapter, feed);
  let at: Micros = 0;
  for (const entry of entries) {
    at = Math.max(at, entry.at ?? at);
    replayer.take(entry, at, (outputs) => seen?.(outputs, feed, entry));
  }
  return feed;
}

/** Hands a feed what was recorded, one thing after the other. */
export class Replayer {
  private readonly adapter: VenueAdapter;
  private readonly feed: VenueFeed;
  private readonly asked: RestRequest[] = [];
  private readonly open = new Set<string>();

  constructor(adapter: VenueAdapter, feed: VenueFeed) {
    this.adapter = adapter;
    this.feed = feed;
  }

  /** `seen`: what came of it, perhaps in two parts. */
  take(entry: Recorded, at: Micros, seen: (outputs: readonly Output[]) => void): void {
    const { open, feed, asked } = this;
    const say = (outputs: readonly Output[]): void => {
      for (const output of outputs) if (output.kind === 'rest' && asked.length < 1_000) asked.push(output.request);
      seen(outputs);
    };
    if (open.size === 0 && entry.kind !== 'connect') {
      open.add('');
      say(feed.opened(at));
    }
    if (entry.kind === 'frame') say(feed.frame(entry.bytes, at));
    else if (entry.kind === 'answer') {
      const request = requestOf(entry, this.adapter, feed, asked);
      if (request !== null) say(feed.answer(request, { status: 200, headers: {}, body: entry.body }, at));
    } else if (open.size === 0 || open.has(entry.connection)) {
      if (open.size > 0) say(feed.closed(at));
      open.add(entry.connection);
      say(feed.opened(at));
    } else if (open.has('')) {
      // Answers came before it: they were asked for this connection's sake.
      open.delete('');
      open.add(entry.connection);
    } else open.add(entry.connection);
  }
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
  if (!asksFor(entry.url, adapter.rest.book(['']))) return null;
  const known = adapter.symbols();
  const values = entry.url
    .slice(entry.url.indexOf('?') + 1)
    .split('&')
    .flatMap((part) => part.slice(part.indexOf('=') + 1).split(','));
  return adapter.rest.book(values.filter((value) => known.symbolOf(value) !== null))[0] ?? null;
}

/** By the last word of the path: hosts and versions of it have changed. */
function asksFor(url: string, [request]: readonly RestRequest[]): boolean {
  return request !== undefined && lastWord(url) === lastWord(request.path);
}

function lastWord(url: string): string {
  const path = url.split('?')[0] as string;
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The venue's own list where the recording holds it: by spelling alone a symbol is only a good guess. */
export function symbolsIn(adapter: VenueAdapter, entries: readonly Recorded[]): SymbolMap {
  const list = entries.find((entry) => entry.kind === 'answer' && entry.url !== null && asksFor(entry.url, adapter.rest.instruments([''])));
  return list?.kind === 'answer' ? adapter.symbols(adapter.rest.decodeInstruments(list.body)) : adapter.symbols();
}
