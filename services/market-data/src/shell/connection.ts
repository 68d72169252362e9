import type { Cancel, Time } from '@arb/shared/runtime';
import { WebSocket } from 'ws';

export interface ConnectionDeps {
  readonly url: string;
  readonly greeting: string;
  readonly time: Time;
  /** In [0, 1). */
  readonly random: () => number;
  readonly opened: () => void;
  readonly frame: (bytes: Buffer) => void;
  readonly lost: (why: string, waitMs: number) => void;
}

const FIRST_WAIT_MS = 250;
const MOST_WAIT_MS = 60_000;
const HANDSHAKE_MS = 5_000;
const MOST_FRAME_BYTES = 256 * 1024;

/** One socket that comes back until it is closed. */
export class Connection {
  private readonly deps: ConnectionDeps;
  private socket: WebSocket | null = null;
  private cancelRetry: Cancel | null = null;
  private wait = FIRST_WAIT_MS;
  private closed = false;

  constructor(deps: ConnectionDeps) {
    this.deps = deps;
    this.connect();
  }

  /** The source does what it should: the next loss is a first one again. A socket that only opens is no proof of that. */
  proved(): void {
    this.wait = FIRST_WAIT_MS;
  }

  /** Lets go of a socket that is open and silent; a new one follows. */
  drop(why: string): void {
    if (this.socket !== null) this.lose(this.socket, why);
  }

  close(): void {
    this.closed = true;
    this.cancelRetry?.();
    const { socket } = this;
    this.socket = null;
    socket?.terminate();
  }

  private connect(): void {
    this.cancelRetry = null;
    const socket = new WebSocket(this.deps.url, {
      perMessageDeflate: false,
      maxPayload: MOST_FRAME_BYTES,
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.socket = socket;
    let trouble: Error | null = null;
    // What a socket says after it was let go of is of no interest to anyone.
    socket.on('open', () => {
      if (socket !== this.socket) return;
      this.deps.opened();
      socket.send(this.deps.greeting);
    });
    socket.on('message', (bytes: Buffer) => {
      if (socket === this.socket) this.deps.frame(bytes);
    });
    socket.on('error', (error) => {
      trouble = error;
    });
    socket.on('close', (code, reason) => {
      const said = reason.length > 0 ? `${code} ${reason.toString().slice(0, 120)}` : String(code);
      this.lose(socket, trouble === null ? `closed by the other side (${said})` : trouble.message);
    });
  }

  private lose(socket: WebSocket, why: string): void {
    if (socket !== this.socket || this.closed) return;
    this.socket = null;
    socket.terminate();
    // Between half and the whole: many that lost the same server do not come back in step.
    const waitMs = this.wait * (0.5 + 0.5 * this.deps.random());
    this.wait = Math.min(MOST_WAIT_MS, this.wait * 2);
    this.cancelRetry = this.deps.time.after(waitMs, () => this.connect());
    this.deps.lost(why, waitMs);
  }
}
