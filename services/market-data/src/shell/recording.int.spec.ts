import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordingsFolder } from '@arb/venues/recording';
import { afterEach, describe, expect, it } from '@jest/globals';
import { loadRecordings, makeShell } from '../index.ts';
import { newSession } from './testing.ts';

const MARKET = {
  source: 'recording' as const,
  coins: ['BTC'],
  venues: [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ],
  booksPerSecond: 1,
  depth: 30,
  seed: '1',
  recordingSpeed: 'max' as const,
};
const folder = recordingsFolder();

const ends: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

function play(market: Parameters<typeof loadRecordings>[0]) {
  const session = newSession(market);
  const shell = makeShell({
    time: session.time,
    simulatorUrl: 'http://127.0.0.1:1',
    bankRateUrl: null,
    random: () => 0,
    log: () => {},
    recordings: loadRecordings(market, {}),
  });
  ends.push(() => shell.onEnd());
  shell.onLive(session.context);
  shell.onLease(true);
  return session;
}

const SECOND = 1_600_000_000;
const upbitLine = (seconds: number, bid: number) =>
  JSON.stringify({
    t: 'recv',
    conn: 'a',
    ts: SECOND + seconds,
    data: JSON.stringify({
      ty: 'orderbook',
      cd: 'KRW-BTC',
      tms: (SECOND + seconds) * 1_000 - 20,
      obu: [{ ap: bid + 1, bp: bid, as: 1, bs: 1 }],
      st: 'REALTIME',
    }),
  });

function write(name: string, lines: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'market-data-'));
  ends.push(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, name), lines.join('\n'));
  return join(dir, name);
}

describe('market-data on recordings', () => {
  it('says every book in order as if it came now, with the delay that it had, and then that the venue is gone', async () => {
    const file = write(
      'upbit.jsonl',
      Array.from({ length: 500 }, (_, i) => upbitLine(i * 10, 1_000 + i)),
    );
    const session = play({ ...MARKET, venues: [{ name: 'upbit', quote: 'KRW' }], recordings: { upbit: [file] } });
    await session.next('health', ({ state, why }) => state === 'DOWN' && why.includes('the recording has ended'));
    const books = session.of('book').filter(({ bids }) => bids.length > 0);
    expect(books.map(({ bids }) => bids[0]?.[0])).toEqual(Array.from({ length: 500 }, (_, i) => 1_000 + i));
    for (const { receivedAt, exchangeAt } of books) expect(receivedAt - (exchangeAt as number)).toBeCloseTo(20_000, -2);
  });

  it('waits for room at full speed: nothing is conflated', async () => {
    const file = write(
      'upbit.jsonl',
      Array.from({ length: 300 }, (_, i) => upbitLine(i, 1_000 + i)),
    );
    const session = play({ ...MARKET, venues: [{ name: 'upbit', quote: 'KRW' }], recordings: { upbit: [file] } });
    session.state.room = 50;
    const first = session.next('book');
    session.state.room = 51;
    await first;
    session.state.room = 1_000;
    const down = await session.next('health', ({ state }) => state === 'DOWN');
    expect(down.conflated).toBe(0);
  });

  it('merges venues by when things happened', async () => {
    const upbit = write(
      'upbit.jsonl',
      [0, 2, 4].map((at) => upbitLine(at, 1_000 + at)),
    );
    const depth = (id: number) => JSON.stringify({ lastUpdateId: id, bids: [['10', '1']], asks: [['11', '1']] });
    const change = (id: number) =>
      JSON.stringify({
        stream: 'btcusdt@depth@100ms',
        data: { e: 'depthUpdate', E: SECOND * 1_000, s: 'BTCUSDT', U: id, u: id, b: [], a: [] },
      });
    const line = (at: number, fields: object) => JSON.stringify({ ...fields, conn: 'b', ts: SECOND + at });
    const binance = write('binance.jsonl', [
      line(0.5, { t: 'recv', data: change(1) }),
      line(0.6, { t: 'http', url: 'https://api.binance.com/api/v3/depth?symbol=BTCUSDT', data: depth(1) }),
      line(1, { t: 'recv', data: change(2) }),
      line(3, { t: 'recv', data: change(3) }),
    ]);
    const session = play({ ...MARKET, recordings: { upbit: [upbit], binance: [binance] } });
    await session.next('health', ({ venue, state }) => venue === 'upbit' && state === 'DOWN');
    const order = session.of('book').filter(({ bids }) => bids.length > 0);
    expect(order.map(({ venue, sequence }) => `${venue} ${sequence}`)).toEqual([
      'upbit 1',
      'binance 1',
      'binance 2',
      'upbit 2',
      'binance 3',
      'upbit 3',
    ]);
  });

  it('plays recordings of different days as if they had begun together', async () => {
    const years = 100_000_000;
    const upbit = write(
      'upbit.jsonl',
      [0, 2].map((at) => upbitLine(at, 1_000 + at)),
    );
    const line = (at: number, fields: object) => JSON.stringify({ ...fields, conn: 'b', ts: SECOND + years + at });
    const depth = JSON.stringify({ lastUpdateId: 1, bids: [['10', '1']], asks: [['11', '1']] });
    const binance = write('binance.jsonl', [
      line(0, { t: 'connect', addr: 'x' }),
      line(1, { t: 'http', url: 'https://api.binance.com/api/v3/depth?symbol=BTCUSDT', data: depth }),
    ]);
    const session = play({ ...MARKET, recordings: { upbit: [upbit], binance: [binance] } });
    await session.next('health', ({ venue, state }) => venue === 'upbit' && state === 'DOWN');
    const order = session.of('book').filter(({ bids }) => bids.length > 0);
    expect(order.map(({ venue }) => venue)).toEqual(['upbit', 'binance', 'upbit']);
  });

  it('refuses a file that cannot be read before any session is joined', () => {
    expect(() => loadRecordings({ ...MARKET, recordings: { upbit: ['/nowhere/at.all'] } }, {})).toThrow(
      /market.recordings.upbit: cannot read the recording/,
    );
  });

  (folder === null ? it.skip : it)(
    `plays a real recording without a gap${folder === null ? ' [skipped: no recordings; ARB_RECORDINGS names their folder]' : ''}`,
    async () => {
      const session = play({
        ...MARKET,
        venues: [{ name: 'binance', quote: 'USDT' }],
        recordings: { binance: ['binance/btcusdt_20240808.gz'] },
      });
      const end = await session.next('health', ({ state, why }) => state === 'DOWN' && why.includes('ended'));
      expect(end.counters).toMatchObject({ gaps: 0, bad: 0, crossed: 0, conflated: 0 });
      expect(session.of('book').length).toBeGreaterThan(3_400);
      // The recorder's clock lay behind the venue's.
      expect(end.counters?.clockBehindMs).toBeGreaterThan(1_000);
    },
  );
});
