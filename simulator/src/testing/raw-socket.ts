import { WebSocket } from 'ws';

export interface Heard {
  readonly text: string;
  readonly binary: boolean;
}

/** A socket without an adapter: what is heard, frame by frame. */
export interface RawSocket {
  readonly heard: readonly Heard[];
  say(frame: unknown): void;
  /** The first from now on that satisfies. */
  next(wanted?: (heard: Heard) => boolean): Promise<Heard>;
  /** Its code, once it is closed. */
  readonly closed: Promise<number>;
  close(): void;
}

/** Refused: rejects with what ws says, `Unexpected server response: 429`. */
export function openSocket(url: string, headers: Readonly<Record<string, string>> = {}): Promise<RawSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers });
    const heard: Heard[] = [];
    const waiting = new Set<{ wanted: (heard: Heard) => boolean; found: (heard: Heard) => void }>();
    const closed = new Promise<number>((over) => socket.once('close', over));
    socket.once('error', reject);
    socket.on('message', (data, binary) => {
      const one = { text: String(data), binary };
      heard.push(one);
      for (const waiter of waiting) if (waiter.wanted(one)) waiting.delete(waiter) && waiter.found(one);
    });
    socket.once('open', () =>
      resolve({
        heard,
        say: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
        next: (wanted = () => true) => new Promise((found) => waiting.add({ wanted, found })),
        closed,
        close: () => socket.terminate(),
      }),
    );
  });
}
