import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { fxFrame } from './frames.ts';

/** More than a client that is only slow for a moment ever leaves unread. */
const MOST_UNSENT_BYTES = 16 * 1024 * 1024;
const FX_MICROS = 1_000_000;

export interface Listener {
  readonly client: WebSocket;
  readonly socket: Socket;
  readonly venues: ReadonlySet<string>;
  /** Counts the books sent to it. */
  seq: number;
  /** When it was last told the rate, µs. */
  fxAt: number;
}

/** Those who have subscribed. What is said between `open` and `close` leaves in one write for each. */
export class Audience {
  private readonly listeners = new Set<Listener>();
  private readonly rate: () => number;
  private readonly now: () => number;
  private readonly tooSlow: (unsent: number) => void;

  constructor(options: { rate: () => number; now: () => number; tooSlow: (unsent: number) => void }) {
    this.rate = options.rate;
    this.now = options.now;
    this.tooSlow = options.tooSlow;
  }

  get size(): number {
    return this.listeners.size;
  }

  wants(venue: string): boolean {
    for (const listener of this.listeners) if (hears(listener, venue)) return true;
    return false;
  }

  /** The rate comes first: without it no won price means anything. */
  join(listener: Listener): void {
    this.listeners.add(listener);
    this.tellRate(listener, this.now());
  }

  leave(listener: Listener): void {
    this.listeners.delete(listener);
  }

  open(): void {
    for (const { socket } of this.listeners) socket.cork();
  }

  book(venue: string, tail: string): void {
    for (const listener of this.listeners) {
      if (hears(listener, venue)) listener.client.send(`{"seq":${++listener.seq}${tail}`);
    }
  }

  close(): void {
    const now = this.now();
    for (const listener of this.listeners) if (now - listener.fxAt >= FX_MICROS) this.tellRate(listener, now);
    for (const { client, socket } of this.listeners) {
      socket.uncork();
      if (client.bufferedAmount <= MOST_UNSENT_BYTES) continue;
      this.tooSlow(client.bufferedAmount);
      client.terminate();
    }
  }

  private tellRate(listener: Listener, now: number): void {
    listener.fxAt = now;
    listener.client.send(fxFrame(this.rate(), now));
  }
}

/** A client that is on its way out hears nothing more. */
function hears({ client, venues }: Listener, venue: string): boolean {
  return client.readyState === client.OPEN && venues.has(venue);
}
