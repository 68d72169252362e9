import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataOf, type EventType, encodeEvent, faultOfOutput, subjectOf } from '@arb/shared/contracts';
import type { ShellContext, Time } from '@arb/shared/runtime';
import { hashOfBook, readSentLog, startSimulator } from '@arb/simulator';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { makeShell } from '../index.ts';

const MARKET = {
  source: 'simulated',
  coins: ['BTC', 'ETH'],
  venues: [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ],
  booksPerSecond: 2_000,
  depth: 5,
  seed: '1',
};

/** How often the shell looks around by itself. */
const SWEEP_MS = 25;

interface Said {
  readonly type: EventType;
  readonly words: readonly string[];
  readonly data: unknown;
  readonly at: number | undefined;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Real time, whose monotonic clock a test may put forward. */
function newTime(): Time & { skewMs: number } {
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
function newSession(market: object = MARKET) {
  const said: Said[] = [];
  const waiting: { readonly fits: (said: Said) => boolean; readonly done: (said: Said) => void }[] = [];
  const state = { room: 1_000, fill: 0, holds: true, live: true };
  const time = newTime();
  const context: ShellContext = {
    session: 's-1',
    boot: 'aaaaaaaa',
    time,
    config: { market },
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

type Session = ReturnType<typeof newSession>;

function shellFor(session: Session, url: string) {
  const shell = makeShell({ time: session.time, simulatorUrl: url, random: () => 0, log: () => {} });
  ends.push(() => shell.onEnd());
  shell.onLive(session.context);
  return shell;
}

async function simulate(port = 0, logPath: string | null = null) {
  const simulator = await startSimulator({ host: '127.0.0.1', port, market: MARKET, logPath, say: () => {} });
  ends.push(() => simulator.close());
  return simulator;
}

/** A venue whose every frame is the test's own. */
async function startVenue() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  ends.push(() => {
    for (const client of server.clients) client.terminate();
    return new Promise((resolve) => server.close(resolve));
  });
  await new Promise((resolve) => server.once('listening', resolve));
  let seq = 0;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    /** The next client that has subscribed, and what it asked for. */
    client: () =>
      new Promise<{ readonly socket: WebSocket; readonly asked: string }>((resolve) => {
        server.once('connection', (socket) => {
          seq = 0;
          socket.once('message', (asked) => resolve({ socket, asked: String(asked) }));
        });
      }),
    book: (symbol: string, sequence: number, price = 100) =>
      JSON.stringify({
        seq: ++seq,
        venue: symbol.endsWith('KRW') ? 'upbit' : 'binance',
        symbol,
        epoch: 1,
        sequence,
        exchangeAt: 1,
        bids: [[price, 1]],
        asks: [[price + 1, 1]],
      }),
  };
}

/** Everything that was sent before has been handled: a pong comes after it. */
function handled(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('pong', () => resolve());
    socket.ping();
  });
}

async function onVenue() {
  const venue = await startVenue();
  const session = newSession();
  const shell = shellFor(session, venue.url);
  const arrives = venue.client();
  shell.onLease(true);
  return { venue, session, shell, ...(await arrives) };
}

describe('market-data on the simulated venues', () => {
  it('says the universe, the rate, every venue as healthy, and every book in order, without one missing', async () => {
    const session = newSession();
    const shell = shellFor(session, (await simulate()).url);
    const healthy = ['upbit', 'binance'].map((venue) => session.next('health', (health) => health.venue === venue));
    const later = session.next('book', ({ sequence }) => sequence === 200);
    const fx = session.next('fx');
    shell.onLease(true);
    expect((await Promise.all(healthy)).map(({ state, reconnects }) => [state, reconnects])).toEqual([
      ['HEALTHY', 0],
      ['HEALTHY', 0],
    ]);
    await later;
    expect(session.of('universe')).toEqual([{ coins: ['BTC', 'ETH'], mode: 'configured', why: expect.any(String) }]);
    expect(await fx).toMatchObject({ pair: 'KRW-USDT', tier: 'single', sources: [{ source: 'simulator', used: true }] });
    for (const symbol of ['BTC-KRW', 'BTC-USDT', 'ETH-KRW', 'ETH-USDT']) {
      const sequences = session
        .of('book')
        .filter((book) => book.symbol === symbol)
        .map(({ sequence }) => sequence);
      expect(sequences.length).toBeGreaterThanOrEqual(199);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    }
    const books = session.said.filter(({ type }) => type === 'book');
    expect(books.every(({ at, data }) => at === (data as DataOf<'book'>).receivedAt)).toBe(true);
  });

  it('says exactly what the simulator wrote down as sent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'market-data-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'sent.jsonl');
    const simulator = await simulate(0, path);
    const session = newSession();
    const shell = shellFor(session, simulator.url);
    const later = session.next('book', ({ sequence }) => sequence === 150);
    const down = session.next('health', ({ state }) => state === 'DOWN');
    shell.onLease(true);
    await later;
    await simulator.close();
    await down;
    const arrived = session
      .of('book')
      .map(({ venue, symbol, sequence, bids, asks }) => ({ venue, symbol, sequence, hash: hashOfBook(bids, asks) }));
    expect(arrived).toEqual(readSentLog(path).map(({ venue, symbol, sequence, hash }) => ({ venue, symbol, sequence, hash })));
  });

  it('begins a higher epoch after the simulator has been started again, and says so in between', async () => {
    const first = await simulate();
    const session = newSession();
    const shell = shellFor(session, first.url);
    const book = session.next('book');
    shell.onLease(true);
    const { epoch } = await book;
    const down = session.next('health', ({ venue, state }) => venue === 'upbit' && state === 'DOWN');
    await first.close();
    await down;
    const again = session.next('book');
    const healthy = session.next('health', ({ venue, state }) => venue === 'upbit' && state === 'HEALTHY');
    await simulate(Number(new URL(first.url).port));
    const anew = await again;
    expect(anew.epoch).toBeGreaterThan(epoch);
    expect(anew.sequence).toBe(1);
    expect((await healthy).reconnects).toBe(1);
  });
});

describe('market-data with a venue in trouble', () => {
  it('asks for the venues of the session', async () => {
    const { asked } = await onVenue();
    expect(JSON.parse(asked)).toEqual({ subscribe: { venues: ['upbit', 'binance'] } });
  });

  it('keeps the newest book of each symbol while there is no room, and says it when there is', async () => {
    const { venue, session, socket } = await onVenue();
    session.state.room = 49;
    for (let sequence = 1; sequence <= 5; sequence++) socket.send(venue.book('BTC-KRW', sequence, 100 + sequence));
    socket.send(venue.book('ETH-USDT', 1));
    await handled(socket);
    expect(session.of('book')).toEqual([]);
    const last = session.next('book', ({ symbol }) => symbol === 'ETH-USDT');
    session.state.room = 1_000;
    await last;
    expect(session.of('book').map(({ symbol, sequence, bids }) => [symbol, sequence, bids[0]?.[0]])).toEqual([
      ['BTC-KRW', 5, 105],
      ['ETH-USDT', 1, 100],
    ]);
    session.time.skewMs += 11_000;
    expect((await session.next('health', (health) => health.venue === 'upbit')).conflated).toBe(4);
  });

  it('keeps what it could not say', async () => {
    const { venue, session, socket } = await onVenue();
    session.state.live = false;
    socket.send(venue.book('BTC-KRW', 1));
    socket.send(venue.book('BTC-KRW', 2));
    await handled(socket);
    const next = session.next('book');
    session.state.live = true;
    expect((await next).sequence).toBe(2);
  });

  it('says one book of each symbol a second while the stream fills up', async () => {
    const { venue, session, socket } = await onVenue();
    session.state.fill = 0.6;
    for (let sequence = 1; sequence <= 4; sequence++) socket.send(venue.book('BTC-KRW', sequence));
    socket.send(venue.book('ETH-KRW', 1));
    await handled(socket);
    expect(session.of('book').map(({ symbol, sequence }) => [symbol, sequence])).toEqual([
      ['BTC-KRW', 1],
      ['ETH-KRW', 1],
    ]);
    const next = session.next('book');
    session.time.skewMs += 1_000;
    expect((await next).sequence).toBe(4);
    session.time.skewMs += 11_000;
    const health = await session.next('health', ({ venue }) => venue === 'upbit');
    expect(health.conflated).toBe(2);
    expect(health.why).toContain('2 books shed');
  });

  it.each([
    ['garbage', 'no JSON at all', /1 bad frames, the last one: is not JSON/],
    [
      'a crossed book',
      JSON.stringify({ seq: 2, venue: 'upbit', symbol: 'BTC-KRW', epoch: 1, sequence: 9, exchangeAt: 1, bids: [[9, 1]], asks: [[8, 1]] }),
      /crossed/,
    ],
    [
      'a coin nobody watches',
      JSON.stringify({ seq: 2, venue: 'upbit', symbol: 'X-KRW', epoch: 1, sequence: 9, exchangeAt: 1, bids: [], asks: [] }),
      /X-KRW at upbit is not watched/,
    ],
    [
      'a book from before',
      JSON.stringify({ seq: 2, venue: 'upbit', symbol: 'BTC-KRW', epoch: 1, sequence: 1, exchangeAt: 1, bids: [], asks: [] }),
      /sequence 1 follows 1/,
    ],
  ])('counts %s, reports it, and goes on', async (_what, frame, why) => {
    const { venue, session, socket } = await onVenue();
    socket.send(venue.book('BTC-KRW', 1));
    socket.send(frame);
    const degraded = session.next('health', ({ state }) => state === 'DEGRADED');
    expect((await degraded).why).toMatch(why);
    const book = session.next('book');
    socket.send(venue.book('BTC-KRW', 2));
    expect((await book).sequence).toBe(2);
    expect(session.of('book').map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('calls a venue frozen that is connected and silent, each for itself, and lets go of a socket that stays so', async () => {
    const { venue, session, socket } = await onVenue();
    socket.send(venue.book('BTC-KRW', 1));
    socket.send(venue.book('BTC-USDT', 1));
    await handled(socket);
    session.time.skewMs += 3_000;
    socket.send(venue.book('BTC-USDT', 2));
    await handled(socket);
    const frozen = session.next('health', ({ state }) => state === 'FROZEN');
    session.time.skewMs += 3_000;
    expect((await frozen).venue).toBe('upbit');
    expect(session.of('health').filter((health) => health.venue === 'binance' && health.state !== 'HEALTHY')).toEqual([]);
    const again = venue.client();
    session.time.skewMs += 16_000;
    await again;
  });

  it('closes its socket with the lease, says nothing after that, and begins anew with the next one', async () => {
    const { venue, session, shell, socket } = await onVenue();
    const [book, closed] = [session.next('book'), new Promise((resolve) => socket.once('close', resolve))];
    socket.send(venue.book('BTC-KRW', 7));
    const { epoch } = await book;
    const before = session.said.length;
    shell.onLease(false);
    socket.send(venue.book('BTC-KRW', 8));
    await closed;
    expect(session.said.length).toBe(before);
    const arrives = venue.client();
    shell.onLease(true);
    const { socket: anew } = await arrives;
    const first = session.next('book');
    anew.send(venue.book('BTC-KRW', 7));
    expect((await first).epoch).toBeGreaterThan(epoch);
    expect(session.of('universe')).toHaveLength(2);
  });

  it('says nothing in the moment in which the lease cannot be trusted', async () => {
    const { venue, session, socket } = await onVenue();
    session.state.holds = false;
    socket.send(venue.book('BTC-KRW', 1));
    socket.send('{"fx":"KRW-USDT","rate":1400,"at":1}');
    await handled(socket);
    expect([...session.of('book'), ...session.of('fx')]).toEqual([]);
    const [book, fx] = [session.next('book'), session.next('fx')];
    session.state.holds = true;
    expect([(await book).sequence, (await fx).rate]).toEqual([1, 1_400]);
  });

  it('stays closed after the end', async () => {
    const { venue, session, shell, socket } = await onVenue();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    shell.onEnd();
    await closed;
    let connections = 0;
    venue.server.on('connection', () => connections++);
    shell.onLease(true);
    shell.onLive(session.context);
    const other = newSession();
    const arrives = venue.client();
    shellFor(other, venue.url).onLease(true);
    await arrives;
    expect(connections).toBe(1);
  });

  it('waits longer after each failure, never more than a minute', async () => {
    const waits: number[] = [];
    const session = newSession();
    const time: Time = {
      ...newTime(),
      after: (ms, call) =>
        session.time.after(0, () => {
          if (ms === SWEEP_MS) return;
          waits.push(ms);
          call();
        }),
    };
    const shell = makeShell({ time, simulatorUrl: 'http://127.0.0.1:1', random: () => 0.5, log: () => {} });
    ends.push(() => shell.onEnd());
    shell.onLive({ ...session.context, time });
    const down = session.next('health', ({ state }) => state === 'DOWN');
    shell.onLease(true);
    expect((await down).why).toContain('ECONNREFUSED');
    while (waits.length < 10) await new Promise((resolve) => setImmediate(resolve));
    expect(waits.slice(0, 10)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].map((wait) => wait * 0.75));
  });

  it.each(['live', 'recording'])('refuses the source %s', (source) => {
    const deps = { time: newTime(), simulatorUrl: 'http://127.0.0.1:1', random: () => 0, log: () => {} };
    const refusal = `expected market.source: simulated, the only source that can be read so far, found ${source}`;
    expect(() => makeShell({ ...deps, source })).toThrow(refusal);
    expect(() => makeShell(deps).onLive(newSession({ ...MARKET, source }).context)).toThrow(refusal);
  });
});
