import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataOf } from '@arb/shared/contracts';
import { hashOfBook, readSentLog, startSimulator } from '@arb/simulator';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeShell } from '../index.ts';
import { newSession, type Session } from './testing.ts';

const MARKET = {
  source: 'simulated' as const,
  coins: ['BTC', 'DOGE'],
  venues: [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ],
  booksPerSecond: 200,
  depth: 5,
  seed: '1',
  statusSeconds: 1,
};
type Book = DataOf<'book'>;
type Health = DataOf<'health'>;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const quoted = ({ bids, asks }: Book): boolean => bids.length + asks.length > 0;

/** Every symbol of the venue has a new book. */
function allQuoted(session: Session, name: string): Promise<unknown> {
  const quote = name === 'upbit' ? 'KRW' : 'USDT';
  return Promise.all(
    MARKET.coins.map((coin) => session.next('book', (book) => book.venue === name && book.symbol === `${coin}-${quote}` && quoted(book))),
  );
}

async function scene(name: string) {
  const folder = mkdtempSync(join(tmpdir(), 'market-data-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  const logPath = join(folder, 'sent.jsonl');
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, market: MARKET, logPath, say: () => {} });
  ends.push(() => simulator.close());
  const session = newSession(MARKET);
  const shell = makeShell({
    time: session.time,
    simulatorUrl: simulator.url,
    bankRateUrl: null,
    random: () => 0,
    log: () => {},
    recordings: null,
  });
  ends.push(() => shell.onEnd());
  shell.onLive(session.context);
  const [ready, healthy] = [allQuoted(session, name), session.next('health', ({ venue }) => venue === name)];
  shell.onLease(true);
  await Promise.all([ready, healthy]);
  const control = async (method: string, body?: object): Promise<void> => {
    const response = await fetch(`${simulator.url}/control/faults`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    expect(response.ok).toBe(true);
  };
  return { simulator, session, control, logPath };
}

type Sign = (session: Session, venue: string) => Promise<unknown>;
const taken: Sign = (session, name) => session.next('book', (book) => book.venue === name && !quoted(book));
const state =
  (...states: readonly Health['state'][]): Sign =>
  (session, name) =>
    session.next('health', (health) => health.venue === name && states.includes(health.state));
const more: Sign = async (session, name) => {
  for (let i = 0; i < 20; i++) await session.next('book', ({ venue }) => venue === name);
};

/** A fault, and what is to be seen of it while it lasts. */
const FAULTS: readonly (readonly [what: string, fault: object, sign: Readonly<Record<'upbit' | 'binance', Sign>>])[] = [
  ['a cut connection', { kind: 'cut' }, { upbit: taken, binance: taken }],
  ['a venue that is down', { kind: 'down' }, { upbit: state('DOWN'), binance: state('DOWN') }],
  ['half-open sockets', { kind: 'half-open' }, { upbit: taken, binance: taken }],
  ['frozen books', { kind: 'frozen' }, { upbit: state('FROZEN', 'DOWN'), binance: state('FROZEN', 'DOWN') }],
  ['a gap', { kind: 'gap' }, { upbit: more, binance: taken }],
  ['lost messages', { kind: 'drop' }, { upbit: more, binance: taken }],
  ['doubled messages', { kind: 'duplicate' }, { upbit: more, binance: more }],
  ['messages out of order', { kind: 'reorder' }, { upbit: more, binance: taken }],
  ['late messages', { kind: 'delay', ms: 300 }, { upbit: more, binance: more }],
  ['crossed books', { kind: 'crossed' }, { upbit: taken, binance: taken }],
  ['garbage', { kind: 'garbage' }, { upbit: state('DEGRADED'), binance: state('DEGRADED') }],
  ['a frame that is far too large', { kind: 'oversize' }, { upbit: taken, binance: taken }],
  ['a clock that is off', { kind: 'clock', ms: 1_300 }, { upbit: more, binance: more }],
  ['a planned end', { kind: 'planned-end' }, { upbit: more, binance: more }],
  ['refused requests', { kind: 'too-many' }, { upbit: more, binance: more }],
];

describe.each(['upbit', 'binance'] as const)('market-data and %s', (name) => {
  it.each(FAULTS)('says nothing wrong during %s, and quotes again after it', async (_what, fault, signs) => {
    const { simulator, session, control, logPath } = await scene(name);
    const seen = signs[name](session, name);
    await control('POST', { venue: name, seconds: 60, ...fault });
    await seen;
    const again = allQuoted(session, name);
    await control('DELETE');
    await again;
    await simulator.close();
    const sent = new Set(readSentLog(logPath).map(({ venue, symbol, hash }) => `${venue} ${symbol} ${hash}`));
    const wrong = session
      .of('book')
      .filter((book) => quoted(book) && !sent.has(`${book.venue} ${book.symbol} ${hashOfBook(book.bids, book.asks)}`));
    expect(wrong.map(({ venue, symbol, epoch, sequence }) => `${venue} ${symbol} ${epoch} ${sequence}`)).toEqual([]);
    expect(session.of('book').filter(({ bids, asks }) => (bids[0]?.[0] ?? 0) >= (asks[0]?.[0] ?? Number.POSITIVE_INFINITY))).toEqual([]);
  });

  it('says which wallet is closed', async () => {
    const { session, control } = await scene(name);
    expect(session.of('health').at(-1)?.suspended).toEqual([]);
    const suspended = session.next('health', (health) => health.venue === name && health.suspended.length > 0);
    await control('POST', { venue: name, kind: 'wallet', coin: 'DOGE', seconds: 60 });
    expect((await suspended).suspended).toEqual(['DOGE']);
  });
});

describe('market-data and what it rests on', () => {
  it('loses no update when a planned end is announced: the successor is there before, and no book is taken back', async () => {
    const { simulator, session, control, logPath } = await scene('binance');
    const first = Math.max(...session.of('book').map(({ venue, epoch }) => (venue === 'binance' ? epoch : 0)));
    const renewed = session.next('book', ({ venue, epoch }) => venue === 'binance' && epoch > first);
    await control('POST', { venue: 'binance', kind: 'planned-end', seconds: 60 });
    await renewed;
    await control('DELETE');
    await more(session, 'binance');
    const books = session.of('book');
    await simulator.close();
    expect(books.filter((book) => !quoted(book))).toEqual([]);
    const log = readSentLog(logPath);
    for (const symbol of MARKET.coins.map((coin) => `${coin}-USDT`)) {
      const said = books.filter((book) => book.venue === 'binance' && book.symbol === symbol);
      const [from, to] = [said[0]?.sequence as number, said.at(-1)?.sequence as number];
      const sent = log.filter((book) => book.venue === 'binance' && book.symbol === symbol && book.sequence >= from && book.sequence <= to);
      expect(new Set(said.map(({ epoch }) => epoch)).size).toBeGreaterThan(1);
      expect([...new Set(said.map(({ sequence }) => sequence))]).toEqual([...new Set(sent.map(({ sequence }) => sequence))]);
      expect(sent.length).toBeGreaterThan(10);
    }
  });

  it('takes the rate through the most traded coins when its own market is gone, and says so', async () => {
    const { session, control } = await scene('upbit');
    if (!session.of('fx').some(({ tier }) => tier === 'single')) await session.next('fx', ({ tier }) => tier === 'single');
    await control('POST', { venue: 'upbit', kind: 'fx-gone', seconds: 60 });
    const fallen = session.next('fx', ({ pair, sources }) => pair === 'KRW-USDT' && sources.some(({ dropped }) => dropped === 'stale'));
    session.time.skewMs += 61_000;
    const { sources } = await fallen;
    expect(sources.find(({ source }) => source === 'upbit USDT-KRW')).toMatchObject({ used: false, dropped: 'stale' });
    const crosses = await session.next('fx', ({ sources: all }) => all.some(({ source, used }) => source === 'BTC upbit/binance' && used));
    expect(crosses.pair).toBe('KRW-USDT');
  });
});
