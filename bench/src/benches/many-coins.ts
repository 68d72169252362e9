import { readFileSync } from 'node:fs';
import { makeShell } from '@arb/market-data';
import { newSession } from '@arb/market-data/testing';
import { type DataOf, encodeEvent, faultOfOutput, subjectOf } from '@arb/shared/contracts';
import type { Sent } from '@arb/simulator';
import { readSamples, manyCoins as recordedCoins } from '@arb/venues/bench';
import { recordingsFolder } from '@arb/venues/recording';
import type { Bench } from '../bench.ts';
import { percentile } from '../numbers.ts';
import { atMost, type Row, row } from '../row.ts';
import { startChild } from '../stack/child.ts';
import { pause } from '../stack/stack.ts';

const COINS = 100;
const BOOKS_PER_SECOND = 25;
const VENUES = [
  { name: 'upbit', quote: 'KRW' },
  { name: 'binance', quote: 'USDT' },
] as const;
const RATE = COINS * VENUES.length * BOOKS_PER_SECOND;
const SECONDS = 20;
const QUICK_SECONDS = 5;
const START_MS = 30_000;
/** Share of the time for which this process may have stood in line for a processor: beyond it, how late books came says nothing of it. */
const MOST_WAITING = 0.05;

/** A hundred coins at two venues in one process: by recorded messages alone, and through the service's shell over sockets. */
export const manyCoins: Bench = {
  name: 'many-coins',
  says: `${COINS} coins at ${VENUES.length} venues, ${BOOKS_PER_SECOND} books/s each, in one process`,
  byDefault: true,
  async run({ quick, say }) {
    const rows: Row[] = [];
    const folder = recordingsFolder();
    if (folder === null) say('without recorded messages: there are none; ARB_RECORDINGS names their folder');
    else {
      const { share, messages } = recordedCoins(readSamples(folder));
      rows.push(
        row('many-coins', 'recorded messages to books', share * 100, '% of one core', { must: atMost(100), note: `${messages} messages` }),
      );
    }
    return [...rows, ...(await overSockets(quick ? QUICK_SECONDS : SECONDS, say))];
  },
};

/** From the simulated venues' sockets to encoded events. */
async function overSockets(seconds: number, say: (what: string) => void): Promise<readonly Row[]> {
  const coins = Array.from({ length: COINS }, (_, i) => `C${i}`);
  const market = { coins, venues: VENUES, depth: 30, seed: '1', booksPerSecond: RATE };
  const venues = await startChild('venues', 'venues', market);
  const session = newSession({ ...market, source: 'simulated' });
  const late: number[] = [];
  const symbols = new Set<string>();
  let [books, bytes, conflated, counting] = [0, 0, 0, false];
  const shell = makeShell({
    time: session.time,
    simulatorUrl: await venues.ask<string>('url'),
    bankRateUrl: null,
    random: Math.random,
    log: () => {},
    recordings: null,
  });
  shell.onLive({
    ...session.context,
    say(type, words, data, options) {
      const header = { n: 1, source: 'market-data/aaaaaaaa', session: 's-1', type, v: 1, at: options?.at ?? 1, cause: null };
      const fault = faultOfOutput(subjectOf(type, ...words), header, data);
      if (fault !== null) throw new Error(fault);
      bytes += encodeEvent(header, data).length;
      if (type === 'health') conflated += (data as DataOf<'health'>).conflated;
      if (type !== 'book') return true;
      const { symbol, exchangeAt } = data as DataOf<'book'>;
      symbols.add(symbol);
      if (!counting) return true;
      books++;
      if (exchangeAt !== null) late.push(session.time.wallMicros() - exchangeAt);
      return true;
    },
  });
  shell.onLease(true);
  const deadline = performance.now() + START_MS;
  while (symbols.size < COINS * VENUES.length && performance.now() < deadline) await pause(100);
  say(`${symbols.size} of ${COINS * VENUES.length} pairs have a book`);
  await pause(1_000);
  const sentBefore = (await venues.ask<Sent>('sent')).books;
  const from = performance.now();
  const waitedBefore = waitedMs();
  const cpu = process.cpuUsage();
  counting = true;
  await pause(seconds * 1_000);
  counting = false;
  const spent = process.cpuUsage(cpu);
  const waitedAfter = waitedMs();
  const elapsed = (performance.now() - from) / 1_000;
  const sent = (await venues.ask<Sent>('sent')).books - sentBefore;
  shell.onEnd();
  await venues.stop();
  const sorted = late.sort((a, b) => a - b);
  const rate = books / elapsed;
  // The simulated venues may not come to their full rate beside it: the processor time is brought to what was asked for.
  const share = ((spent.user + spent.system) / 1e6 / elapsed) * (RATE / rate);
  const waiting = waitedBefore === null || waitedAfter === null ? 0 : (waitedAfter - waitedBefore) / 1_000 / elapsed;
  const note = `${Math.round(rate)} books/s came, ${Math.round(sent / elapsed)} were sent, ${Math.round(bytes / 1e6)} MB encoded`;
  return [
    row('many-coins', `sockets to events, at ${RATE} books/s`, share * 100, '% of one core', { must: atMost(100), note }),
    row('many-coins', '  pairs without a book', COINS * VENUES.length - symbols.size, 'pairs', { must: atMost(0) }),
    row('many-coins', '  books that a newer one overtook', conflated, 'books', { must: atMost(0) }),
    row('many-coins', '  from the venue to the event, p99', percentile(sorted, 0.99) / 1_000, 'ms', {
      ...(waiting > MOST_WAITING ? {} : { must: atMost(1_000) }),
      note: `p50 ${(percentile(sorted, 0.5) / 1_000).toFixed(1)} ms; ${(waiting * 100).toFixed(0)} % of the time it stood in line for a processor${waiting > MOST_WAITING ? ': not judged' : ''}`,
    }),
  ];
}

/** For how long this process has been ready to run and was not let; null where the system does not say. */
function waitedMs(): number | null {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
