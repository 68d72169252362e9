import { Allowance } from '../../server/allowance.ts';
import type { Channel } from '../../server/channel.ts';
import type { Connection } from '../../server/connection.ts';
import type { Conversation, Floor } from '../../server/venue.ts';
import type { UpbitStreams } from './streams.ts';
import { type Refused, wishesOf } from './wishes.ts';

const UP = '{"status":"UP"}';
const UP_EVERY_MS = 10_000;
/** The manual says 120 s; on the wire it is this. */
const IDLE_MS = 60_000;
const PER_SECOND = 5;
const PER_MINUTE = 100;

/** One client's socket: what it subscribed to, and when it was last heard of. */
export class UpbitConversation implements Conversation {
  private readonly connection: Connection;
  private readonly floor: Floor;
  private readonly streams: UpbitStreams;
  private readonly perSecond = new Allowance(PER_SECOND, 1_000);
  private readonly perMinute = new Allowance(PER_MINUTE, 60_000);
  private channels: Channel[] = [];
  private upAt: number | null = null;
  private busyAt: number;
  private messages = 0;

  constructor(connection: Connection, floor: Floor, streams: UpbitStreams) {
    this.connection = connection;
    this.floor = floor;
    this.streams = streams;
    this.busyAt = floor.monotonicMs();
  }

  message(text: string): void {
    const now = this.floor.monotonicMs();
    this.busyAt = now;
    if (this.perSecond.spend('', now) < 0 || this.perMinute.spend('', now) < 0) {
      this.connection.close(1008, 'too many messages');
      return;
    }
    if (text === 'PING') {
      this.upAt = now;
      this.connection.answer(UP, true);
      return;
    }
    const asked = wishesOf(text);
    if ('name' in asked) {
      this.refuse(asked);
      return;
    }
    // Not in addition to what it had: instead of it.
    this.leave();
    for (const wish of asked.wishes) {
      const listing = this.floor.byCode.get(wish.code);
      if (listing === undefined) continue;
      if (wish.snapshot && this.streams.snapshot(this.connection, listing, wish, asked) && wish.type === 'orderbook')
        this.floor.told(listing);
      if (!wish.realtime) continue;
      const channel = this.streams.join(listing, wish, asked);
      channel.join(this.connection);
      this.channels.push(channel);
    }
  }

  closed(): void {
    this.leave();
  }

  tick(): void {
    if (!this.connection.heard) return;
    const now = this.floor.monotonicMs();
    if (this.connection.messages !== this.messages) {
      this.messages = this.connection.messages;
      this.busyAt = now;
    }
    if (now - this.busyAt >= IDLE_MS) {
      this.connection.cut();
      return;
    }
    if (this.upAt === null || now - this.upAt < UP_EVERY_MS) return;
    this.upAt = now;
    this.connection.answer(UP, true);
  }

  private refuse(refused: Refused): void {
    this.connection.answer(asciiJson({ error: refused }), true);
    this.connection.close(1000, '');
  }

  private leave(): void {
    for (const channel of this.channels) channel.members.delete(this.connection);
    this.channels = [];
  }
}

/** Frames are made of ASCII; other letters can be said in it. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
