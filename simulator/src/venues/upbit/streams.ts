import { Channel } from '../../server/channel.ts';
import type { Connection } from '../../server/connection.ts';
import { frameOf } from '../../server/frame.ts';
import type { Listing } from '../../server/listing.ts';
import type { Message } from '../../server/message.ts';
import { bookText } from './book-text.ts';
import { tickerText } from './ticker-text.ts';
import { tradeText } from './trade-text.ts';
import type { Wish, Wishes } from './wishes.ts';

/** Of the day before, in the pair's own quote currency. */
export interface DayFigures {
  opening(listing: Listing): number;
  turnover(listing: Listing): number;
}

type Shape = Pick<Wishes, 'format' | 'list'>;

/** Who hears what of each pair. Every frame is binary, whatever the format. */
export class UpbitStreams {
  private readonly ofListing = new Map<Listing, Map<string, Channel>>();
  private readonly figures: DayFigures;

  constructor(figures: DayFigures) {
    this.figures = figures;
  }

  join(listing: Listing, wish: Wish, shape: Shape): Channel {
    const key = `${wish.type} ${wish.depth} ${shape.format} ${shape.list}`;
    let channels = this.ofListing.get(listing);
    if (channels === undefined) {
      channels = new Map();
      this.ofListing.set(listing, channels);
    }
    let channel = channels.get(key);
    if (channel === undefined) {
      channel = new Channel(() => this.message(listing, wish, shape, 'REALTIME'));
      channels.set(key, channel);
    }
    return channel;
  }

  publish(listing: Listing): boolean {
    const channels = this.ofListing.get(listing);
    let heard = false;
    if (channels !== undefined) for (const channel of channels.values()) heard = channel.publish() || heard;
    return heard;
  }

  /** The book as it stands; true when there was something to be said. */
  snapshot(connection: Connection, listing: Listing, wish: Wish, shape: Shape): boolean {
    const message = wish.type === 'trade' ? null : this.message(listing, wish, shape, 'SNAPSHOT');
    if (message !== null) connection.send(message);
    return message !== null;
  }

  private message(listing: Listing, { type, depth }: Wish, { format, list }: Shape, stream: 'SNAPSHOT' | 'REALTIME'): Message | null {
    const frame = (text: string): Buffer => frameOf(list ? `[${text}]` : text, true);
    const { symbol } = listing;
    if (type === 'orderbook')
      return {
        symbol,
        what: 'book',
        frame: frame(bookText(listing, { format, depth, stream })),
        crossed: () => frame(bookText(listing, { format, depth, stream, crossed: true })),
      };
    const opening = this.figures.opening(listing);
    if (type === 'ticker')
      return { symbol, what: 'ticker', frame: frame(tickerText(listing, format, opening, this.figures.turnover(listing))) };
    const text = tradeText(listing, format, opening);
    return text === null ? null : { symbol, what: 'trade', frame: frame(text) };
  }
}
