import { Allowance } from '../../server/allowance.ts';
import type { Connection } from '../../server/connection.ts';
import type { Listing } from '../../server/listing.ts';
import { dayOpening, turnoverOf } from '../../server/turnover.ts';
import { type Conversation, type Floor, type HttpAnswer, type HttpRequest, json, type Site } from '../../server/venue.ts';
import { UpbitConversation } from './conversation.ts';
import { upbitRest, upbitTooMany } from './rest.ts';
import { UpbitStreams } from './streams.ts';

const SOCKET_PATH = '/websocket/v1';
const CONNECTS_PER_SECOND = 5;
/** Whoever looks like a browser waits longest. */
const WITH_ORIGIN_MS = 10_000;

export class UpbitSite implements Site {
  private readonly floor: Floor;
  private readonly streams: UpbitStreams;
  private readonly rest: (request: HttpRequest) => HttpAnswer;
  private readonly conversations = new Set<UpbitConversation>();
  private readonly connects = new Allowance(CONNECTS_PER_SECOND, 1_000);
  private readonly withOrigin = new Allowance(1, WITH_ORIGIN_MS);

  constructor(floor: Floor) {
    this.floor = floor;
    const rate = (listing: Listing): number => (listing.quote === 'KRW' ? floor.usdtInWon() : 1);
    const figures = {
      opening: (listing: Listing) => Number(dayOpening(listing, rate(listing)).toPrecision(6)),
      turnover: (listing: Listing) => turnoverOf(floor.listings, listing) * rate(listing),
    };
    this.streams = new UpbitStreams(figures);
    this.rest = upbitRest(floor, figures);
  }

  connect({ path, headers, ip }: HttpRequest): ((connection: Connection) => Conversation) | HttpAnswer {
    if (path !== SOCKET_PATH) return json(404, { error: { name: 404, message: 'no Route matched with those values' } });
    const now = this.floor.monotonicMs();
    const fast = this.connects.spend(ip, now) < 0 || (headers.origin !== undefined && this.withOrigin.spend(ip, now) < 0);
    if (fast) return json(429, { error: { name: 'too_many_requests', message: 'Too many WebSocket connect requests' } });
    return (connection) => {
      const conversation = new UpbitConversation(connection, this.floor, this.streams);
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
    if (request.headers.origin !== undefined && this.withOrigin.spend(request.ip, this.floor.monotonicMs()) < 0)
      return json(429, { error: { name: 'too_many_requests', message: 'Too many API requests' } });
    return this.rest(request);
  }

  published(listing: Listing): boolean {
    return this.streams.publish(listing);
  }

  tick(): void {
    for (const conversation of this.conversations) conversation.tick();
  }

  tooMany(status: 429 | 418, seconds: number): HttpAnswer {
    return upbitTooMany(status, seconds);
  }

  farewell(): null {
    return null;
  }
}
