import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { Connection, type Gate } from './connection.ts';
import type { Say } from './say.ts';
import type { SentLog } from './sent-log.ts';
import { type Conversation, type HttpAnswer, type HttpRequest, json, type Site } from './venue.ts';
import { wallMicros } from './wall.ts';

const MOST_CLIENTS = 256;
/** Requests over HTTP among them. */
const MOST_SOCKETS = 1_024;
const MOST_CLIENT_BYTES = 256 * 1024;
const MOST_BODY_BYTES = 64 * 1024;
const MOST_URL = 16 * 1024;
const BODY_WITHIN_MS = 5_000;
const FAREWELL_MS = 1_000;

export interface Place {
  readonly name: string;
  readonly site: Site;
}

export interface DoorsPlan {
  /** By the first word of the path. */
  readonly places: ReadonlyMap<string, Place>;
  readonly gate: Gate;
  /** Null: the venue is open; else what it answers instead, or `refuse`: not even that. */
  readonly hindered: (venue: string, kind: 'http' | 'socket') => HttpAnswer | 'refuse' | null;
  /** Everything that is no venue's. */
  readonly own: (request: HttpRequest, body: string) => HttpAnswer;
  readonly closed: (connection: Connection) => void;
  readonly log: SentLog | null;
  readonly say: Say;
}

export interface Doors {
  readonly server: Server;
  readonly connections: ReadonlySet<Connection>;
  close(): Promise<void>;
}

/** One port for everything: a venue's own paths below its name. */
export function openDoors({ places, gate, hindered, own, closed, log, say }: DoorsPlan): Doors {
  const connections = new Set<Connection>();
  let ids = 0;
  let closing = false;
  const server = createServer({ maxHeaderSize: MOST_URL }, (request, response) => void answer(request, response));
  server.maxConnections = MOST_SOCKETS;
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MOST_CLIENT_BYTES, autoPong: false });

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = requestOf(message);
    const place = places.get(request.venue);
    const hindrance = place === undefined ? null : hindered(place.name, 'http');
    if (hindrance === 'refuse') {
      message.socket.destroy();
      return;
    }
    let given: HttpAnswer;
    try {
      const body = await bodyOf(message);
      given = hindrance ?? (place === undefined ? own(request.whole, body) : place.site.http(request.inside));
    } catch (error) {
      given = json(error instanceof BodyError ? 413 : 500, { error: (error as Error).message });
      if (!(error instanceof BodyError))
        say('error', 'a request could not be answered', { path: request.whole.path, error: String(error) });
    }
    response.writeHead(given.status, given.headers);
    response.end(given.body);
  }

  server.on('upgrade', (message: IncomingMessage, stream: Duplex, head: Buffer) => {
    const socket = stream as Socket;
    socket.on('error', () => {});
    const request = requestOf(message);
    const place = places.get(request.venue);
    const talk = place === undefined ? own(request.whole, '') : talkAt(place, request.inside);
    if (talk === 'refuse') socket.destroy();
    else if (typeof talk !== 'function') refuse(socket, talk);
    else sockets.handleUpgrade(message, socket, head, (client) => greet(client, socket, request.venue, request.inside.ip, talk));
  });

  function talkAt({ name, site }: Place, request: HttpRequest): ReturnType<Site['connect']> | 'refuse' {
    const hindrance = hindered(name, 'socket');
    if (hindrance !== null) return hindrance;
    if (closing || connections.size >= MOST_CLIENTS)
      return json(503, { error: closing ? 'the simulator stops' : `at most ${MOST_CLIENTS} clients` });
    return site.connect(request);
  }

  function greet(client: WebSocket, socket: Socket, venue: string, ip: string, talk: (connection: Connection) => Conversation): void {
    const connection = new Connection({ id: ++ids, venue, ip, client, socket, gate, openedAt: wallMicros() });
    connections.add(connection);
    log?.add({ t: 'socket', at: connection.openedAt, venue, id: connection.id, state: 'open', why: '' });
    say('info', 'a client has come', { venue, id: connection.id, clients: connections.size });
    const conversation = talk(connection);
    let why = '';
    client.on('error', (error) => {
      why = error.message;
      say('warn', 'a client breaks the protocol', { venue, id: connection.id, error: error.message });
    });
    client.on('ping', (payload: Buffer) => {
      if (connection.heard) client.pong(payload);
    });
    client.on('message', (data) => {
      if (connection.heard) conversation.message(String(data));
    });
    client.once('close', (code, reason) => {
      conversation.closed();
      connections.delete(connection);
      closed(connection);
      why ||= String(reason);
      log?.add({ t: 'socket', at: wallMicros(), venue, id: connection.id, state: 'closed', why: `${code} ${why}`.trim() });
      say('info', 'a client has gone', { venue, id: connection.id, code, why, clients: connections.size, messages: connection.messages });
    });
  }

  return {
    server,
    connections,
    async close() {
      closing = true;
      // What was sent arrives: each client gets all of it, then the end; who does not read it is cut off.
      await Promise.all([...connections].map(({ client }) => farewell(client)));
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function requestOf({ url = '/', method = 'GET', headers, socket }: IncomingMessage): {
  readonly venue: string;
  readonly whole: HttpRequest;
  readonly inside: HttpRequest;
} {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  const search = query === -1 ? '' : url.slice(query + 1);
  const whole = {
    method,
    path,
    query: new URLSearchParams(search),
    search,
    headers,
    ip: socket.remoteAddress ?? '',
  };
  const slash = path.indexOf('/', 1);
  const venue = slash === -1 ? path.slice(1) : path.slice(1, slash);
  return { venue, whole, inside: { ...whole, path: slash === -1 ? '/' : path.slice(slash) } };
}

class BodyError extends Error {}

async function bodyOf(message: IncomingMessage): Promise<string> {
  if (message.method === 'GET' || message.method === 'HEAD') return '';
  const parts: Buffer[] = [];
  let length = 0;
  const late = setTimeout(() => message.destroy(new BodyError('the body did not come')), BODY_WITHIN_MS);
  try {
    for await (const part of message as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > MOST_BODY_BYTES) throw new BodyError(`a body of at most ${MOST_BODY_BYTES} bytes is read`);
      parts.push(part);
    }
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(parts).toString('utf8');
}

function refuse(socket: Socket, { status, headers, body }: HttpAnswer): void {
  const head = Object.entries({ ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body.toString()}`,
  );
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
