import { Allowance } from '../../server/allowance.ts';
import type { Connection } from '../../server/connection.ts';
import { frameOf } from '../../server/frame.ts';
import type { Listing } from '../../server/listing.ts';
import { type Conversation, type Floor, type HttpAnswer, type HttpRequest, json, type Site } from '../../server/venue.ts';
import { BinanceConversation } from './conversation.ts';
import { binanceRest, binanceTooMany } from './rest.ts';
import { BinanceStreams } from './streams.ts';

const CONNECTS_PER_5_MINUTES = 300;

export class BinanceSite implements Site {
  private readonly floor: Floor;
  private readonly streams: BinanceStreams;
  private readonly rest: (request: HttpRequest) => HttpAnswer;
  private readonly conversations = new Set<BinanceConversation>();
  private readonly connects = new Allowance(CONNECTS_PER_5_MINUTES, 300_000);

  constructor(floor: Floor) {
    this.floor = floor;
    this.streams = new BinanceStreams(floor.listings);
    this.rest = binanceRest(floor, this.streams);
  }

  connect({ path, query, ip }: HttpRequest): ((connection: Connection) => Conversation) | HttpAnswer {
    const combined = path === '/stream';
    if (!combined && path !== '/ws' && !path.startsWith('/ws/')) return json(404, { code: -1000, msg: 'Path not found' });
    if (this.connects.spend(ip, this.floor.monotonicMs()) < 0) return json(429, { code: -1003, msg: 'Too many connections' });
    const streams = (combined ? (query.get('streams') ?? '') : path.slice('/ws/'.length)).split('/').filter((name) => name !== '');
    return (connection) => {
      const conversation = new BinanceConversation(connection, this.floor, this.streams, combined, streams);
      this.conversations.add(conversation);
      return {
        message: (text) => conversation.message(text),
        closed: () => {
          conversation.closed();
          this.conversations.delete(conversation);
        },
      };
    };
  }

  http(request: HttpRequest): HttpAnswer {
    return this.rest(request);
  }

  published(listing: Listing): boolean {
    return this.streams.publish(listing);
  }

  tick(): void {
    for (const conversation of this.conversations) conversation.tick();
  }

  tooMany(status: 429 | 418, seconds: number): HttpAnswer {
    return binanceTooMany(status, seconds, this.floor.nowMs() + seconds * 1_000);
  }

  farewell(): Buffer {
    return frameOf(`{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":${Math.floor(this.floor.nowMs())}}}`, false);
  }
}
