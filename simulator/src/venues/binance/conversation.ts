import { Allowance } from '../../server/allowance.ts';
import { Channel } from '../../server/channel.ts';
import type { Connection } from '../../server/connection.ts';
import type { Conversation, Floor } from '../../server/venue.ts';
import type { BinanceStreams } from './streams.ts';

const MESSAGES_PER_SECOND = 5;
const MOST_STREAMS = 1_024;
/** A longer name is no stream's. */
const LONGEST_NAME = 100;
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 60_000;
const LIFETIME_MS = 86_400_000;

/** One client's socket. Subscriptions add up until they are taken back. */
export class BinanceConversation implements Conversation {
  private readonly connection: Connection;
  private readonly floor: Floor;
  private readonly streams: BinanceStreams;
  private readonly perSecond = new Allowance(MESSAGES_PER_SECOND, 1_000);
  private readonly joined = new Map<string, Channel>();
  private readonly openedAt: number;
  private wrapped: boolean;
  private pingedAt: number;
  private pongedAt: number;

  constructor(connection: Connection, floor: Floor, streams: BinanceStreams, wrapped: boolean, first: readonly string[]) {
    this.connection = connection;
    this.floor = floor;
    this.streams = streams;
    this.wrapped = wrapped;
    this.openedAt = floor.monotonicMs();
    this.pingedAt = this.openedAt;
    this.pongedAt = this.openedAt;
    for (const name of first.slice(0, MOST_STREAMS)) this.join(name);
    connection.client.on('pong', () => {
      this.pongedAt = floor.monotonicMs();
    });
    connection.client.on('ping', () => this.spend());
  }

  message(text: string): void {
    if (!this.spend()) return;
    const reply = this.reply(text);
    if (reply !== null) this.connection.answer(reply);
  }

  closed(): void {
    for (const name of [...this.joined.keys()]) this.leave(name);
  }

  tick(): void {
    const now = this.floor.monotonicMs();
    if (now - this.openedAt >= LIFETIME_MS) this.connection.close(1001, 'the connection is 24 h old');
    else if (now - this.pongedAt >= PING_EVERY_MS + PONG_WITHIN_MS) this.connection.close(1008, 'Pong timeout');
    else if (now - this.pingedAt >= PING_EVERY_MS) {
      this.pingedAt = now;
      this.connection.ping(String(Date.now()));
    }
  }

  /** Null: it is not worth an answer any more. */
  private reply(text: string): string | null {
    let request: { method?: unknown; params?: unknown; id?: unknown };
    try {
      request = JSON.parse(text) as typeof request;
    } catch {
      return refusal(null, 3, 'Invalid JSON: expected value at line 1 column 1');
    }
    if (typeof request !== 'object' || request === null || Array.isArray(request))
      return refusal(null, 2, 'Invalid request: expected an object');
    const { method, params } = request;
    const id = request.id ?? null;
    if (id !== null && !Number.isInteger(id) && !(typeof id === 'string' && /^[\w-]{1,36}$/.test(id)))
      return refusal(null, 2, 'Invalid request: request ID must be an unsigned integer or a string');
    if (method === 'LIST_SUBSCRIPTIONS') return result(id, [...this.joined.keys()]);
    if (method === 'SET_PROPERTY' || method === 'GET_PROPERTY') return this.property(id, method, params);
    if (method !== 'SUBSCRIBE' && method !== 'UNSUBSCRIBE')
      return refusal(
        id,
        2,
        `Invalid request: unknown variant \`${String(method).slice(0, 40)}\`, expected \`SUBSCRIBE\` or \`UNSUBSCRIBE\``,
      );
    if (!Array.isArray(params) || !params.every((name) => typeof name === 'string' && name.length <= LONGEST_NAME))
      return refusal(id, 2, 'Invalid request: params must be a list of strings');
    if (method === 'SUBSCRIBE' && this.joined.size + params.length > MOST_STREAMS) {
      this.connection.close(1008, 'Too many subscriptions');
      return null;
    }
    for (const name of params)
      if (method === 'SUBSCRIBE') this.join(name);
      else this.leave(name);
    return result(id, null);
  }

  /** Subscriptions, pings and pongs alike. */
  private spend(): boolean {
    if (this.perSecond.spend('', this.floor.monotonicMs()) >= 0) return true;
    this.connection.close(1008, 'Too many requests');
    return false;
  }

  /** A stream that does not exist is subscribed to like any other, and is silent. */
  private join(name: string): void {
    if (this.joined.has(name)) return;
    const channel = this.streams.channel(name, this.wrapped);
    channel?.join(this.connection);
    this.joined.set(name, channel ?? NOBODY);
  }

  private leave(name: string): void {
    this.joined.get(name)?.members.delete(this.connection);
    this.joined.delete(name);
  }

  private property(id: unknown, method: string, params: unknown): string {
    const [name, value] = Array.isArray(params) ? params : [];
    if (name !== 'combined') return refusal(id, 0, 'Unknown property');
    if (method === 'GET_PROPERTY') return result(id, this.wrapped);
    if (typeof value !== 'boolean') return refusal(id, 1, 'Invalid value type: expected Boolean');
    const names = [...this.joined.keys()];
    for (const stream of names) this.leave(stream);
    this.wrapped = value;
    for (const stream of names) this.join(stream);
    return result(id, null);
  }
}

function result(id: unknown, value: unknown): string {
  return JSON.stringify({ result: value, id });
}

function refusal(id: unknown, code: number, msg: string): string {
  return JSON.stringify({ error: { code, msg }, id });
}

const NOBODY = new Channel(() => null);
