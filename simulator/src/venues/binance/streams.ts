import { Channel } from '../../server/channel.ts';
import type { Connection } from '../../server/connection.ts';
import { frameOf } from '../../server/frame.ts';
import type { Listing } from '../../server/listing.ts';
import type { Message } from '../../server/message.ts';
import { SlowDepth } from './slow-depth.ts';
import { type BinanceTexts, binanceTexts, bookTickerText, changesText, changeText, levelsText, snapshotText, tradeText } from './texts.ts';

const NAME = /^([a-z0-9]{2,40})@(depth|depth@100ms|depth@1000ms|depth(5|10|20)(?:@100ms|@1000ms)?|trade|aggTrade|bookTicker)$/;

interface Pair {
  readonly texts: BinanceTexts;
  readonly channels: Map<string, Channel>;
}

/** Who hears what of each pair. `/stream` wraps each message in its stream's name, `/ws` does not. */
export class BinanceStreams {
  private readonly pairs: ReadonlyMap<Listing, Pair>;
  private readonly byName: ReadonlyMap<string, Listing>;

  constructor(listings: readonly Listing[]) {
    this.pairs = new Map(listings.map((listing) => [listing, { texts: binanceTexts(listing), channels: new Map() }]));
    this.byName = new Map(listings.map((listing) => [listing.code.toLowerCase(), listing]));
  }

  texts(listing: Listing): BinanceTexts {
    return (this.pairs.get(listing) as Pair).texts;
  }

  /** Null: no such stream. */
  channel(name: string, wrapped: boolean): Channel | null {
    const parts = NAME.exec(name);
    const listing = this.byName.get(parts?.[1] ?? '');
    if (parts === null || listing === undefined) return null;
    const { channels, texts } = this.pairs.get(listing) as Pair;
    const key = `${wrapped} ${name}`;
    let channel = channels.get(key);
    if (channel === undefined) {
      channel = makeChannel(listing, texts, { name, kind: parts[2] as string, levels: Number(parts[3] ?? 0), wrapped });
      channels.set(key, channel);
    }
    return channel;
  }

  publish(listing: Listing): boolean {
    let heard = false;
    for (const channel of (this.pairs.get(listing) as Pair).channels.values()) heard = channel.publish() || heard;
    return heard;
  }
}

interface Stream {
  readonly name: string;
  readonly kind: string;
  readonly levels: number;
  readonly wrapped: boolean;
}

function makeChannel(listing: Listing, texts: BinanceTexts, { name, kind, levels, wrapped }: Stream): Channel {
  const { symbol, instrument } = listing;
  const { bids, asks } = instrument;
  const frame = (text: string): Buffer => frameOf(wrapped ? `{"stream":"${name}","data":${text}}` : text, false);
  const book = (text: string, crossed: () => string): Message => ({
    symbol,
    what: 'book',
    frame: frame(text),
    crossed: () => frame(crossed()),
  });
  if (levels > 0) return new Channel(() => book(snapshotText(listing, texts, levels), () => crossedSnapshot(listing, texts, levels)));
  if (kind === 'depth@100ms')
    return new Channel(() => {
      const change = (more: string): string => {
        const bidsText = changesText(bids.changes, texts);
        return changeText(
          listing,
          listing,
          more === '' || bidsText === '' ? more + bidsText : `${more},${bidsText}`,
          changesText(asks.changes, texts),
        );
      };
      return book(change(''), () => change(`["${texts.price(asks.best + 1)}","${texts.sizes[1]}"]`));
    });
  if (kind === 'depth' || kind === 'depth@1000ms') {
    const slow = new SlowDepth();
    return new SlowChannel(
      () => {
        const text = slow.take(listing, texts);
        return text === null ? null : book(text, () => text);
      },
      () => slow.begin(listing),
    );
  }
  if (kind === 'bookTicker') {
    let last = '';
    return new Channel(() => {
      const text = bookTickerText(listing, texts);
      const best = text.slice(text.indexOf('"s"'));
      if (best === last) return null;
      last = best;
      return { symbol, what: 'ticker', frame: frame(text) };
    });
  }
  return new Channel(() => {
    const text = tradeText(listing, kind as 'trade' | 'aggTrade');
    return text === null ? null : { symbol, what: 'trade', frame: frame(text) };
  });
}

/** It begins anew with its first member. */
class SlowChannel extends Channel {
  private readonly begin: () => void;

  constructor(write: () => Message | null, begin: () => void) {
    super(write);
    this.begin = begin;
  }

  override join(member: Connection): void {
    if (this.members.size === 0) this.begin();
    super.join(member);
  }
}

function crossedSnapshot({ instrument, lastId }: Listing, texts: BinanceTexts, levels: number): string {
  const { bids, asks } = instrument;
  const bid = `["${texts.price(asks.best + 1)}","${texts.sizes[1]}"]`;
  return `{"lastUpdateId":${lastId},"bids":[${bid},${levelsText(instrument, bids, texts, levels - 1)}],"asks":[${levelsText(instrument, asks, texts, levels)}]}`;
}
