import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Instrument, type MarketSettings, makeBookWriter, makeMarket } from '../market/index.ts';
import { Audience, type Listener } from './audience.ts';
import { bookTail, subscriptionOf } from './frames.ts';
import type { Say } from './say.ts';
import { openSentLog } from './sent-log.ts';
import { wallMicros } from './wall.ts';

export interface SimulatorOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly market: MarketSettings;
  /** Where all that is sent is written down; null for nowhere. */
  readonly logPath: string | null;
  readonly say: Say;
}

export interface Simulator {
  readonly url: string;
  /** What GET /sent answers. */
  sent(): Sent;
  close(): Promise<void>;
}

export interface Sent {
  readonly books: number;
  /** By `<venue> <symbol>`. */
  readonly lastSequence: Readonly<Record<string, number>>;
}

const TICK_MS = 3;
/** After a pause longer than this the market goes on from where it stood instead of catching up in a burst. */
const MOST_BEHIND_MS = 250;
const MOST_CLIENTS = 32;
const FAREWELL_MS = 1_000;
const MOST_CLIENT_BYTES = 16 * 1024;

/** Serves the simulated market in real time. While nobody listens the market stands still. */
export async function startSimulator({ host, port, market: settings, logPath, say }: SimulatorOptions): Promise<Simulator> {
  const market = makeMarket(settings);
  const log = logPath === null ? null : openSentLog(logPath);
  const epoch = Date.now();
  const known = settings.venues.map(({ name }) => name);
  const places = new Map(market.instruments.map((of) => [of, { write: makeBookWriter(of), sequence: 0 }]));
  const audience = new Audience({
    rate: market.rate,
    now: wallMicros,
    tooSlow: (unsent) => say('warn', 'a client reads too slowly and is disconnected', { unsent }),
  });
  let books = 0;
  let closing: Promise<void> | null = null;

  function publish(instrument: Instrument): void {
    const { venue, symbol } = instrument;
    if (!audience.wants(venue)) return;
    const place = places.get(instrument) as { write: ReturnType<typeof makeBookWriter>; sequence: number };
    const text = place.write();
    const exchangeAt = wallMicros();
    const sequence = ++place.sequence;
    books++;
    log?.add({ venue, symbol, epoch, sequence, at: exchangeAt }, text);
    audience.book(venue, bookTail({ venue, symbol, epoch, sequence, exchangeAt }, text));
  }

  function publishNext(count: number): void {
    audience.open();
    for (let i = 0; i < count; i++) publish(market.step());
    audience.close();
  }

  const perMs = settings.booksPerSecond / 1_000;
  let from = 0;
  let done = 0;
  let timer: NodeJS.Timeout | null = null;
  function tick(): void {
    const now = performance.now();
    const due = Math.floor((now - from) * perMs) - done;
    const most = Math.max(1, Math.ceil(MOST_BEHIND_MS * perMs));
    if (due > most) {
      say('warn', 'the market was held up and goes on from where it stood', { skippedMs: Math.round(due / perMs) });
      start();
      return;
    }
    done += due;
    publishNext(due);
  }
  function start(): void {
    from = performance.now();
    done = 0;
    timer ??= setInterval(tick, TICK_MS);
  }
  function stop(): void {
    if (timer !== null) clearInterval(timer);
    timer = null;
  }

  function join(listener: Listener): void {
    audience.join(listener);
    listener.client.once('close', () => {
      audience.leave(listener);
      if (audience.size === 0) stop();
      say('info', 'a client has gone', { clients: audience.size, books: listener.seq });
    });
    // One book of each, at once: whoever comes in between knows where everything stands.
    publishNext(market.instruments.length);
    if (timer === null) start();
    say('info', 'a client has subscribed', { clients: audience.size, venues: [...listener.venues] });
  }

  const server = createServer(answer);
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: MOST_CLIENT_BYTES });
  sockets.on('connection', (client: WebSocket, request: IncomingMessage) => {
    client.on('error', (error) => say('warn', 'a client breaks the protocol', { error: error.message }));
    if (sockets.clients.size > MOST_CLIENTS) return client.close(1013, `at most ${MOST_CLIENTS} clients`);
    client.once('message', (data) => {
      const venues = subscriptionOf(String(data), known);
      if (closing !== null) return client.close(1001, 'the simulator stops');
      if (!(venues instanceof Error)) return join({ client, socket: request.socket, venues: new Set(venues), seq: 0, fxAt: 0 });
      client.send(JSON.stringify({ error: venues.message }));
      client.close(1008, 'not a subscription');
    });
  });

  function sent(): Sent {
    return {
      books,
      lastSequence: Object.fromEntries([...places].map(([{ venue, symbol }, { sequence }]) => [`${venue} ${symbol}`, sequence])),
    };
  }

  function answer({ url, method }: IncomingMessage, response: ServerResponse): void {
    const body =
      method !== 'GET'
        ? null
        : url === '/healthz' || url === '/readyz'
          ? { status: 'ok', clients: audience.size }
          : url === '/sent'
            ? sent()
            : null;
    response.writeHead(body === null ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error: 'expected GET /healthz or GET /sent, or a WebSocket' }));
  }

  try {
    // The WebSocket server passes the HTTP server's errors on.
    await new Promise<void>((resolve, reject) => {
      sockets.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (cause) {
    log?.close();
    throw new Error(
      `simulator: cannot listen on ${host}:${port}: ${(cause as Error).message}: change infrastructure.simulatorUrl or end what listens there`,
      { cause },
    );
  }
  sockets.on('error', (error) => say('error', 'the server is in trouble', { error: error.message }));
  const bound = server.address() as AddressInfo;
  const url = `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  say('info', 'the simulated market is open', { url, instruments: market.instruments.length, booksPerSecond: settings.booksPerSecond });

  return {
    url,
    sent,
    close() {
      closing ??= end();
      return closing;
    },
  };

  async function end(): Promise<void> {
    stop();
    // What was sent arrives: each client gets all of it, then the end; who does not read it is cut off.
    await Promise.all([...sockets.clients].map((client) => farewell(client)));
    sockets.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    log?.close();
  }
}

function farewell(client: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => client.terminate(), FAREWELL_MS);
    client.once('close', () => {
      clearTimeout(cut);
      resolve();
    });
    client.close(1001, 'the simulator stops');
  });
}
