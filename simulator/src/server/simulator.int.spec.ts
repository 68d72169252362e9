import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RestRequest } from '@arb/venues';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { adapterOf, ask, connectAdapter, isBook, signed } from '../testing/adapter-client.ts';
import { Ends, MARKET } from '../testing/simulated.ts';
import { hashOfBook, readSentLog } from './sent-log.ts';

const ends = new Ends();
afterEach(() => ends.run());

const CODES = { upbit: ['KRW-BTC', 'KRW-DOGE', 'KRW-USDT'], binance: ['BTCUSDT', 'DOGEUSDT'] } as const;

function connect(url: string, venue: 'upbit' | 'binance', more: { trades?: boolean; tickers?: boolean; depth?: number } = {}) {
  const client = connectAdapter(url, venue, { codes: CODES[venue], depth: MARKET.depth, ...more });
  ends.add(() => client.close());
  return client;
}

describe.each(['upbit', 'binance'] as const)('%s, simulated', (venue) => {
  it('gives its adapter books of every pair without a fault', async () => {
    const client = connect((await ends.simulator()).url, venue, { trades: true });
    while (client.books.length < 400) await client.next(isBook);
    expect(client.feed.ready()).toBe(true);
    expect(client.feed.totals()).toMatchObject({ bad: 0, unknown: 0 });
    for (const code of CODES[venue]) expect(client.feed.counts(code)).toMatchObject({ gaps: 0, resyncs: 0, crossed: 0, rounded: 0 });
    expect(new Set(client.books.map(({ code }) => code))).toEqual(new Set(CODES[venue]));
    const trades = client.outputs.filter(({ kind }) => kind === 'trade');
    expect(trades.length).toBeGreaterThan(10);
  });

  it('writes down every book that the adapter then says, as it says it', async () => {
    const path = join(ends.folder(), 'sent.jsonl');
    const simulator = await ends.simulator({ logPath: path });
    const client = connect(simulator.url, venue);
    while (client.books.length < 300) await client.next(isBook);
    client.close();
    await simulator.close();
    const sent = readSentLog(path);
    const byTime = new Set(sent.map(({ symbol, at, hash }) => `${symbol} ${at} ${hash}`));
    const byNumber = new Set(sent.map(({ symbol, sequence, hash }) => `${symbol} ${sequence} ${hash}`));
    const unknown = client.books.filter(({ symbol, exchangeAt, sequence, bids, asks }) => {
      const hash = hashOfBook(bids, asks);
      return !(exchangeAt === null ? byNumber.has(`${symbol} ${sequence} ${hash}`) : byTime.has(`${symbol} ${exchangeAt} ${hash}`));
    });
    expect(unknown).toEqual([]);
    expect(client.books[0]?.bids).toHaveLength(MARKET.depth);
    // What a crash leaves behind: half a line, which counts for nothing.
    appendFileSync(path, '{"t":"book","venue":"up');
    expect(readSentLog(path)).toHaveLength(sent.length);
    appendFileSync(path, '\n');
    expect(() => readSentLog(path)).toThrow(/the log is damaged/);
  });

  it('answers what its adapter asks over REST', async () => {
    const { url } = await ends.simulator();
    const { rest, limitNews } = adapterOf(venue);
    const answers = async (requests: ReturnType<typeof rest.book>) => ask(url, venue, requests[0] as (typeof requests)[number]);
    const instruments = await answers(rest.instruments(CODES[venue]));
    expect(rest.decodeInstruments(instruments.body)).toEqual(
      CODES[venue].map((code) => expect.objectContaining({ code, ticksFromVenue: true })),
    );
    expect(limitNews(instruments)).toMatchObject({ limit: expect.any(String), banned: false, waitMs: null });
    const markets = rest.decodeMarkets((await answers(rest.markets())).body);
    expect(markets.map(({ code }) => code)).toEqual(expect.arrayContaining([...CODES[venue]]));
    expect(markets.every(({ state, warnings }) => state === 'trading' && warnings.length === 0)).toBe(true);
    const wallets = rest.decodeWallets((await ask(url, venue, signed(venue, rest.wallets()[0] as RestRequest))).body);
    expect(wallets.map(({ coin, deposits, withdrawals }) => [coin, deposits && withdrawals])).toEqual(
      expect.arrayContaining([
        ['BTC', true],
        ['DOGE', true],
      ]),
    );
  });
});

describe('the simulated venues', () => {
  it('disconnect a client that does not read, and nobody else', async () => {
    const said: string[] = [];
    const market = { ...MARKET, depth: 200, booksPerSecond: 20_000 };
    const { url } = await ends.simulator({ market, say: (_level, message) => said.push(message) });
    const slow = new WebSocket(`${url.replace('http', 'ws')}/upbit/websocket/v1`);
    ends.add(() => slow.terminate());
    slow.on('open', () => slow.send(JSON.stringify([{ ticket: 't' }, { type: 'orderbook', codes: CODES.upbit }])));
    await new Promise((resolve) => slow.once('message', resolve));
    slow.pause();
    const quick = connect(url, 'binance');
    while (!said.includes('a client reads too slowly and is disconnected')) await quick.next(isBook);
    expect(quick.opened()).toBe(1);
  });

  it('say where they cannot listen', async () => {
    const { url } = await ends.simulator();
    const port = Number(new URL(url).port);
    await expect(ends.simulator({ port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
  });

  it('refuse a venue whose protocol they do not speak', async () => {
    await expect(ends.simulator({ market: { ...MARKET, venues: [{ name: 'kraken', quote: 'USDT' }] } })).rejects.toThrow(
      /expected venues of upbit, binance, bank, found kraken.*change market\.venues/,
    );
  });

  it('say over HTTP how much there was', async () => {
    const simulator = await ends.simulator();
    const client = connect(simulator.url, 'upbit');
    while (client.books.length < 9) await client.next(isBook);
    const sent = (await (await fetch(`${simulator.url}/sent`)).json()) as ReturnType<typeof simulator.sent>;
    expect(Object.values(sent.lastSequence).reduce((sum, count) => sum + count, 0)).toBe(sent.books);
    expect(await (await fetch(`${simulator.url}/healthz`)).json()).toEqual({ status: 'ok', clients: 1 });
    expect((await fetch(`${simulator.url}/elsewhere`)).status).toBe(404);
  });
});
