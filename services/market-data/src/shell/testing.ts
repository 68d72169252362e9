import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DataOf, type EventType, encodeEvent, faultOfOutput, subjectOf } from '@arb/shared/contracts';
import type { ShellContext, Time } from '@arb/shared/runtime';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Said {
  readonly type: EventType;
  readonly words: readonly string[];
  readonly data: unknown;
  readonly at: number | undefined;
}

/** Real time, whose monotonic clock a test may put forward. */
export function newTime(): Time & { skewMs: number } {
  return {
    skewMs: 0,
    monotonicMs() {
      return performance.now() + this.skewMs;
    },
    wallMicros: () => Math.floor((performance.timeOrigin + performance.now()) * 1_000),
    after(ms, call) {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
  };
}

/** A session that takes what is said as the runtime does: well-formed, or it throws. */
export function newSession(market: object, more: object = {}) {
  const said: Said[] = [];
  const waiting: { readonly fits: (said: Said) => boolean; readonly done: (said: Said) => void }[] = [];
  const state = { room: 1_000, fill: 0, holds: true, live: true };
  const time = newTime();
  const context: ShellContext = {
    session: 's-1',
    boot: 'aaaaaaaa',
    time,
    config: { market, aggregator: { numeraire: 'USDT' }, ...more },
    core: null,
    say(type, words, data, options) {
      if (!state.live) return false;
      const at = options?.at ?? 1;
      const header = { n: 1, source: 'market-data/aaaaaaaa', session: 's-1', type, v: 1, at, cause: null };
      const fault = faultOfOutput(subjectOf(type, ...words), header, data);
      if (fault !== null) throw new Error(fault);
      encodeEvent(header, data);
      const event = { type, words, data, at: options?.at };
      said.push(event);
      for (const one of waiting.filter(({ fits }) => fits(event))) {
        waiting.splice(waiting.indexOf(one), 1);
        one.done(event);
      }
      return true;
    },
    room: () => state.room,
    holdsLease: () => state.holds,
    fill: () => state.fill,
    committed: () => 0,
  };
  return {
    said,
    state,
    time,
    context,
    of: <K extends EventType>(type: K) => said.filter((event) => event.type === type).map(({ data }) => data as DataOf<K>),
    /** The next event of this type that fits, from now on. */
    next: <K extends EventType>(type: K, fits: (data: DataOf<K>) => boolean = () => true): Promise<DataOf<K>> =>
      new Promise((resolve) => {
        waiting.push({
          fits: (event) => event.type === type && fits(event.data as DataOf<K>),
          done: ({ data }) => resolve(data as DataOf<K>),
        });
      }),
  };
}

export type Session = ReturnType<typeof newSession>;

/** An Upbit whose every frame is the test's own, below `/upbit`; its lists are small and its answers can be changed. */
export async function startUpbit(coins: readonly string[]) {
  const answers = new Map<string, (query: URLSearchParams) => unknown>([
    ['/v1/market/all', () => ['USDT', ...coins].map((coin) => ({ market: `KRW-${coin}`, market_event: { warning: coin === 'RISKY' } }))],
    ['/v1/orderbook/instruments', () => coins.map((coin) => ({ market: `KRW-${coin}`, tick_size: '1' }))],
    ['/v1/orderbook', () => []],
    ['/v1/status/wallet', () => coins.map((currency) => ({ currency, net_type: currency, wallet_state: 'working' }))],
  ]);
  const asked: string[] = [];
  const http = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://venue');
    const path = url.pathname.replace(/^\/upbit/, '');
    asked.push(path);
    const answer = answers.get(path);
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer?.(url.searchParams) ?? { error: { name: 404 } }));
  });
  const sockets = new WebSocketServer({ server: http });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  let timestamp = Date.now();
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    answers,
    asked,
    sockets,
    /** The next client that has subscribed, and what it asked for. */
    client: () =>
      new Promise<{ readonly socket: WebSocket; readonly asked: string }>((resolve) => {
        sockets.once('connection', (socket) => socket.once('message', (wish) => resolve({ socket, asked: String(wish) })));
      }),
    /** Its binary frame; each one's time is a ms later than that of the one before. */
    book: (coin: string, bid: number, size = 1) =>
      Buffer.from(
        JSON.stringify({
          ty: 'orderbook',
          cd: `KRW-${coin}`,
          tms: ++timestamp,
          tas: size,
          tbs: size,
          obu: [{ ap: bid + 1, bp: bid, as: size, bs: size }],
          st: 'REALTIME',
          lv: 0,
        }),
      ),
    trade: (coin: string, id: number) =>
      Buffer.from(
        JSON.stringify({
          ty: 'trade',
          cd: `KRW-${coin}`,
          tms: timestamp,
          ttms: timestamp,
          tp: 100,
          tv: 1,
          ab: 'BID',
          sid: id,
          st: 'REALTIME',
        }),
      ),
    async close() {
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Everything that was sent before has been handled: a pong comes after it. */
export function handled(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('pong', () => resolve());
    socket.ping();
  });
}
