import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { recordingsFolder } from '@arb/venues/recording';
import { afterEach, describe, expect, it } from '@jest/globals';
import { runCommandLine } from '../command-line.ts';
import type { RebuiltBook } from './rebuild.ts';
import type { TraceLine } from './trace.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'arb-book-'));
  folders.push(folder);
  return folder;
}

async function arb(...argv: string[]) {
  const out: string[] = [];
  const said: string[] = [];
  const code = await runCommandLine(['book', ...argv], { out: (text) => out.push(text), say: (text) => said.push(text) });
  return { code, out, said };
}

interface Answer {
  readonly venue: string;
  readonly messagesPerSecond: number;
  readonly books: Readonly<Record<string, RebuiltBook>>;
}

async function booksOf(...argv: string[]): Promise<Answer> {
  const { code, out, said } = await arb(...argv, '--json');
  expect([code, out.length, said]).toEqual([0, 1, []]);
  return JSON.parse(out[0] as string) as Answer;
}

type Pairs = readonly (readonly [string, string])[];
const change = (first: number, last: number, b: Pairs = [], a: Pairs = []) =>
  JSON.stringify({ stream: 'btcusdt@depth@100ms', data: { e: 'depthUpdate', E: 1_700_000_000_000 + last, s: 'BTCUSDT', U: first, u: last, b, a } }); // biome-ignore format: a message
const snapshot = (lastUpdateId: number, bids: Pairs, asks: Pairs) => JSON.stringify({ lastUpdateId, bids, asks });

describe('arb book', () => {
  it('rebuilds a book from messages without times, of which one is the snapshot', async () => {
    const file = join(newFolder(), 'messages.jsonl');
    const lines = [
      change(9, 10),
      change(11, 12, [['99.50000000', '2.00000000']]),
      snapshot(10, [['99', '1']], [['101', '3']]),
      change(13, 13, [], [['101', '0']]),
      change(14, 14, [], [['100.5', '0.00000001']]),
    ];
    writeFileSync(file, lines.join('\n'));
    const trace = join(newFolder(), 'trace.jsonl');
    const { venue, books } = await booksOf('--venue', 'binance', '--recording', file, '--trace', trace);
    expect(venue).toBe('binance');
    expect(books).toEqual({
      BTCUSDT: {
        ...{ symbol: 'BTC-USDT', messages: 4, gaps: 0, resyncs: 0, stale: 1, crossed: 0, checksumsOk: 0, checksumsBad: 0 },
        bids: [
          ['99.5', '2'],
          ['99', '1'],
        ],
        asks: [['100.5', '0.00000001']],
      },
    });
    const traced = readFileSync(trace, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as TraceLine); // biome-ignore format: a chain
    expect(traced.map(({ message, outcome, sequence, bids }) => [message, outcome, sequence, bids.length])).toEqual([
      [1, 'stale', null, 2],
      [2, 'applied', 12, 2],
      [3, 'applied', 13, 2],
      [4, 'applied', 14, 2],
    ]);
  });

  it('sorts lines that are grouped by connection, and takes several files for one stream, packed or not', async () => {
    const folder = newFolder();
    const line = (ts: number, more: object) => JSON.stringify({ ...{ t: 'recv', conn: 'ws', ts }, ...more });
    const ws = [
      line(1, { t: 'connect' }),
      line(2, { data: change(9, 10) }),
      line(4, { b64: Buffer.from(change(11, 12)).toString('base64') }),
    ];
    const http = [line(3, { t: 'http', url: 'https://x.example/api/v3/depth?symbol=BTCUSDT', data: snapshot(10, [['99', '1']], [['101', '3']]) })]; // biome-ignore format: a line
    writeFileSync(join(folder, 'ws.gz'), gzipSync(ws.join('\n')));
    writeFileSync(join(folder, 'http'), http.join('\n'));
    const { books } = await booksOf('--venue', 'binance', '--recording', join(folder, 'ws.gz'), join(folder, 'http'));
    expect(books.BTCUSDT).toMatchObject({ messages: 2, stale: 1, gaps: 0, bids: [['99', '1']] });
  });

  it('shows a gap, and no levels where there is no book to be trusted', async () => {
    const file = join(newFolder(), 'messages.jsonl');
    writeFileSync(file, [change(9, 10), snapshot(10, [['99', '1']], [['101', '3']]), change(12, 13)].join('\n'));
    const { books } = await booksOf('--venue', 'binance', '--recording', file);
    expect(books.BTCUSDT).toMatchObject({ messages: 2, gaps: 1, resyncs: 1, bids: [], asks: [] });
  });

  it('says of what it could not read that there was such, and fails where no book is left', async () => {
    const file = join(newFolder(), 'messages.jsonl');
    writeFileSync(file, ['{"t":"recv","ts":1', change(9, 10).slice(0, -4)].join('\n'));
    const { code, said } = await arb('--venue', 'binance', '--recording', file);
    expect(code).toBe(1);
    expect(said.join('\n')).toMatch(/1 lines of the recording.*\n?bad message of \d+ bytes: is not JSON/);
  });

  it.each([
    [[], 2, 'needs --venue'],
    [['--venue', 'upbitt'], 2, 'did you mean "upbit"?'],
    [['--venue', 'upbit'], 2, 'needs --recording FILE'],
    [['--venue', 'upbit', '--recording', 'x', '--depth', '0'], 2, '--depth'],
    [['--venue', 'upbit', '--recording', 'no/such/file'], 1, 'cannot read the recording no/such/file'],
  ])('ends %j with one sentence', async (argv, exit, sentence) => {
    const { code, said } = await arb(...argv);
    expect([code, said.join('\n')]).toEqual([exit, expect.stringContaining(sentence)]);
  });
});

const folder = recordingsFolder();
const why = folder === null ? ' [skipped: no recordings; ARB_RECORDINGS names their folder]' : '';

(folder === null ? describe.skip : describe)(`arb book on recorded messages${why}`, () => {
  it('writes one line after every book message', async () => {
    const trace = join(newFolder(), 'trace.jsonl');
    const file = join(folder ?? '', 'binance', 'btcusdt_20240808.gz');
    const { books, messagesPerSecond } = await booksOf('--venue', 'binance', '--recording', file, '--depth', '2', '--trace', trace);
    expect(books.BTCUSDT).toMatchObject({ symbol: 'BTC-USDT', messages: 3451, gaps: 0, resyncs: 0, stale: 2, crossed: 0 });
    expect(books.BTCUSDT?.bids).toHaveLength(2);
    expect(messagesPerSecond).toBeGreaterThan(0);
    expect(readFileSync(trace, 'utf8').split('\n')).toHaveLength(3451 + 1);
  });

  it('shows one symbol by either of its names, and which others there are', async () => {
    const file = join(folder ?? '', 'upbit', 'upbit_20210405_simple_9pairs.jsonl.gz');
    expect(existsSync(file)).toBe(true);
    for (const symbol of ['KRW-ADA', 'ADA-KRW']) {
      const { books } = await booksOf('--venue', 'upbit', '--recording', file, '--symbol', symbol);
      expect(Object.entries(books).map(([key, { messages, bids }]) => [key, messages, bids.length])).toEqual([['KRW-ADA', 191, 10]]);
    }
    const { code, said } = await arb('--venue', 'upbit', '--recording', file, '--symbol', 'KRW-BTC');
    expect([code, said.join()]).toEqual([1, expect.stringContaining('it has KRW-IQ, KRW-STX')]);
  });
});
