import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { frameOf } from './frame.ts';
import type { Message } from './message.ts';

/** More than a client that is only slow for a moment ever leaves unread. */
const MOST_UNSENT_BYTES = 16 * 1024 * 1024;

/** Lets a message pass on its way out, or does something to it. */
export type Gate = (connection: Connection, message: Message) => void;

/** One client's socket at one venue. */
export class Connection {
  readonly id: number;
  readonly venue: string;
  readonly ip: string;
  readonly openedAt: number;
  readonly client: WebSocket;
  readonly socket: Socket;
  messages = 0;
  /** TCP stands, and nothing goes out or is heard. */
  private deaf = false;
  private readonly gate: Gate;

  constructor(given: { id: number; venue: string; ip: string; client: WebSocket; socket: Socket; gate: Gate; openedAt: number }) {
    this.id = given.id;
    this.venue = given.venue;
    this.ip = given.ip;
    this.client = given.client;
    this.socket = given.socket;
    this.gate = given.gate;
    this.openedAt = given.openedAt;
  }

  get open(): boolean {
    return this.client.readyState === this.client.OPEN;
  }

  /** Of the market: faults may befall it. */
  send(message: Message): void {
    this.gate(this, message);
  }

  /** Whether what it says is heard. */
  get heard(): boolean {
    return !this.deaf && this.open;
  }

  /** Nothing of what comes is read any more, not even the end. */
  fallDeaf(): void {
    this.deaf = true;
    this.client.pause();
  }

  /** An answer to this client alone. */
  answer(payload: string, binary = false): void {
    this.write(frameOf(payload, binary));
  }

  /** A frame of one's own making; ws itself only frames control messages, and never in the middle of one of these. */
  write(frame: Buffer): void {
    if (!this.heard) return;
    this.messages++;
    this.socket.write(frame);
  }

  ping(payload: string): void {
    if (this.heard) this.client.ping(payload);
  }

  close(code: number, why: string): void {
    if (!this.deaf) this.client.close(code, why);
  }

  /** Without a word, as a line that is cut. */
  cut(): void {
    this.client.terminate();
  }

  unsentBytes(): number {
    return this.socket.writableLength;
  }

  tooSlow(): boolean {
    return this.socket.writableLength > MOST_UNSENT_BYTES;
  }
}
