import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import type { MarketSettings } from '../market/index.ts';
import { hashOfBook, readSentLog } from './sent-log.ts';
import { type Simulator, startSimulator } from './simulator.ts';

const MARKET: MarketSettings = {
  coins: ['BTC', 'DOGE'],
  venues: [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ],
  depth: 5,
  seed: '1',
  booksPerSecond: 2_000,
};

interface Frame {
  readonly seq: number;
  readonly venue: string;
  readonly symbol: string;
  readonly sequence: number;
  readonly bids: readonly (readonly [number, number])[];
  readonly asks: readonly (readonly [number, number])[];
  readonly fx?: string;
  readonly rate?: number;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(market: Partial<MarketSettings> = {}, logPath: string | null = null, said: string[] = []): Promise<Simulator> {
  const simulator = await startSimulator({
    host: '127.0.0.1',
    port: 0,
    market: { ...MARKET, ...market },
    logPath,
    say: (_level, message) => said.push(message),
  });
  ends.push(() => simulator.close());
  return simulator;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

function connect({ url }: Simulator, greeting: string): WebSocket {
  const client = new WebSocket(url.replace('http', 'ws'));
  ends.push(() => client.terminate());
  client.on('open', () => client.send(greeting));
  return client;
}

function subscribe(simulator: Simulator, venues: readonly string[]): WebSocket {
  return connect(simulator, JSON.stringify({ subscribe: { venues } }));
}

function frames(client: WebSocket, count: number): Promise<Frame[]> {
  const got: Frame[] = [];
  return new Promise((resolve) => {
    client.on('message', (bytes) => {
      got.push(JSON.parse(String(bytes)) as Frame);
      if (got.length === count) resolve(got);
    });
  });
}

function closed(client: WebSocket): Promise<number> {
  return new Promise((resolve) => client.once('close', resolve));
}

describe('the simulated venues', () => {
  it('tell the rate and one book of each first, then books in turn without a gap', async () => {
    const got = await frames(subscribe(await start(), ['upbit', 'binance']), 101);
    expect(got[0]).toMatchObject({ fx: 'KRW-USDT', rate: expect.any(Number) });
    const books = got.filter((frame) => frame.fx === undefined);
    expect(books.slice(0, 4).map(({ venue, symbol }) => `${venue} ${symbol}`)).toEqual([
      'upbit BTC-KRW',
      'binance BTC-USDT',
      'upbit DOGE-KRW',
      'binance DOGE-USDT',
    ]);
    expect(books.map(({ seq }) => seq)).toEqual(books.map((_, i) => i + 1));
    expect(books.map(({ sequence }) => sequence)).toEqual(books.map((_, i) => Math.floor(i / 4) + 1));
    expect(books[0]?.bids).toHaveLength(5);
  });

  it('send only the venues that were asked for', async () => {
    const got = await frames(subscribe(await start(), ['binance']), 40);
    const books = got.filter((frame) => frame.fx === undefined);
    expect(new Set(books.map(({ venue }) => venue))).toEqual(new Set(['binance']));
    expect(books.map(({ seq }) => seq)).toEqual(books.map((_, i) => i + 1));
  });

  it.each(['nonsense', '{}', '{"subscribe":{"venues":["nasdaq"]}}'])(
    'refuse %s as a subscription and say what was expected',
    async (greeting) => {
      const client = connect(await start(), greeting);
      const [got, code] = await Promise.all([frames(client, 1), closed(client)]);
      expect(got).toEqual([{ error: expect.stringContaining('with venues of upbit, binance') }]);
      expect(code).toBe(1008);
    },
  );

  it('say over HTTP how much was sent', async () => {
    const simulator = await start();
    const client = subscribe(simulator, ['upbit', 'binance']);
    await frames(client, 9);
    const sent = (await (await fetch(`${simulator.url}/sent`)).json()) as ReturnType<Simulator['sent']>;
    expect(sent.books).toBeGreaterThanOrEqual(8);
    expect(Object.values(sent.lastSequence).reduce((sum, sequence) => sum + sequence, 0)).toBe(sent.books);
    expect(await (await fetch(`${simulator.url}/healthz`)).json()).toEqual({ status: 'ok', clients: 1 });
    expect((await fetch(`${simulator.url}/elsewhere`)).status).toBe(404);
  });

  it('write down exactly what a client gets, up to the end', async () => {
    const path = join(newFolder(), 'sent.jsonl');
    const simulator = await start({}, path);
    const client = subscribe(simulator, ['upbit', 'binance']);
    const got: Frame[] = [];
    client.on('message', (bytes) => got.push(JSON.parse(String(bytes)) as Frame));
    await frames(client, 300);
    await Promise.all([closed(client), simulator.close()]);
    const books = got.filter((frame) => frame.fx === undefined);
    expect(readSentLog(path).map(({ venue, symbol, sequence, hash }) => ({ venue, symbol, sequence, hash }))).toEqual(
      books.map(({ venue, symbol, sequence, bids, asks }) => ({ venue, symbol, sequence, hash: hashOfBook(bids, asks) })),
    );
    expect(books).toHaveLength(simulator.sent().books);
    // What a crash leaves behind: half a line, which counts for nothing.
    appendFileSync(path, '{"venue":"up');
    expect(readSentLog(path)).toHaveLength(books.length);
    appendFileSync(path, '\n');
    expect(() => readSentLog(path)).toThrow(/the log is damaged/);
  });

  it('disconnect a client that does not read', async () => {
    const said: string[] = [];
    const simulator = await start({ depth: 200, booksPerSecond: 20_000 }, null, said);
    const slow = subscribe(simulator, ['upbit', 'binance']);
    await frames(slow, 1);
    slow.pause();
    const quick = subscribe(simulator, ['upbit']);
    await new Promise<void>((resolve) => {
      quick.on('message', () => {
        if (said.includes('a client reads too slowly and is disconnected')) resolve();
      });
    });
    expect(quick.readyState).toBe(WebSocket.OPEN);
  }, 20_000);

  it('say where they cannot listen', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    await expect(startSimulator({ host: '127.0.0.1', port, market: MARKET, logPath: null, say: () => {} })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}`,
    );
  });
});
