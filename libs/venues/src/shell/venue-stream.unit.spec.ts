import { describe, expect, it } from '@jest/globals';
import type { BookOut, TradeOut, VenueAdapter } from '../adapter.ts';
import { binance } from '../binance/index.ts';
import { upbit } from '../upbit/index.ts';
import { FakeClock, fakeSockets } from './testing.ts';
import { VenueShell } from './venue-shell.ts';

const AT = 1_700_000_000_000;

function venue(adapter: VenueAdapter, codes: readonly string[]) {
  const clock = new FakeClock();
  const sockets = fakeSockets();
  const books: BookOut[] = [];
  const trades: TradeOut[] = [];
  const events: string[] = [];
  const asked: string[] = [];
  let snapshotId = 100;
  const shell = new VenueShell({
    adapter,
    addresses: { socket: 'ws://venue/stream', rest: ({ path }) => path },
    clock,
    random: () => 1,
    openSocket: sockets.open,
    httpGet: async (url) => {
      asked.push(url);
      const depth = { lastUpdateId: snapshotId, bids: [['100', '1']], asks: [['101', '1']] };
      const units = [{ ask_price: 101, bid_price: 100, ask_size: 1, bid_size: 1 }];
      const whole = [{ market: 'KRW-BTC', timestamp: AT, orderbook_units: units }];
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(url.startsWith('/api') ? depth : whole)) };
    },
    key: null,
    symbols: adapter.symbols(),
    depth: 30,
    trades: true,
    sink: {
      book: (book) => books.push(book),
      trade: (trade) => trades.push(trade),
      absent: (code, _symbol, why) => events.push(`absent ${code} ${why}`),
      fault: (why) => events.push(`fault ${why}`),
      note: (what) => events.push(`note ${what}`),
      opened: () => events.push('opened'),
      lost: (why, waitMs) => events.push(`lost ${why} ${waitMs}`),
    },
  });
  shell.watch(codes);
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const snapshotIs = (id: number): void => {
    snapshotId = id;
  };
  return { clock, sockets, books, trades, events, asked, shell, settle, snapshotIs };
}

const upbitBook = (bid: number, timestamp = AT) => ({
  ty: 'orderbook',
  cd: 'KRW-BTC',
  tms: timestamp,
  tas: 1,
  tbs: 1,
  obu: [{ ap: bid + 1, bp: bid, as: 1, bs: 1 }],
  st: 'REALTIME',
  lv: 0,
});
const change = (first: number, last: number, size = '2') => ({
  stream: 'btcusdt@depth@100ms',
  data: { e: 'depthUpdate', E: AT + last, s: 'BTCUSDT', U: first, u: last, b: [['100', size]], a: [] },
});
const trade = (t: number) => ({
  stream: 'btcusdt@trade',
  data: { e: 'trade', E: AT, s: 'BTCUSDT', t, p: '100', q: '1', T: AT, m: true },
});

async function liveBinance() {
  const made = venue(binance, ['BTCUSDT']);
  const { sockets, settle } = made;
  sockets.last().open();
  sockets.last().say(change(99, 101));
  await settle();
  return made;
}

describe('one connection to a venue', () => {
  it('subscribes when it is open, and says books', () => {
    const { sockets, books } = venue(upbit, ['KRW-BTC']);
    sockets.last().open();
    expect(sockets.last().sent[0]).toContain('"codes":["KRW-BTC.30"]');
    sockets.last().say(upbitBook(100));
    expect(books.map(({ symbol, bids }) => [symbol, bids])).toEqual([['BTC-KRW', [[100, 1]]]]);
  });

  it('takes books back when it is lost, comes back after a wait, and begins a higher epoch', () => {
    const { clock, sockets, books, events } = venue(upbit, ['KRW-BTC']);
    sockets.last().open();
    sockets.last().say(upbitBook(100));
    sockets.last().lose('cable cut');
    expect(events.slice(-2)).toEqual(['lost cable cut 250', 'absent KRW-BTC cable cut']);
    clock.pass(249);
    expect(sockets.all).toHaveLength(1);
    clock.pass(2);
    expect(sockets.all).toHaveLength(2);
    sockets.last().open();
    sockets.last().say(upbitBook(100));
    expect(books[1]?.epoch).toBeGreaterThan(books[0]?.epoch as number);
  });

  it('waits longer with each failure, and a socket that only opens is no success', () => {
    const { clock, sockets, events } = venue(upbit, ['KRW-BTC']);
    for (let i = 0; i < 8; i++) {
      sockets.last().open();
      sockets.last().lose('no', 'refused');
      clock.pass(60_000);
    }
    expect(events.filter((event) => event.startsWith('lost')).map((event) => Number(event.split(' ').at(-1)))).toEqual([
      250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000,
    ]);
  });

  it('asks a silent venue whether it is there, and leaves a half-open connection', () => {
    const { clock, sockets, events } = venue(upbit, ['KRW-BTC']);
    const first = sockets.last();
    first.open();
    first.say(upbitBook(100));
    clock.pass(2_200);
    expect(first.pings).toBe(1);
    first.pong();
    clock.pass(4_000);
    expect(first.ended).toBe(false);
    clock.pass(1_200);
    expect(first.ended).toBe(true);
    expect(events.at(-2)).toContain('lost half-open');
  });

  it('does not blame the venue for a time in which this process slept', () => {
    const { clock, sockets, events } = venue(upbit, ['KRW-BTC']);
    sockets.last().open();
    clock.pass(100);
    clock.sleep(30_000);
    clock.pass(200);
    expect(events).toEqual(['opened']);
  });

  it('takes books over REST at a bounded rate while the stream stays away, and says that they are a back-up', async () => {
    const { clock, sockets, books, asked, settle } = venue(upbit, ['KRW-BTC']);
    sockets.last().open();
    sockets.last().say(upbitBook(100));
    sockets.last().lose('gone', 'refused', 600_000);
    for (let i = 0; i < 100; i++) {
      clock.pass(100);
      await settle();
    }
    const backups = books.filter(({ backup }) => backup);
    expect(backups.length).toBeGreaterThanOrEqual(6);
    expect(asked.length).toBeLessThanOrEqual(8);
  });

  it('says a quiet book again that the venue confirms, and takes that for no sign of life of the stream', async () => {
    const { clock, sockets, books, asked, settle } = venue(upbit, ['KRW-BTC']);
    sockets.last().open();
    sockets.last().say(upbitBook(100));
    for (let i = 0; i < 160; i++) {
      clock.pass(100);
      sockets.last().pong();
      await settle();
    }
    const confirmed = books.filter((book) => book.confirmed === true);
    expect(confirmed.length).toBeGreaterThanOrEqual(6);
    expect(new Set(confirmed.map(({ epoch, backup }) => `${epoch} ${backup}`))).toEqual(new Set([`${books[0]?.epoch} false`]));
    expect(asked.length).toBeLessThanOrEqual(16);
    // Fifteen seconds without a book of the stream: another connection is tried.
    expect(sockets.all).toHaveLength(2);
  });

  it('takes a book back at a gap, and is right again with the next snapshot', async () => {
    const { clock, sockets, books, events, settle, snapshotIs } = await liveBinance();
    expect(books.at(-1)?.sequence).toBe(101);
    snapshotIs(200);
    sockets.last().say(change(150, 160));
    expect(events.at(-1)).toBe('absent BTCUSDT gap');
    clock.pass(100);
    await settle();
    const epoch = books.at(-1)?.epoch as number;
    sockets.last().say(change(201, 202));
    expect(books.at(-1)).toMatchObject({ sequence: 202, epoch });
    expect(epoch).toBeGreaterThan(books[0]?.epoch as number);
  });

  it('opens a successor before a planned end, says every update, and changes over without a hole', async () => {
    const { clock, sockets, books, trades, events, settle, snapshotIs } = await liveBinance();
    const old = sockets.last();
    old.say({ stream: '!x', data: { e: 'serverShutdown', E: AT } });
    expect(sockets.all).toHaveLength(2);
    const next = sockets.last();
    next.open();
    snapshotIs(103);
    old.say(change(102, 105));
    old.say(trade(1));
    next.say(change(102, 103));
    next.say(trade(1));
    await settle();
    // The successor knows less than the old one, which goes on.
    expect([old.ended, books.at(-1)?.sequence]).toEqual([false, 105]);
    next.say(change(104, 106));
    expect([old.ended, books.at(-1)?.sequence]).toEqual([true, 106]);
    expect(books.map(({ sequence }) => sequence).slice(-3)).toEqual([101, 105, 106]);
    next.say(trade(2));
    expect(trades.map(({ id }) => id)).toEqual(['1', '2']);
    expect(events.filter((event) => event.startsWith('absent') || event.startsWith('lost'))).toEqual([]);
    const epochs = books.map(({ epoch }) => epoch);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    expect(epochs.at(-1)).toBeGreaterThan(epochs[0] as number);
    clock.pass(5_000);
    expect(sockets.all).toHaveLength(2);
  });

  it('says also those updates that the old connection did not come to any more', async () => {
    const { sockets, books, settle, snapshotIs } = await liveBinance();
    const old = sockets.last();
    old.say({ stream: '!x', data: { e: 'serverShutdown', E: AT } });
    const next = sockets.last();
    next.open();
    old.say(change(102, 105));
    snapshotIs(103);
    next.say(change(102, 103));
    next.say(change(104, 105));
    for (let u = 106; u < 109; u++) next.say(change(u, u));
    await settle();
    next.say(change(109, 110));
    expect(old.ended).toBe(true);
    expect(books.map(({ sequence }) => sequence)).toEqual([100, 101, 105, 106, 107, 108, 110]);
  });

  it('asks a venue that refuses what it is asked more and more rarely', () => {
    const { clock, sockets, events } = venue(upbit, ['KRW-BTC']);
    for (let i = 0; i < 8; i++) {
      sockets.last().open();
      sockets.last().say({ error: { name: 'NO_CODES', message: 'no codes' } });
      clock.pass(60_000);
    }
    expect(events.filter((event) => event.startsWith('lost')).map((event) => Number(event.split(' ').at(-1)))).toEqual([
      250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000,
    ]);
  });

  it('changes over at once when the old connection ends before the successor is ready', async () => {
    const { clock, sockets, books, settle, snapshotIs } = await liveBinance();
    const old = sockets.last();
    old.say({ stream: '!x', data: { e: 'serverShutdown', E: AT } });
    sockets.last().open();
    old.lose('shut down');
    snapshotIs(110);
    sockets.last().say(change(111, 112));
    await settle();
    expect(books.at(-1)?.sequence).toBe(112);
    clock.pass(5_000);
    expect(sockets.all).toHaveLength(2);
  });

  it('replaces a live connection that gives no new book, more and more rarely', () => {
    const { clock, sockets } = venue(upbit, ['KRW-BTC']);
    sockets.last().open();
    sockets.last().say(upbitBook(100));
    const alive = (ms: number): void => {
      for (let i = 0; i < ms / 1_000; i++) {
        clock.pass(1_000);
        for (const socket of sockets.all) if (!socket.ended) socket.pong();
      }
    };
    alive(14_000);
    expect(sockets.all).toHaveLength(1);
    alive(2_000);
    expect(sockets.all).toHaveLength(2);
    sockets.last().open();
    // The venue has nothing new to say on the new one either.
    sockets.last().say(upbitBook(100));
    alive(14_000);
    expect(sockets.all[0]?.ended).toBe(true);
  });

  it('spreads many codes over several connections, and keeps them when others come', () => {
    const codes = Array.from({ length: 801 }, (_, i) => `KRW-C${i}`);
    const { sockets, shell } = venue(upbit, codes);
    expect(sockets.all).toHaveLength(2);
    shell.watch([...codes, 'KRW-BTC']);
    expect(sockets.all).toHaveLength(2);
    shell.watch(codes.slice(0, 10));
    expect(sockets.all.map(({ ended }) => ended)).toEqual([false, true]);
  });

  it('holds its frames to what the venue takes on a connection, less a ping and an answer to one', () => {
    const codes = Array.from({ length: 400 }, (_, i) => `C${i}USDT`);
    const { clock, sockets, shell } = venue(binance, codes);
    sockets.last().open();
    for (let i = 0; i < 10; i++) shell.watch(codes.slice(0, 300 - i));
    expect(sockets.last().sent.length).toBe(3);
    clock.pass(1_100);
    expect(sockets.last().sent.length).toBe(6);
  });

  it('is silent after its end', () => {
    const { clock, sockets, books, shell } = venue(upbit, ['KRW-BTC']);
    sockets.last().open();
    shell.close();
    sockets.last().say(upbitBook(100));
    sockets.last().lose();
    clock.pass(100_000);
    expect([books.length, sockets.all.length, sockets.last().ended]).toEqual([0, 1, true]);
  });
});
