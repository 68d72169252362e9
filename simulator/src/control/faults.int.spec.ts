import { join } from 'node:path';
import type { BookOut, RestRequest } from '@arb/venues';
import { afterEach, describe, expect, it } from '@jest/globals';
import { hashOfBook, readLog } from '../server/sent-log.ts';
import type { Simulator } from '../server/simulator.ts';
import { type AdapterClient, adapterOf, ask, connectAdapter, isBook, signed } from '../testing/adapter-client.ts';
import { Ends, MARKET } from '../testing/simulated.ts';

const ends = new Ends();
afterEach(() => ends.run());

const VENUES = ['upbit', 'binance'] as const;
type Venue = (typeof VENUES)[number];
const CODES = { upbit: ['KRW-BTC', 'KRW-DOGE'], binance: ['BTCUSDT', 'DOGEUSDT'] } as const;
const SYMBOL = { upbit: 'BTC-KRW', binance: 'BTC-USDT' } as const;

async function command(
  url: string,
  method: string,
  body: unknown = undefined,
  id = '',
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(`${url}/control/faults${id}`, { method, ...given });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

interface Scene {
  readonly simulator: Simulator;
  readonly client: AdapterClient;
  readonly begin: (fault: Record<string, unknown>) => Promise<void>;
  readonly end: () => Promise<void>;
  /** So many books of the other venue have come in the meantime. */
  readonly elsewhere: (books: number) => Promise<void>;
  readonly log: () => Promise<ReturnType<typeof readLog>>;
}

/** A venue with a client whose books are all there. */
async function scene(venue: Venue, options: { trades?: boolean } = {}): Promise<Scene> {
  const path = join(ends.folder(), 'sent.jsonl');
  const simulator = await ends.simulator({ logPath: path });
  const client = connectAdapter(simulator.url, venue, { codes: CODES[venue], depth: MARKET.depth, ...options });
  ends.add(() => client.close());
  while (!client.feed.ready()) await client.next(isBook);
  await client.next(isBook);
  return {
    simulator,
    client,
    async begin(fault) {
      const { status, answer } = await command(simulator.url, 'POST', { venue, seconds: 60, ...fault });
      expect([status, answer.error]).toEqual([201, undefined]);
    },
    async end() {
      expect(await command(simulator.url, 'DELETE')).toEqual({ status: 200, answer: { ended: 1 } });
    },
    async elsewhere(books) {
      const other = venue === 'upbit' ? 'binance' : 'upbit';
      const witness = connectAdapter(simulator.url, other, { codes: CODES[other] });
      for (let i = 0; i < books; i++) await witness.next(isBook);
      witness.close();
    },
    async log() {
      client.close();
      await simulator.close();
      return readLog(path);
    },
  };
}

/** Every book that was said, and came with a time or number of its own, really was the venue's; and each pair has one again. */
async function expectRightAgain({ client, log }: Scene): Promise<void> {
  const codes = client.feed.codes();
  const from = client.books.length;
  while (!client.feed.ready() || !codes.every((code) => client.books.slice(from).some((book) => book.code === code)))
    await client.next(isBook);
  const books = client.books;
  const sent = (await log()).filter((line) => line.t === 'book');
  const known = new Set(
    sent.flatMap(({ symbol, at, sequence, hash }) => [`${symbol} at ${at} ${hash}`, `${symbol} number ${sequence} ${hash}`]),
  );
  const key = ({ symbol, exchangeAt, sequence, bids, asks }: BookOut): string =>
    `${symbol} ${exchangeAt === null ? `number ${sequence}` : `at ${exchangeAt}`} ${hashOfBook(bids, asks)}`;
  expect(books.filter((book) => !known.has(key(book)))).toEqual([]);
}

const skipped = (why: string) => (output: { kind: string }) =>
  output.kind === 'skipped' && (output as unknown as { why: string }).why === why;

describe.each(VENUES)('%s under a fault', (venue) => {
  it('drop: loses books, and shows no wrong one', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'drop', share: 0.5 });
    await here.client.next(venue === 'binance' ? skipped('gap') : isBook);
    await here.end();
    await expectRightAgain(here);
  });

  it('delay: books come with an old time, in their order', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'delay', ms: 300 });
    await here.client.next((output) => isBook(output) && output.exchangeAt !== null && output.receivedAt - output.exchangeAt > 250_000);
    await here.end();
    expect(CODES[venue].map((code) => here.client.feed.counts(code).gaps)).toEqual([0, 0]);
    await expectRightAgain(here);
  });

  it('duplicate: a book that comes twice changes nothing', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'duplicate' });
    await here.client.next(venue === 'binance' ? skipped('stale') : isBook);
    await here.end();
    await expectRightAgain(here);
  });

  it('reorder: what comes late is not taken for new', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'reorder', share: 0.5 });
    await here.client.next(skipped(venue === 'binance' ? 'gap' : 'stale'));
    await here.end();
    await expectRightAgain(here);
  });

  it('gap: loses the first books of the pair it names, and nothing else', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'gap', symbol: SYMBOL[venue], count: 2 });
    if (venue === 'binance') await here.client.next(skipped('gap'));
    for (let books = 0; books < 20; books++) await here.client.next(isBook);
    await here.end();
    expect(here.client.feed.counts(CODES[venue][1]).gaps).toBe(0);
    await expectRightAgain(here);
  });

  it('gap: the log says which messages were lost', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'gap', symbol: SYMBOL[venue], count: 2 });
    for (let books = 0; books < 20; books++) await here.client.next(isBook);
    await here.end();
    const log = await here.log();
    const spoilt = log.filter((line) => line.t === 'spoilt');
    expect(spoilt).toHaveLength(2);
    expect(spoilt[0]).toMatchObject({ venue, symbol: SYMBOL[venue], what: 'book', how: 'dropped' });
    expect(log.flatMap((line) => (line.t === 'fault' ? [[line.state, line.fault.kind]] : []))).toEqual([
      ['began', 'gap'],
      ['ended', 'gap'],
    ]);
  });

  it('crossed: no crossed book comes out', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'crossed', share: 0.3 });
    await here.client.next(skipped('crossed'));
    await here.end();
    await expectRightAgain(here);
  });

  it('frozen: the socket lives and no book comes', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'frozen' });
    await here.elsewhere(20);
    const before = here.client.feed.totals().frames;
    await here.elsewhere(100);
    expect(here.client.feed.totals().frames).toBe(before);
    await here.end();
    expect(here.client.opened()).toBe(1);
    await expectRightAgain(here);
  });

  it('half-open: the socket stays open and says nothing until it is cut', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'half-open' });
    await here.elsewhere(20);
    const before = here.client.feed.totals().frames;
    await here.elsewhere(100);
    expect(here.client.feed.totals().frames).toBe(before);
    expect(here.client.opened()).toBe(1);
    await here.end();
    await expectRightAgain(here);
    expect(here.client.opened()).toBe(2);
  });

  it('planned-end: the connection ends after its announcement', async () => {
    const here = await scene(venue);
    const announced = venue === 'binance' ? here.client.next((output) => output.kind === 'reconnect' && output.overlap) : null;
    await here.begin({ kind: 'planned-end', seconds: 0.2 });
    await announced;
    while (here.client.opened() < 2) await here.client.next(isBook);
    await expectRightAgain(here);
  });

  it('cut: a new connection begins anew', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'cut' });
    while (here.client.opened() < 2) await here.client.next(isBook);
    await here.end();
    await expectRightAgain(here);
  });

  it('garbage: is counted, and no book is made of it', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'garbage', share: 0.3 });
    await here.client.next(({ kind }) => kind === 'fault');
    await here.end();
    await expectRightAgain(here);
  });

  it('oversize: one huge frame comes, and is no book', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'oversize', bytes: 300_000 });
    for (let books = 0; books < 20; books++) await here.client.next(isBook);
    await here.end();
    expect(
      here.client.feed
        .faults()
        .map(({ length }) => length)
        .concat(here.client.feed.totals().unknown),
    ).not.toEqual([0]);
    await expectRightAgain(here);
  });

  it.each([1_300, -1_300])('clock: its times are %i ms off', async (ms) => {
    const here = await scene(venue);
    await here.begin({ kind: 'clock', ms });
    await here.client.next(
      (output) => isBook(output) && output.exchangeAt !== null && Math.abs(output.exchangeAt - output.receivedAt - ms * 1_000) < 300_000,
    );
    await here.end();
    await expectRightAgain(here);
  });

  it('slow-reader: too much waits, and the client is disconnected', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'slow-reader', bytesPerSecond: 100, mostBytes: 4_096 });
    while (here.client.opened() < 2) await here.client.next(() => true);
    await here.end();
    await expectRightAgain(here);
  });

  it('down: nobody comes in, and nobody gets an answer', async () => {
    const here = await scene(venue);
    await here.begin({ kind: 'down' });
    await expect(ask(here.simulator.url, venue, adapterOf(venue).rest.markets()[0] as { path: string })).rejects.toThrow('fetch failed');
    expect((await fetch(`${here.simulator.url}/healthz`)).status).toBe(200);
    await here.end();
    await expectRightAgain(here);
    expect(here.client.opened()).toBe(2);
  });

  it.each([429, 418])('too-many: every request is refused with %i', async (status) => {
    const here = await scene(venue);
    await here.begin({ kind: 'too-many', status, retryAfter: 7 });
    const answer = await ask(here.simulator.url, venue, adapterOf(venue).rest.book(CODES[venue])[0] as { path: string });
    expect(answer.status).toBe(status);
    expect(adapterOf(venue).limitNews(answer)).toMatchObject({ waitMs: 7_000, banned: status === 418 });
    await here.end();
    await expectRightAgain(here);
  });

  it('wallet: the coin can be neither deposited nor withdrawn', async () => {
    const here = await scene(venue);
    const { rest } = adapterOf(venue);
    await here.begin({ kind: 'wallet', coin: 'DOGE' });
    const open = async () => {
      const { body } = await ask(here.simulator.url, venue, signed(venue, rest.wallets()[0] as RestRequest));
      return Object.fromEntries(rest.decodeWallets(body).map(({ coin, deposits, withdrawals }) => [coin, deposits || withdrawals]));
    };
    expect(await open()).toMatchObject({ BTC: true, DOGE: false });
    await here.end();
    expect(await open()).toMatchObject({ BTC: true, DOGE: true });
  });

  it('key-revoked: who asks with a key is refused, and nobody else', async () => {
    const here = await scene(venue);
    const { rest, keyRefusal } = adapterOf(venue);
    const wallets = () => ask(here.simulator.url, venue, signed(venue, rest.wallets()[0] as RestRequest));
    await here.begin({ kind: 'key-revoked' });
    expect(keyRefusal(await wallets())).toMatch(venue === 'upbit' ? /^invalid_access_key: / : /^-2015: /);
    expect((await ask(here.simulator.url, venue, rest.markets()[0] as RestRequest)).status).toBe(200);
    await here.end();
    expect((await wallets()).status).toBe(200);
  });

  it('warning: the venue warns of the pair', async () => {
    const here = await scene(venue);
    const { rest } = adapterOf(venue);
    await here.begin({ kind: 'warning', symbol: SYMBOL[venue], words: [venue === 'binance' ? 'HALT' : 'WARNING'] });
    const { body } = await ask(here.simulator.url, venue, rest.markets()[0] as { path: string });
    const of = rest.decodeMarkets(body).filter(({ warnings }) => warnings.length > 0);
    expect(of.map(({ code, state }) => [code, state])).toEqual([[CODES[venue][0], venue === 'binance' ? 'halted' : 'trading']]);
  });
});

describe('the rate between currencies under a fault', () => {
  const bankRate = async (url: string) => {
    const response = await fetch(`${url}/bank/live?access_key=k&source=USD&currencies=KRW`);
    return { status: response.status, ...((await response.json()) as { success: boolean; quotes?: { USDKRW: number } }) };
  };

  it('fx-gone: the bank has none, and has it again afterwards', async () => {
    const { url } = await ends.simulator();
    await command(url, 'POST', { kind: 'fx-gone' });
    expect(await bankRate(url)).toMatchObject({ status: 503, success: false });
    await command(url, 'DELETE');
    expect(await bankRate(url)).toMatchObject({ status: 200, success: true });
  });

  it("fx-gone: a venue's own book of USDT is silent, and the others go on", async () => {
    const { url } = await ends.simulator();
    await command(url, 'POST', { kind: 'fx-gone', venue: 'upbit' });
    const client = connectAdapter(url, 'upbit', { codes: ['KRW-USDT', 'KRW-BTC'] });
    ends.add(() => client.close());
    for (let books = 0; books < 100; books++) await client.next(isBook);
    expect(new Set(client.books.map(({ code }) => code))).toEqual(new Set(['KRW-BTC']));
  });

  it('fx-off: the bank says 10 % more', async () => {
    const { url } = await ends.simulator();
    const before = (await bankRate(url)).quotes?.USDKRW as number;
    await command(url, 'POST', { kind: 'fx-off' });
    expect((await bankRate(url)).quotes?.USDKRW).toBeCloseTo(before * 1.1, 2);
  });

  it("fx-off: a venue's own book of USDT stands 10 % higher", async () => {
    const { url } = await ends.simulator();
    const client = connectAdapter(url, 'upbit', { codes: ['KRW-USDT'] });
    ends.add(() => client.close());
    const before = (await client.next(isBook)).bids[0]?.[0] as number;
    await command(url, 'POST', { kind: 'fx-off', venue: 'upbit' });
    await client.next((output) => isBook(output) && Math.abs((output.bids[0]?.[0] as number) / before - 1.1) < 0.005);
  });
});

describe('commanding faults', () => {
  it.each([
    ['no object', 7, /expected a fault such as/],
    ['an unknown kind', { kind: 'flood', venue: 'upbit' }, /kind: expected one of drop, .*found "flood"/],
    ['an unknown venue', { kind: 'drop', venue: 'kraken' }, /venue: expected one of upbit, binance, bank, found "kraken"/],
    [
      'a pair the venue does not list',
      { kind: 'drop', venue: 'upbit', symbol: 'BTC-USDT' },
      /symbol: expected a pair of upbit \(BTC-KRW.*found "BTC-USDT"/,
    ],
    ['a word it does not know', { kind: 'drop', venue: 'upbit', shares: 1 }, /shares: a drop has kind, venue, seconds, at, symbol, share/],
    ['a number out of range', { kind: 'drop', venue: 'upbit', share: 2 }, /share.*expected a number from 0 to 1, found 2/],
    ['an endless one', { kind: 'drop', venue: 'upbit', seconds: 1e9 }, /seconds.*found 1000000000/],
    ['a list with a wrong one', [{ kind: 'drop', venue: 'upbit' }, { kind: 'drop' }], /fault 2 of 2: venue/],
  ])('refuses %s and says what it expected', async (_name, fault, expected) => {
    const { url } = await ends.simulator();
    const { status, answer } = await command(url, 'POST', fault);
    expect(status).toBe(400);
    expect(answer.error).toMatch(expected);
    expect((await command(url, 'GET')).answer.faults).toEqual([]);
  });

  it('lists them, ends one by its number, and does not know it afterwards', async () => {
    const { url } = await ends.simulator();
    await command(url, 'POST', [
      { kind: 'drop', venue: 'upbit' },
      { kind: 'clock', venue: 'binance', at: 100 },
    ]);
    expect((await command(url, 'GET')).answer.faults).toMatchObject([
      { id: 1, kind: 'drop', state: 'acts', numbers: { share: 0.5 } },
      { id: 2, kind: 'clock', state: 'waits', numbers: { ms: 1_300 } },
    ]);
    expect(await command(url, 'DELETE', undefined, '/1')).toEqual({ status: 200, answer: { ended: 1 } });
    expect((await command(url, 'DELETE', undefined, '/1')).status).toBe(404);
    expect((await command(url, 'GET', undefined, '/2')).answer.faults).toMatchObject([{ id: 2 }]);
  });

  it('takes no command that a web page could send', async () => {
    const { url } = await ends.simulator();
    const body = JSON.stringify({ kind: 'drop', venue: 'upbit' });
    const plain = await fetch(`${url}/control/faults`, { method: 'POST', body });
    const foreign = await fetch(`${url}/control/faults`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', origin: 'http://example.org' },
    });
    expect([plain.status, foreign.status]).toEqual([415, 403]);
  });

  it('refuses to start with a script it cannot follow', async () => {
    await expect(ends.simulator({ faults: [{ kind: 'drop' }] })).rejects.toThrow(/the faults cannot be followed: .*venue: expected/);
  });
});
