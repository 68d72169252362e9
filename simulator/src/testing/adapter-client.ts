import { randomUUID } from 'node:crypto';
import type { BookOut, FeedOptions, Output, RestRequest, RestResponse, SignedRequest, Signing, VenueAdapter, VenueFeed } from '@arb/venues';
import { VENUES } from '@arb/venues';
import { hmac } from '@arb/venues/shell';
import { WebSocket } from 'ws';
import { KNOWN_KEY } from '../server/known-key.ts';

const TICK_MS = 50;
const AGAIN_MS = 50;

/** A venue's real adapter on a real socket, as plainly as it can be done. */
export interface AdapterClient {
  readonly feed: VenueFeed;
  readonly outputs: readonly Output[];
  readonly books: readonly BookOut[];
  /** Resolves with the first output that comes from now on and satisfies. */
  next<T extends Output>(wanted: (output: Output) => output is T): Promise<T>;
  next(wanted: (output: Output) => boolean): Promise<Output>;
  /** Resolves once a socket is open. */
  connected(): Promise<void>;
  /** Sends a frame that the adapter did not ask for. */
  say(frame: string): void;
  /** How often a socket was opened. */
  opened(): number;
  close(): void;
}

export function adapterOf(venue: string): VenueAdapter {
  const adapter = VENUES.get(venue);
  if (adapter === undefined) throw new Error(`no adapter for ${venue}`);
  return adapter;
}

export function isBook(output: Output): output is BookOut {
  return output.kind === 'book';
}

export async function ask(
  base: string,
  venue: string,
  { path, headers = {} }: { readonly path: string; readonly headers?: Readonly<Record<string, string>> },
): Promise<RestResponse> {
  const response = await fetch(`${base}/${venue}${path}`, { headers });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

/** As a holder of the key asks; `more` says otherwise. */
export function signed(venue: string, request: RestRequest, more: Partial<Signing> = {}): SignedRequest {
  return adapterOf(venue).sign(request, { key: KNOWN_KEY, nowMs: Date.now(), nonce: randomUUID(), hmac, ...more });
}

export function connectAdapter(base: string, venue: string, options: Omit<FeedOptions, 'firstEpoch'>): AdapterClient {
  const adapter = adapterOf(venue);
  const feed = adapter.feed({ ...options, firstEpoch: 1 });
  const path = new URL(adapter.connection.url).pathname;
  const outputs: Output[] = [];
  const waiting = new Set<{ wanted: (output: Output) => boolean; found: (output: Output) => void }>();
  let socket: WebSocket | null = null;
  let again: NodeJS.Timeout | null = null;
  let opened = 0;
  let over = false;
  let last = 0;
  const now = (): number => {
    last = Math.max(last, Math.floor((performance.timeOrigin + performance.now()) * 1_000));
    return last;
  };

  function take(given: readonly Output[]): void {
    for (const output of given) {
      outputs.push(output);
      if (output.kind === 'send') socket?.send(output.frame);
      else if (output.kind === 'rest') void answer(output.request);
      else if (output.kind === 'reconnect') socket?.terminate();
      for (const one of waiting) if (one.wanted(output)) waiting.delete(one) && one.found(output);
    }
  }

  async function answer(request: RestRequest): Promise<void> {
    // As an adapter is told of a venue that does not answer.
    const response = await ask(base, venue, request).catch((): RestResponse => ({ status: 599, headers: {}, body: new Uint8Array(0) }));
    if (!over) take(feed.answer(request, response, now()));
  }

  function open(): void {
    const own = new WebSocket(`${base.replace(/^http/, 'ws')}/${venue}${path}`, { perMessageDeflate: false });
    socket = own;
    own.on('open', () => {
      opened++;
      take(feed.opened(now()));
    });
    own.on('message', (data: Buffer) => take(feed.frame(data, now())));
    own.on('ping', () => feed.heard(now()));
    own.on('error', () => {});
    own.once('close', () => {
      if (over) return;
      take(feed.closed(now()));
      again = setTimeout(open, AGAIN_MS);
    });
  }

  const ticking = setInterval(() => take(feed.tick(now())), TICK_MS);
  open();
  return {
    feed,
    outputs,
    get books() {
      return outputs.filter(isBook);
    },
    next: <T extends Output>(wanted: (output: Output) => boolean) =>
      new Promise<T>((found) => waiting.add({ wanted, found: (output) => found(output as T) })),
    connected: () => new Promise((resolve) => (socket?.readyState === WebSocket.OPEN ? resolve() : socket?.once('open', () => resolve()))),
    say: (frame) => socket?.send(frame),
    opened: () => opened,
    close() {
      over = true;
      clearInterval(ticking);
      if (again !== null) clearTimeout(again);
      socket?.terminate();
    },
  };
}
