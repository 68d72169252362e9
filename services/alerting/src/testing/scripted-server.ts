import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** What the server does with one request; nothing said: 200 and `{"ok":true,"result":true}`. */
export type Reply = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown } | 'hang' | 'reset';

/** A real HTTP server that keeps what it was asked, and answers as the test says. */
export interface Scripted {
  readonly url: string;
  readonly requests: readonly Request[];
  /** For the requests to come. */
  answer(reply: (request: Request) => Reply | null): void;
  /** Resolves once so many requests have come that fit. */
  until(count: number, fits?: (request: Request) => boolean): Promise<readonly Request[]>;
  /** What was asked so far is of no interest any more. */
  forget(): void;
  stop(): Promise<void>;
}

export async function scriptedServer(): Promise<Scripted> {
  const requests: Request[] = [];
  const waiting: {
    readonly count: number;
    readonly fits: (request: Request) => boolean;
    readonly done: (found: readonly Request[]) => void;
  }[] = [];
  let reply: (request: Request) => Reply | null = () => null;
  const server: Server = createServer((incoming, response) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    incoming.on('end', () => {
      const request: Request = { method: incoming.method ?? '', path: incoming.url ?? '', body: text === '' ? null : JSON.parse(text) };
      requests.push(request);
      act(reply(request), response);
      for (const [i, { count, fits, done }] of [...waiting.entries()].reverse()) {
        const found = requests.filter(fits);
        if (found.length < count) continue;
        waiting.splice(i, 1);
        done(found);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer(how) {
      reply = how;
    },
    until(count, fits = () => true) {
      const found = requests.filter(fits);
      if (found.length >= count) return Promise.resolve(found);
      return new Promise((done) => waiting.push({ count, fits, done }));
    },
    forget() {
      requests.length = 0;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function act(reply: Reply | null, response: ServerResponse): void {
  if (reply === 'hang') return;
  if (reply === 'reset') {
    response.destroy();
    return;
  }
  const { status = 200, headers = {}, body = { ok: true, result: true } } = reply ?? {};
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
