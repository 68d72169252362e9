import { join } from 'node:path';
import type { BookOut } from '@arb/venues';
import { readRecording, recordingsFolder, replay } from '@arb/venues/recording';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type AdapterClient, adapterOf, connectAdapter } from '../testing/adapter-client.ts';
import { Ends, MARKET } from '../testing/simulated.ts';
import { recordingPlans } from './plan.ts';

const ends = new Ends();
afterEach(() => ends.run());
const folder = recordingsFolder();
const onRecordings = folder === null ? it.skip : it;
const HINT = folder === null ? ' [skipped: no recordings; ARB_RECORDINGS names their folder]' : '';

/** Everything of the books but when they were received, and the epochs, which begin elsewhere. */
function told(books: readonly BookOut[]) {
  return books
    .filter(({ from }) => from === 'stream')
    .map(({ code, exchangeAt, bids, asks }) => JSON.stringify({ code, exchangeAt, bids, asks }));
}

async function served(
  venue: string,
  file: string,
  speed: number | 'fast',
  said: string[],
): Promise<{ client: AdapterClient; over: Promise<void> }> {
  let end: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { url } = await ends.simulator({
    market: MARKET,
    recordings: [{ venue, files: [file], speed }],
    say: (_level, message) => {
      said.push(message);
      if (message.startsWith('the recording is over')) end();
    },
  });
  const client = connectAdapter(url, venue, { codes: 'any', trades: true });
  ends.add(() => client.close());
  // With no code of its own to ask for, it would say nothing at all.
  await client.connected();
  client.say('{"method":"SUBSCRIBE","params":[],"id":1}');
  return { client, over };
}

describe('a recording, served as the venue', () => {
  onRecordings(`of upbit gives the books that reading the file gives${HINT}`, async () => {
    const file = 'upbit_20210405_simple_9pairs.jsonl.gz';
    const expected: BookOut[] = [];
    replay(adapterOf('upbit'), readRecording([join(folder as string, 'upbit', file)], 'upbit').entries, {
      seen: (outputs) => expected.push(...outputs.filter((output): output is BookOut => output.kind === 'book')),
    });
    const { client, over } = await served('upbit', file, 'fast', []);
    await over;
    while (client.books.length < expected.length) await client.next(({ kind }) => kind === 'book');
    expect(told(client.books)).toEqual(told(expected));
    expect(expected.length).toBeGreaterThan(1_000);
  });

  onRecordings(`of binance lets the adapter build its books from changes and recorded snapshots${HINT}`, async () => {
    const { client, over } = await served('binance', 'binance_20210404_btc_eth_dot_usdt.jsonl.gz', 'fast', []);
    await over;
    while (!client.feed.ready()) await client.next(() => true);
    for (const code of ['BTCUSDT', 'ETHUSDT', 'DOTUSDT']) {
      expect(client.feed.levels(code, 5)?.bids).toHaveLength(5);
      expect(client.feed.counts(code)).toMatchObject({ gaps: 0, resyncs: 0, crossed: 0 });
    }
  });

  onRecordings(`comes at the pace at which it was recorded${HINT}`, async () => {
    const openedAt = Date.now() * 1_000;
    const { client } = await served('upbit', 'upbit_20210405_simple_9pairs.jsonl.gz', 10, []);
    for (let books = 0; books < 100; books++) await client.next(({ kind }) => kind === 'book');
    const [first, last] = [client.books[0] as BookOut, client.books.at(-1) as BookOut];
    const recorded = ((last.exchangeAt as number) - (first.exchangeAt as number)) / 10;
    // Never faster; how much slower, and how late the first is read, a busy machine decides.
    expect(last.receivedAt - openedAt).toBeGreaterThan(recorded);
  });

  it('that is not there is named with what to do', async () => {
    await expect(ends.simulator({ recordings: [{ venue: 'upbit', files: ['/none.gz'], speed: 1 }] })).rejects.toThrow(
      /expected a recording at \/none\.gz, found none.*ARB_RECORDINGS/,
    );
  });
});

describe('the words for a recording', () => {
  it('name venue, files and speed', () => {
    expect(recordingPlans('binance:a.gz,b.gz@fast upbit:/x/c.jsonl@2.5 upbit:d.gz')).toEqual([
      { venue: 'binance', files: ['a.gz', 'b.gz'], speed: 'fast' },
      { venue: 'upbit', files: ['/x/c.jsonl'], speed: 2.5 },
      { venue: 'upbit', files: ['d.gz'], speed: 1 },
    ]);
  });

  it.each(['binance', 'binance:a@slow', 'binance:a@0'])('are refused where they are %s', (words) => {
    expect(() => recordingPlans(words)).toThrow(/expected VENUE:FILE/);
  });
});
