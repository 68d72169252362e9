import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOfBook, readSentLog, startSimulator } from '@arb/simulator';
import { httpGet } from '@arb/venues/shell';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type MarketDataDeps, makeShell } from '../index.ts';
import { handled, newSession, type Session, startUpbit } from './testing.ts';

const MARKET = {
  source: 'simulated' as const,
  coins: ['BTC', 'ETH'],
  venues: [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ],
  booksPerSecond: 400,
  depth: 5,
  seed: '1',
};
const UPBIT_ALONE = { ...MARKET, venues: [{ name: 'upbit', quote: 'KRW' }] };

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function shellFor(session: Session, url: string, more: Partial<MarketDataDeps> = {}) {
  const deps = { time: session.time, simulatorUrl: url, bankRateUrl: null, recordings: null, ...more };
  const shell = makeShell({ ...deps, random: () => 0, log: () => {} });
  ends.push(() => shell.onEnd());
  shell.onLive(session.context);
  return shell;
}

async function simulate(port = 0, logPath: string | null = null) {
  const simulator = await startSimulator({ host: '127.0.0.1', port, market: MARKET, logPath, say: () => {} });
  ends.push(() => simulator.close());
  return simulator;
}

/** One connected shell, and a venue whose every frame is the test's own. */
async function onVenue(market: object = {}, coins: readonly string[] = ['BTC', 'ETH']) {
  const venue = await startUpbit(coins);
  ends.push(() => venue.close());
  const session = newSession({ ...UPBIT_ALONE, ...market });
  const shell = shellFor(session, venue.url);
  const arrives = venue.client();
  shell.onLease(true);
  return { venue, session, shell, ...(await arrives) };
}

describe('market-data on the simulated venues', () => {
  it('says universe, instruments, rates and health of every venue, and books in order of epoch and sequence', async () => {
    const session = newSession(MARKET);
    const shell = shellFor(session, (await simulate()).url);
    const healthy = ['upbit', 'binance'].map((venue) => session.next('health', (health) => health.venue === venue));
    const instruments = ['upbit', 'binance'].map((name) => session.next('instruments', ({ venue }) => venue === name));
    const fx = session.next('fx', ({ pair, tier }) => pair === 'KRW-USDT' && tier === 'single');
    const trade = session.next('trade');
    shell.onLease(true);
    expect((await Promise.all(healthy)).map(({ state, reconnects, suspended, warned }) => [state, reconnects, suspended, warned])).toEqual([
      ['HEALTHY', 0, [], []],
      ['HEALTHY', 0, [], []],
    ]);
    expect(session.of('universe')).toEqual([{ coins: ['BTC', 'ETH'], mode: 'FIXED_LIST', why: expect.any(String) }]);
    expect((await Promise.all(instruments)).map(({ fees, symbols }) => [fees.taker, symbols.map(({ symbol }) => symbol)])).toEqual([
      ['0.0005', ['BTC-KRW', 'ETH-KRW']],
      ['0.001', ['BTC-USDT', 'ETH-USDT']],
    ]);
    const rate = await fx;
    expect(rate.sources.filter(({ used }) => used)).toEqual([
      { source: 'upbit USDT-KRW', rate: rate.rate, ageMs: expect.any(Number), used: true },
    ]);
    expect([rate.bankRate, rate.stableRate]).toEqual([expect.any(Number), rate.rate]);
    await trade;
    while (session.of('book').length < 400) await session.next('book');
    for (const symbol of ['BTC-KRW', 'BTC-USDT', 'ETH-KRW', 'ETH-USDT']) {
      const books = session.of('book').filter((book) => book.symbol === symbol);
      expect(books.length).toBeGreaterThan(10);
      for (const [i, book] of books.entries()) {
        const before = books[i - 1];
        if (before !== undefined) expect(book.epoch > before.epoch || book.sequence > before.sequence).toBe(true);
        expect(Math.max(book.bids.length, book.asks.length)).toBeLessThanOrEqual(5);
      }
    }
    const said = session.said.filter(({ type }) => type === 'book');
    expect(said.every(({ at, data }) => at === (data as { receivedAt: number }).receivedAt)).toBe(true);
  });

  it('says no book that the venue did not have', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'market-data-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'sent.jsonl');
    const simulator = await simulate(0, path);
    const session = newSession(MARKET);
    const shell = shellFor(session, simulator.url);
    shell.onLease(true);
    while (session.of('book').length < 400) await session.next('book');
    const down = session.next('health', ({ state }) => state === 'DOWN');
    await simulator.close();
    await down;
    const sent = new Set(readSentLog(path).map(({ venue, symbol, hash }) => `${venue} ${symbol} ${hash}`));
    const books = session.of('book').filter(({ bids, asks }) => bids.length + asks.length > 0);
    expect(books.filter(({ venue, symbol, bids, asks }) => !sent.has(`${venue} ${symbol} ${hashOfBook(bids, asks)}`))).toEqual([]);
  });

  it('takes its books back when the venues are gone, and begins higher epochs when they are there again', async () => {
    const first = await simulate();
    const session = newSession(MARKET);
    const shell = shellFor(session, first.url);
    const quoted = Promise.all(['upbit', 'binance'].map((name) => session.next('book', ({ venue }) => venue === name)));
    shell.onLease(true);
    const epochs = new Map((await quoted).map(({ venue, epoch }) => [venue, epoch]));
    const gone = Promise.all(
      ['upbit', 'binance'].map((name) =>
        session.next('book', ({ venue, bids, asks }) => venue === name && bids.length + asks.length === 0),
      ),
    );
    const down = session.next('health', ({ venue, state }) => venue === 'upbit' && state === 'DOWN');
    await first.close();
    await Promise.all([gone, down]);
    const again = Promise.all(
      ['upbit', 'binance'].map((name) => session.next('book', ({ venue, bids }) => venue === name && bids.length > 0)),
    );
    const healthy = session.next('health', ({ venue, state }) => venue === 'upbit' && state === 'HEALTHY');
    await simulate(Number(new URL(first.url).port));
    for (const { venue, epoch } of await again) expect(epoch).toBeGreaterThan(epochs.get(venue) as number);
    expect((await healthy).reconnects).toBe(1);
  });

  it('chooses the best coins by itself', async () => {
    const session = newSession({ ...MARKET, universe: 'TOP_N', topN: 1 });
    const shell = shellFor(session, (await simulate()).url);
    const chosen = session.next('universe');
    const book = session.next('book');
    shell.onLease(true);
    const { coins, mode } = await chosen;
    expect([coins.length, mode]).toEqual([1, 'TOP_N']);
    expect((await book).symbol.split('-')[0]).toBe(coins[0]);
  });
});

describe('market-data and its universe', () => {
  it('says when other coins have become the best, takes the books of those that leave back, and watches those that come', async () => {
    let best = 'ETH';
    const session = newSession({ ...MARKET, universe: 'TOP_N', topN: 1, universeSeconds: 1 });
    const shell = shellFor(session, (await simulate()).url, {
      // One coin is traded a million times as much as it was.
      httpGet: async (url) => {
        const answer = await httpGet(url);
        if (!url.includes('/ticker')) return answer;
        const rows = JSON.parse(Buffer.from(answer.body).toString()) as Record<string, unknown>[];
        for (const row of rows) {
          const often = String(row.market ?? row.symbol).includes(best) ? 1e15 : 1;
          row[row.market === undefined ? 'quoteVolume' : 'acc_trade_price_24h'] = row.market === undefined ? String(often) : often;
          if (row.market === undefined) Object.assign(row, { bidPrice: '10', askPrice: '11', bidQty: String(often), askQty: '1' });
        }
        return { ...answer, body: Buffer.from(JSON.stringify(rows)) };
      },
    });
    const first = session.next('book', ({ symbol, bids }) => symbol === 'ETH-KRW' && bids.length > 0);
    shell.onLease(true);
    await first;
    const changed = session.next('universe');
    const gone = session.next('book', ({ symbol, bids }) => symbol === 'ETH-KRW' && bids.length === 0);
    const come = session.next('book', ({ symbol, bids }) => symbol === 'BTC-KRW' && bids.length > 0);
    best = 'BTC';
    expect((await changed).coins).toEqual(['BTC']);
    await Promise.all([gone, come]);
    expect(session.of('universe').map(({ coins }) => coins)).toEqual([['ETH'], ['BTC']]);
  });

  it('leaves out a coin whose name is not of letters and digits, as Binance has one', async () => {
    const session = newSession({ ...MARKET, universe: 'FULL_MARKET' });
    const shell = shellFor(session, (await simulate()).url, {
      httpGet: async (url) => {
        const answer = await httpGet(url);
        const rows = (change: (list: object[]) => void): Uint8Array => {
          const list = JSON.parse(Buffer.from(answer.body).toString()) as object[] & { symbols?: object[] };
          change(list.symbols ?? list);
          return Buffer.from(JSON.stringify(list));
        };
        const named = { symbol: '币安人生USDT', baseAsset: '币安人生', quoteAsset: 'USDT', status: 'TRADING', filters: [] };
        if (url.includes('/exchangeInfo')) return { ...answer, body: rows((list) => list.push(named)) };
        if (url.includes('/market/all')) return { ...answer, body: rows((list) => list.push({ market: 'KRW-币安人生' })) };
        return answer;
      },
    });
    const chosen = session.next('universe');
    shell.onLease(true);
    expect([...(await chosen).coins].sort()).toEqual(['BTC', 'ETH']);
  });
});

describe('market-data with a venue in trouble', () => {
  it('asks for its coins and for the rate, and for nothing that the venue does not list', async () => {
    const { asked } = await onVenue({ coins: ['BTC', 'ETH', 'NOWHERE'] });
    expect(JSON.parse(asked)[1]).toEqual({ type: 'orderbook', codes: ['KRW-BTC.5', 'KRW-ETH.5', 'KRW-USDT.5'] });
  });

  it('says a quiet book again while the venue says that it is still true, and not any more when it is another', async () => {
    const { venue, session, socket } = await onVenue();
    const first = venue.book('BTC', 100);
    const { tms, obu } = JSON.parse(first.toString()) as { tms: number; obu: { ap: number; bp: number; as: number; bs: number }[] };
    let changedAt = tms;
    let askedAgain = (): void => {};
    venue.answers.set('/v1/orderbook', () => {
      askedAgain();
      const units = obu.map(({ ap, bp, as, bs }) => ({ ask_price: ap, bid_price: bp, ask_size: as, bid_size: bs }));
      return [{ market: 'KRW-BTC', timestamp: changedAt, orderbook_units: units }];
    });
    const said = session.next('book');
    socket.send(first);
    const { epoch, receivedAt, exchangeAt } = await said;
    const again = await session.next('book');
    expect(again).toMatchObject({ symbol: 'BTC-KRW', epoch, sequence: 2, exchangeAt, bids: [[100, 1]] });
    expect(again.receivedAt - receivedAt).toBeGreaterThanOrEqual(2_000_000);
    expect([again.backup, again.lateMs]).toEqual([undefined, undefined]);
    changedAt++;
    // The second question is asked once the first is answered.
    for (let i = 0; i < 2; i++)
      await new Promise<void>((resolve) => {
        askedAgain = resolve;
      });
    expect(session.of('book')).toHaveLength(2);
  }, 20_000);

  it('takes back what is not listed any more and watches the others, or it would refuse every request that names it', async () => {
    const { venue, session, socket } = await onVenue({ statusSeconds: 1 });
    const quoted = session.next('book');
    socket.send(venue.book('ETH', 7));
    await quoted;
    const gone = session.next('book', ({ symbol, bids }) => symbol === 'ETH-KRW' && bids.length === 0);
    const wish = new Promise<string>((resolve) => socket.once('message', (message) => resolve(String(message))));
    venue.answers.set('/v1/market/all', () => ['USDT', 'BTC'].map((coin) => ({ market: `KRW-${coin}` })));
    expect(JSON.parse(await wish)[1].codes).toEqual(['KRW-BTC.5', 'KRW-USDT.5']);
    await gone;
  });

  it('asks for the whole list where one pair of it is refused', async () => {
    const session = newSession({ ...MARKET, statusSeconds: 1 });
    const asked: string[] = [];
    let whole = (): void => {};
    const shell = shellFor(session, (await simulate()).url, {
      httpGet: async (url) => {
        if (!url.includes('/exchangeInfo')) return httpGet(url);
        const some = url.includes('symbols=');
        asked.push(some ? 'some' : 'all');
        if (asked.slice(-2).join() === 'some,all') whole();
        return some ? { status: 400, headers: {}, body: Buffer.from('{"code":-1121,"msg":"Invalid symbol."}') } : httpGet(url);
      },
    });
    const again = new Promise<void>((resolve) => {
      whole = resolve;
    });
    shell.onLease(true);
    await again;
    expect(asked[0]).toBe('all');
  });

  it('says the rate of the book and no book of it', async () => {
    const { venue, session, socket } = await onVenue();
    const fx = session.next('fx', ({ pair }) => pair === 'KRW-USDT');
    socket.send(venue.book('USDT', 1_399));
    expect(await fx).toMatchObject({ rate: 1_399.5, tier: 'single', bankRate: null, stableRate: 1_399.5 });
    expect(session.of('book')).toEqual([]);
  });

  it('keeps the newest book of each symbol while there is no room, and says it when there is', async () => {
    const { venue, session, socket } = await onVenue();
    session.state.room = 49;
    for (let bid = 101; bid <= 105; bid++) socket.send(venue.book('BTC', bid));
    socket.send(venue.book('ETH', 7));
    await handled(socket);
    expect(session.of('book')).toEqual([]);
    const last = session.next('book', ({ symbol }) => symbol === 'ETH-KRW');
    session.state.room = 1_000;
    await last;
    expect(session.of('book').map(({ symbol, bids }) => [symbol, bids[0]?.[0]])).toEqual([
      ['BTC-KRW', 105],
      ['ETH-KRW', 7],
    ]);
    const health = session.next('health', ({ conflated }) => conflated > 0);
    session.time.skewMs += 11_000;
    expect((await health).conflated).toBe(4);
  });

  it('keeps what it could not say', async () => {
    const { venue, session, socket } = await onVenue();
    session.state.live = false;
    socket.send(venue.book('BTC', 100));
    socket.send(venue.book('BTC', 101));
    await handled(socket);
    const next = session.next('book');
    session.state.live = true;
    expect((await next).bids[0]?.[0]).toBe(101);
  });

  it('says one book of each symbol a second and no trade while the stream fills up', async () => {
    const { venue, session, socket } = await onVenue();
    session.state.fill = 0.6;
    for (let bid = 1; bid <= 4; bid++) socket.send(venue.book('BTC', bid));
    socket.send(venue.trade('BTC', 1));
    socket.send(venue.book('ETH', 1));
    await handled(socket);
    expect(session.of('book').map(({ symbol, bids }) => [symbol, bids[0]?.[0]])).toEqual([
      ['BTC-KRW', 1],
      ['ETH-KRW', 1],
    ]);
    expect(session.of('trade')).toEqual([]);
    const next = session.next('book');
    session.time.skewMs += 1_000;
    expect((await next).bids[0]?.[0]).toBe(4);
  });

  it('says trades, each once', async () => {
    const { venue, session, socket } = await onVenue();
    const second = session.next('trade', ({ id }) => id === '2');
    for (const id of [1, 1, 2]) socket.send(venue.trade('BTC', id));
    await second;
    expect(session.of('trade').map(({ symbol, side, id }) => [symbol, side, id])).toEqual([
      ['BTC-KRW', 'buy', '1'],
      ['BTC-KRW', 'buy', '2'],
    ]);
  });

  it('takes a crossed book back at once, reports it, and goes on in a new epoch', async () => {
    const { venue, session, socket } = await onVenue();
    const good = session.next('book');
    socket.send(venue.book('BTC', 100));
    const { epoch } = await good;
    const empty = session.next('book');
    const degraded = session.next('health', ({ state }) => state === 'DEGRADED');
    socket.send(Buffer.from(venue.book('BTC', 100).toString().replace('"ap":101', '"ap":99')));
    expect(await empty).toMatchObject({ symbol: 'BTC-KRW', bids: [], asks: [], epoch });
    expect((await degraded).why).toContain('BTC-KRW: crossed');
    const next = session.next('book');
    socket.send(venue.book('BTC', 102));
    expect((await next).epoch).toBeGreaterThan(epoch);
  });

  it('counts garbage, reports it, and goes on', async () => {
    const { venue, session, socket } = await onVenue();
    const degraded = session.next('health', ({ state }) => state === 'DEGRADED');
    socket.send(venue.book('BTC', 100));
    socket.send('no JSON at all');
    socket.send(venue.book('BTC', 101));
    const health = await degraded;
    await handled(socket);
    expect(health.why).toContain('not JSON');
    expect(health.counters?.bad).toBe(1);
    expect(session.of('book').at(-1)?.bids[0]?.[0]).toBe(101);
  });

  it('names suspended wallets and warned coins, and says when that changes', async () => {
    const venue = await startUpbit(['BTC', 'RISKY']);
    ends.push(() => venue.close());
    const wallet = (wallet_state: string) => () => [{ currency: 'BTC', net_type: 'BTC', wallet_state }];
    venue.answers.set('/v1/status/wallet', wallet('paused'));
    const session = newSession({ ...UPBIT_ALONE, coins: ['BTC', 'RISKY'], statusSeconds: 1 });
    const shell = shellFor(session, venue.url);
    const arrives = venue.client();
    const suspended = session.next('health', (health) => health.suspended.length > 0);
    shell.onLease(true);
    const { socket } = await arrives;
    socket.send(venue.book('BTC', 100));
    expect(await suspended).toMatchObject({ suspended: ['BTC'], warned: [{ coin: 'RISKY', what: 'WARNING' }] });
    const free = session.next('health', (health) => health.suspended.length === 0);
    venue.answers.set('/v1/status/wallet', wallet('working'));
    await free;
  });

  it('calls a venue frozen that is connected and silent', async () => {
    const { venue, session, socket } = await onVenue();
    const healthy = session.next('health', ({ state }) => state === 'HEALTHY');
    socket.send(venue.book('BTC', 100));
    await healthy;
    const frozen = session.next('health', ({ state }) => state === 'FROZEN');
    session.time.skewMs += 5_500;
    expect((await frozen).why).toContain('no book for 5 s');
  });

  it('lets a coin that only looks alike pass under its own name', async () => {
    const { asked, venue, session, socket } = await onVenue({ coins: ['TOKAMAK'], coinNames: { upbit: { TON: 'TOKAMAK' } } }, ['TON']);
    expect(asked).toContain('KRW-TON');
    const book = session.next('book');
    socket.send(venue.book('TON', 5));
    expect((await book).symbol).toBe('TOKAMAK-KRW');
  });

  it('watches on when the list of the venue cannot be had', async () => {
    const venue = await startUpbit(['BTC']);
    ends.push(() => venue.close());
    venue.answers.clear();
    const session = newSession(UPBIT_ALONE);
    const shell = shellFor(session, venue.url);
    const arrives = venue.client();
    shell.onLease(true);
    const { socket, asked } = await arrives;
    expect(asked).toContain('KRW-BTC');
    const book = session.next('book');
    socket.send(venue.book('BTC', 100));
    await book;
  });
});

describe('market-data and its lease', () => {
  it('closes its socket with the lease, says nothing after that, and begins anew with the next one', async () => {
    const { venue, session, shell, socket } = await onVenue();
    const [book, closed] = [session.next('book'), new Promise((resolve) => socket.once('close', resolve))];
    socket.send(venue.book('BTC', 100));
    const { epoch } = await book;
    const before = session.said.length;
    shell.onLease(false);
    socket.send(venue.book('BTC', 101));
    await closed;
    expect(session.said.length).toBe(before);
    const arrives = venue.client();
    const [health, instruments] = [session.next('health'), session.next('instruments')];
    shell.onLease(true);
    const { socket: anew } = await arrives;
    const first = session.next('book');
    anew.send(venue.book('BTC', 100));
    expect((await first).epoch).toBeGreaterThan(epoch);
    await Promise.all([health, instruments]);
    expect(session.of('universe')).toHaveLength(2);
  });

  it('says nothing in the moment in which the lease cannot be trusted', async () => {
    const { venue, session, socket } = await onVenue();
    session.state.holds = false;
    const before = session.said.length;
    socket.send(venue.book('BTC', 100));
    socket.send(venue.book('USDT', 1_400));
    await handled(socket);
    expect(session.said.length).toBe(before);
    const [book, fx] = [session.next('book'), session.next('fx')];
    session.state.holds = true;
    expect([(await book).bids[0]?.[0], (await fx).rate]).toEqual([100, 1_400.5]);
  });

  it('stays closed after the end', async () => {
    const { venue, session, shell, socket } = await onVenue();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    shell.onEnd();
    await closed;
    let connections = 0;
    venue.sockets.on('connection', () => connections++);
    shell.onLease(true);
    shell.onLive(session.context);
    const other = newSession(UPBIT_ALONE);
    const arrives = venue.client();
    shellFor(other, venue.url).onLease(true);
    await arrives;
    expect(connections).toBe(1);
  });

  it('refuses a venue that nobody speaks with', () => {
    const session = newSession({ ...MARKET, venues: [{ name: 'nowhere', quote: 'KRW' }] });
    expect(() => shellFor(session, 'http://127.0.0.1:1')).toThrow(/expected market.venues to name some of upbit, binance, found nowhere/);
  });
});
