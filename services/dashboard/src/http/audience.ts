import type { ServerResponse } from 'node:http';
import type { Time } from '@arb/shared/runtime';
import type { View } from '../view/index.ts';

export interface AudienceOptions {
  readonly batchMs: number;
  /** Said again after this many batches without a change, so that a page sees a session that stands still. */
  readonly idleBatches: number;
  readonly mostClients: number;
  /** What a client has not read; beyond it the client is dropped, and may come back for the whole state. */
  readonly mostUnreadBytes: number;
}

export const AUDIENCE_DEFAULTS: AudienceOptions = { batchMs: 250, idleBatches: 4, mostClients: 50, mostUnreadBytes: 4 * 1024 * 1024 };

interface Client {
  readonly response: ServerResponse;
  readonly coin: string | null;
  /** Position of the book it was last given. */
  bookAt: number;
}

/** Everybody who watches: each gets the whole state once, then what changed, all at the same moments. */
export class Audience {
  private readonly clients = new Set<Client>();
  private readonly view: View;
  private readonly time: Time;
  private readonly options: AudienceOptions;
  private cancel: (() => void) | null = null;
  private idle = 0;
  private closed = false;
  dropped = 0;

  constructor(view: View, time: Time, options: AudienceOptions = AUDIENCE_DEFAULTS) {
    this.view = view;
    this.time = time;
    this.options = options;
  }

  get size(): number {
    return this.clients.size;
  }

  full(): boolean {
    return this.closed || this.clients.size >= this.options.mostClients;
  }

  /** The response's head is written; from here on it belongs to the audience until it closes. */
  join(response: ServerResponse, coin: string | null): void {
    // Those who are here already get what is due first: the newcomer's state then says all of it, and nothing twice.
    this.tell();
    const client: Client = { response, coin, bookAt: 0 };
    this.clients.add(client);
    response.on('close', () => this.leave(client));
    response.on('error', () => this.leave(client));
    response.write(`retry: 1000\n\n${this.wholeState()}`);
    this.tellBook(client, new Map());
    if (this.cancel === null) this.schedule();
  }

  /** One batch to all. */
  tell(): void {
    const change = this.view.takeChange();
    if (this.clients.size === 0) return;
    this.idle = change === null ? this.idle + 1 : 0;
    let text = '';
    if (change === 'renewed') text = this.wholeState();
    else if (change !== null || this.idle >= this.options.idleBatches)
      text = frame('change', { now: this.time.wallMicros(), ...(change ?? {}) });
    if (this.idle >= this.options.idleBatches) this.idle = 0;
    const books = new Map<string, string>();
    for (const client of [...this.clients]) {
      if (client.response.writableLength > this.options.mostUnreadBytes) {
        this.dropped++;
        this.leave(client);
        client.response.destroy();
        continue;
      }
      if (text !== '') client.response.write(text);
      if (change === 'renewed') client.bookAt = 0;
      this.tellBook(client, books);
    }
  }

  /** Nobody is served any more: open responses would keep the server from closing. */
  close(): void {
    this.closed = true;
    this.cancel?.();
    this.cancel = null;
    for (const client of [...this.clients]) {
      this.leave(client);
      client.response.end();
    }
  }

  private wholeState(): string {
    return frame('state', { now: this.time.wallMicros(), ...this.view.state() });
  }

  private tellBook(client: Client, made: Map<string, string>): void {
    if (client.coin === null) return;
    const book = this.view.book(client.coin);
    if (book === null || book.position === client.bookAt) return;
    client.bookAt = book.position;
    let text = made.get(client.coin);
    if (text === undefined) {
      text = frame('book', book);
      made.set(client.coin, text);
    }
    client.response.write(text);
  }

  private schedule(): void {
    this.cancel = this.time.after(this.options.batchMs, () => {
      this.cancel = null;
      this.tell();
      if (this.clients.size > 0 && !this.closed) this.schedule();
    });
  }

  private leave(client: Client): void {
    this.clients.delete(client);
  }
}

function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
