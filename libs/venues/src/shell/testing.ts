import type { Clock } from './clock.ts';
import type { LossKind } from './reconnect-wait.ts';
import type { OpenSocket, SocketEvents } from './venue-socket.ts';

const START_MICROS = 1_700_000_000_000_000;

/** Time that passes only when a test says so. */
export class FakeClock implements Clock {
  private now = 1_000;
  private timers: { readonly at: number; readonly order: number; readonly call: () => void }[] = [];
  private made = 0;

  monotonicMs(): number {
    return this.now;
  }

  wallMicros(): number {
    return START_MICROS + Math.round(this.now * 1_000);
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.now + Math.max(0, ms), order: this.made++, call };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  }

  /** Fires what comes due, in order, each at its own time. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((one) => one !== due);
      this.now = Math.max(this.now, due.at);
      due.call();
    }
    this.now = until;
  }

  /** The process sleeps: time passes, and nothing fires until the next `pass`. */
  sleep(ms: number): void {
    this.now += ms;
  }
}

/** The other end of a socket that was opened. */
export interface FakeSocket {
  readonly url: string;
  readonly sent: string[];
  pings: number;
  ended: boolean;
  open(): void;
  say(frame: string | object): void;
  pong(): void;
  lose(why?: string, kind?: LossKind, retryAfterMs?: number | null): void;
}

export function fakeSockets(): { readonly open: OpenSocket; readonly all: FakeSocket[]; readonly last: () => FakeSocket } {
  const all: FakeSocket[] = [];
  const open: OpenSocket = (url, events: SocketEvents) => {
    const socket: FakeSocket = {
      url,
      sent: [],
      pings: 0,
      ended: false,
      open: () => events.opened(),
      say: (frame) => events.frame(Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame))),
      pong: () => events.heard(),
      lose: (why = 'gone', kind = 'away', retryAfterMs = null) => events.lost(why, kind, retryAfterMs),
    };
    all.push(socket);
    return {
      send: (frame) => {
        socket.sent.push(frame);
      },
      ping: () => {
        socket.pings++;
      },
      end: () => {
        socket.ended = true;
      },
    };
  };
  return { open, all, last: () => all.at(-1) as FakeSocket };
}
