import { WebSocket } from 'ws';
import type { LossKind } from './reconnect-wait.ts';
import { whyOf } from './why.ts';

const HANDSHAKE_MS = 5_000;
/** The longest frames that are sent hold a whole book of some hundred levels: a few dozen kB. */
const MOST_FRAME_BYTES = 1024 * 1024;
/** The other side does not read any more. */
const MOST_UNSENT_BYTES = 256 * 1024;
const POLICY_VIOLATION = 1008;
/** Binance's answer to addresses of countries that it does not serve. */
const NOT_HERE = 451;
const NOT_HERE_WHY = ': it does not serve the country of this address';

export interface SocketEvents {
  opened(): void;
  /** The bytes are valid during the call only. */
  frame(bytes: Uint8Array): void;
  /** A ping or a pong. */
  heard(): void;
  /** At most once, and nothing after it. */
  lost(why: string, kind: LossKind, retryAfterMs: number | null): void;
}

export interface VenueSocket {
  send(frame: string): void;
  ping(): void;
  /** Lets go of it: `lost` is not called. */
  end(): void;
}

export type OpenSocket = (url: string, events: SocketEvents) => VenueSocket;

/** One WebSocket to a venue; it lives once. */
export const openSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: MOST_FRAME_BYTES,
    handshakeTimeout: HANDSHAKE_MS,
    autoPong: false,
  });
  let gone = false;
  let trouble: string | null = null;
  const lose = (why: string, kind: LossKind, retryAfterMs: number | null = null): void => {
    if (gone) return;
    gone = true;
    socket.terminate();
    events.lost(why, kind, retryAfterMs);
  };
  socket.on('open', () => {
    if (!gone) events.opened();
  });
  socket.on('message', (bytes: Buffer) => {
    if (!gone) events.frame(bytes);
  });
  const heard = (): void => {
    if (!gone) events.heard();
  };
  socket.on('ping', (payload: Buffer) => {
    heard();
    // Not by itself: answers that the other side does not read would pile up without end.
    send(() => socket.pong(payload));
  });
  socket.on('pong', heard);
  socket.on('unexpected-response', (request, response) => {
    const status = response.statusCode ?? 0;
    const seconds = Number(response.headers['retry-after']);
    request.destroy();
    lose(
      `the venue refuses the connection with ${status}${status === NOT_HERE ? NOT_HERE_WHY : ''}`,
      status >= 400 && status < 500 ? 'refused' : 'away',
      Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : null,
    );
  });
  socket.on('error', (error) => {
    trouble = whyOf(error);
  });
  socket.on('close', (code, reason) => {
    const said = reason.length > 0 ? `${code} ${reason.toString().slice(0, 120)}` : String(code);
    lose(trouble ?? `closed by the other side (${said})`, code === POLICY_VIOLATION || code >= 4_000 ? 'refused' : 'away');
  });
  const send = (act: () => void): void => {
    if (gone || socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MOST_UNSENT_BYTES) lose('the other side does not read', 'away');
    else act();
  };
  return {
    send: (frame) => send(() => socket.send(frame)),
    ping: () => send(() => socket.ping()),
    end() {
      gone = true;
      socket.terminate();
    },
  };
};
