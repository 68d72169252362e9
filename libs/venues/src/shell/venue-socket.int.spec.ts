import dns from 'node:dns';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { httpGet } from './http-get.ts';
import type { LossKind } from './reconnect-wait.ts';
import { openSocket } from './venue-socket.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startVenue() {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const address = await listen(server);
  ends.push(() => {
    for (const client of sockets.clients) client.terminate();
  });
  const arrives = new Promise<{ readonly socket: WebSocket; readonly headers: IncomingHttpHeaders }>((resolve) => {
    sockets.once('connection', (socket, { headers }) => resolve({ socket, headers }));
  });
  return { url: `ws://${address}/stream`, arrives };
}

function connect(url: string) {
  const events: string[] = [];
  const waiting: { readonly fits: (event: string) => boolean; readonly done: (event: string) => void }[] = [];
  const say = (event: string): void => {
    events.push(event);
    for (const one of waiting.filter(({ fits }) => fits(event))) one.done(event);
  };
  const socket = openSocket(url, {
    opened: () => say('opened'),
    frame: (bytes) => say(`frame ${Buffer.from(bytes).toString().slice(0, 40)}`),
    heard: () => say('heard'),
    lost: (why: string, kind: LossKind, retryAfterMs) => say(`lost ${kind} ${retryAfterMs} ${why}`),
  });
  ends.push(() => socket.end());
  const next = (start: string): Promise<string> => {
    const known = events.find((event) => event.startsWith(start));
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => waiting.push({ fits: (event) => event.startsWith(start), done: resolve }));
  };
  return { socket, events, next };
}

describe('a socket to a venue', () => {
  it('takes text and binary frames, sends no Origin, and offers no compression', async () => {
    const venue = await startVenue();
    const { next } = connect(venue.url);
    const { socket, headers } = await venue.arrives;
    expect([headers.origin, headers['sec-websocket-extensions']]).toEqual([undefined, undefined]);
    socket.send('text');
    expect(await next('frame')).toBe('frame text');
    socket.send(Buffer.from('binary'));
    expect(await next('frame binary')).toBe('frame binary');
  });

  it('leaves a venue that pings and pings and reads no answer, before these fill the memory', async () => {
    const venue = await startVenue();
    const { next } = connect(venue.url);
    const { socket } = await venue.arrives;
    socket.pause();
    const payload = Buffer.alloc(125, 1);
    let over = false;
    socket.on('close', () => {
      over = true;
    });
    const flood = (): void => {
      for (let i = 0; i < 2_000; i++) socket.ping(payload);
      if (!over) setImmediate(flood);
    };
    flood();
    expect(await next('lost')).toContain('the other side does not read');
    over = true;
  });

  it('answers a ping with its payload, and hears the answer to its own', async () => {
    const venue = await startVenue();
    const { socket: ours, next } = connect(venue.url);
    const { socket } = await venue.arrives;
    const pong = new Promise<string>((resolve) => socket.once('pong', (payload) => resolve(payload.toString())));
    socket.ping('1718');
    expect(await pong).toBe('1718');
    await next('heard');
    await next('opened');
    const asked = new Promise<void>((resolve) => socket.once('ping', () => resolve()));
    ours.ping();
    await asked;
  });

  it('leaves a venue whose frame is larger than any book', async () => {
    const venue = await startVenue();
    const { next, events } = connect(venue.url);
    const { socket } = await venue.arrives;
    socket.on('error', () => {});
    socket.send('x'.repeat(2 * 1024 * 1024));
    expect(await next('lost')).toContain('lost away null Max payload size exceeded');
    expect(events.filter((event) => event.startsWith('frame'))).toEqual([]);
  });

  it('tells a venue that refuses from one that is away', async () => {
    const refusing = createServer();
    refusing.on('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 429 Too Many Requests\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n'),
    );
    const address = await listen(refusing);
    expect(await connect(`ws://${address}/`).next('lost')).toBe('lost refused 9000 the venue refuses the connection with 429');
    const away = createServer();
    away.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'));
    expect(await connect(`ws://${await listen(away)}/`).next('lost')).toContain('lost away');
    expect(await connect('ws://127.0.0.1:1/').next('lost')).toContain('lost away null connect ECONNREFUSED');
  });

  it('says why none of the addresses of a venue answers', async () => {
    const [, port] = (await listen(createServer())).split(':');
    await ends.pop()?.();
    const both = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
    const resolver = jest.spyOn(dns, 'lookup') as unknown as { mockImplementation(call: unknown): void; mockRestore(): void };
    ends.push(() => resolver.mockRestore());
    resolver.mockImplementation((_host: string, _options: unknown, done: (error: null, addresses: object[]) => void) => done(null, both));
    const refused = `connect ECONNREFUSED 127.0.0.1:${port}, connect ECONNREFUSED 127.0.0.2:${port}`;
    expect(await connect(`ws://venue.test:${port}/`).next('lost')).toBe(`lost away null ${refused}`);
    const answer = httpGet(`http://venue.test:${port}/v1?key=secret`);
    await expect(answer).rejects.toThrow(`http://venue.test:${port}/v1 does not answer: ${refused}`);
  });

  it('says that a venue does not serve the country of this address', async () => {
    const elsewhere = createServer();
    elsewhere.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 451 Unavailable\r\nContent-Length: 0\r\n\r\n'));
    expect(await connect(`ws://${await listen(elsewhere)}/`).next('lost')).toBe(
      'lost refused null the venue refuses the connection with 451: it does not serve the country of this address',
    );
  });

  it('says why the venue closed it', async () => {
    const venue = await startVenue();
    const { next } = connect(venue.url);
    (await venue.arrives).socket.close(1008, 'too many messages');
    expect(await next('lost')).toBe('lost refused null closed by the other side (1008 too many messages)');
  });

  it('leaves a venue that does not read any more', async () => {
    const venue = await startVenue();
    const { socket: ours, next } = connect(venue.url);
    const { socket } = await venue.arrives;
    await next('opened');
    socket.pause();
    for (let i = 0; i < 400; i++) ours.send('x'.repeat(64 * 1024));
    expect(await next('lost')).toContain('the other side does not read');
  });
});

describe('a REST request', () => {
  it('brings status, headers by lower-case name and body, and sends no Origin', async () => {
    let seen: IncomingHttpHeaders = {};
    const server = createServer((request, response) => {
      seen = request.headers;
      response.writeHead(429, { 'Remaining-Req': 'group=market; min=1; sec=2' }).end('{}');
    });
    const answer = await httpGet(`http://${await listen(server)}/v1/market/all?key=secret`, ['origin']);
    expect([answer.status, answer.headers['remaining-req'], Buffer.from(answer.body).toString()]).toEqual([
      429,
      'group=market; min=1; sec=2',
      '{}',
    ]);
    expect(seen.origin).toBeUndefined();
  });

  it('gives up on an answer without end, and keeps the query to itself', async () => {
    const server = createServer((_request, response) => {
      const part = Buffer.alloc(1024 * 1024);
      const more = (): void => {
        while (response.write(part));
        response.once('drain', more);
      };
      more();
    });
    const url = `http://${await listen(server)}/all?key=secret`;
    const failure = await httpGet(url).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(failure).toContain('more than');
    expect(failure).not.toContain('secret');
  });
});
