import { GCProfiler } from 'node:v8';
import { CORES } from '@arb/cli';
import { type ClosedLoop, openClosedLoop, openJournalVoice } from '@arb/shared/closed-loop';
import { loadConfig } from '@arb/shared/config';
import { type AnyEvent, CORE_SERVICES, type CoreServiceName, type EventType } from '@arb/shared/contracts';
import type { SessionConfig } from '@arb/shared/core';
import { TimedCore } from '@arb/shared/runtime';
import { openMarketEvents } from '@arb/simulator';
import type { Bench } from '../bench.ts';
import { COINS } from '../books.ts';
import { median, percentile } from '../numbers.ts';
import { atLeast, atMost, type Row, row } from '../row.ts';

const VENUES = [
  { name: 'upbit', quote: 'KRW' },
  { name: 'binance', quote: 'USDT' },
  { name: 'bithumb', quote: 'KRW' },
  { name: 'bybit', quote: 'USDT' },
  { name: 'okx', quote: 'USDT' },
  { name: 'bitget', quote: 'USDT' },
  { name: 'coinone', quote: 'KRW' },
] as const;

/** What an event may cost a core, µs: the kind it lives on, and the limit. */
const MUST: Readonly<Record<CoreServiceName, { readonly of: EventType; readonly micros: number | null }>> = {
  aggregator: { of: 'book', micros: 15 },
  strategy: { of: 'l2', micros: 20 },
  risk: { of: 'decision', micros: 10 },
  executor: { of: 'book', micros: 20 },
  alerting: { of: 'clock', micros: null },
};

/** What each core costs by itself: events as objects, no encoding, no transport. */
export const cores: Bench = {
  name: 'cores',
  says: 'each core alone, and all five in a closed loop, on objects',
  byDefault: true,
  async run({ quick, say }) {
    const books = quick ? 4_000 : 30_000;
    // First, while nothing else fills the heap.
    say('closed loop');
    const loops = [...loop(2, books * LOOPS, 60_000), ...loop(VENUES.length, books * LOOPS, 20_000)];
    const rows: Row[] = [];
    say(`${VENUES.length} venues, 30 levels, ${books} books`);
    const inputs = recorded(configOf(VENUES.length), books);
    for (const service of CORE_SERVICES) rows.push(...alone(service, inputs[service], quick));
    const [looking] = alone('strategy', inputs.strategy.map(neverEntering), quick) as [Row];
    return [...rows, { ...looking, name: 'strategy, l2 with all routes looked at, median' }, ...loops];
  },
};

/** A strategy that has entered a coin need not look at its routes; one that never enters always does. */
function neverEntering(event: AnyEvent): AnyEvent {
  if (event.type !== 'session.started') return event;
  const config = event.data.config as SessionConfig;
  return { ...event, data: { ...event.data, config: { ...config, strategy: { ...config.strategy, minEdgeBps: 10_000 } } } };
}

function configOf(venues: number): SessionConfig {
  const { session } = loadConfig({ environment: 'paper', env: {} });
  const watched = VENUES.slice(0, venues);
  const holding = session.executor.openingBalances.upbit as Readonly<Record<string, string>>;
  const byVenue = <T>(of: (quote: string) => T) => Object.fromEntries(watched.map(({ name, quote }) => [name, of(quote)]));
  return {
    ...session,
    market: { ...session.market, source: 'simulated', coins: COINS, venues: watched, depth: 30, booksPerSecond: 1_000, seed: SEED },
    // Enters whatever pays for now, so that risk and executor have something to do; what it looks at for that is the same.
    strategy: {
      ...session.strategy,
      feeBps: byVenue((quote) => (quote === 'KRW' ? 5 : 10)),
      minRoundTripBps: -500,
      minStopRoomBps: 0,
      premiumWarmUpSeconds: 0,
    },
    executor: {
      ...session.executor,
      latencyMs: byVenue(() => ({ min: 4, max: 12 })),
      openingBalances: byVenue((quote) => ({ ...holding, [quote]: quote === 'KRW' ? '50000000' : '40000' })),
    },
  };
}

const SESSION = 'bench-cores';
const SEED = '1';
const BEGIN = 1_700_000_000_000_000;
const HOP = { minMicros: 80, maxMicros: 400 };

/** The closed loop and its market: `draw` makes the next events of the outside, `play` takes them through all cores. */
function open(config: SessionConfig, seen: (event: AnyEvent) => void) {
  const loop: ClosedLoop = openClosedLoop({ cores: CORES, session: SESSION, seed: SEED, config, begin: BEGIN, hop: HOP, seen });
  const journal = openJournalVoice(loop, { journal: config.journal, punctual: true });
  const source = openMarketEvents({ market: config.market, feeBps: config.strategy.feeBps, begin: BEGIN });
  return {
    draw: (count: number) => Array.from({ length: count }, () => source.next()),
    play(events: ReturnType<typeof source.next>[]): void {
      for (const event of events) {
        journal.speakUntil(event.at);
        loop.feed(event);
      }
    },
  };
}

/** What each core was given in a closed loop of all of them. */
function recorded(config: SessionConfig, books: number): Record<CoreServiceName, AnyEvent[]> {
  const given = CORE_SERVICES.map((service) => {
    const wanted = new Set<string>(['session.started', 'clock', ...CORES[service]().inputs]);
    return { service, wanted, events: [] as AnyEvent[] };
  });
  const { draw, play } = open(config, (event) => {
    for (const { wanted, events } of given) if (wanted.has(event.type)) events.push(event);
  });
  for (let done = 0; done < books; done += BATCH) play(draw(BATCH));
  return Object.fromEntries(given.map(({ service, events }) => [service, events])) as Record<CoreServiceName, AnyEvent[]>;
}

/** The same events once more to a fresh core: once to time each of them, once to see what it allocates. */
function alone(service: CoreServiceName, inputs: readonly AnyEvent[], quick: boolean): readonly Row[] {
  const { of, micros } = MUST[service];
  const warm = Math.floor(inputs.length / 5);
  const spent: number[] = [];
  const medians: number[] = [];
  let answers = 0;
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const mine: number[] = [];
    answers = 0;
    const core = timed(service, () => answers++);
    inputs.forEach((event, i) => {
      const from = process.hrtime.bigint();
      core.handle(event);
      if (i >= warm && event.type === of) mine.push(Number(process.hrtime.bigint() - from) / 1_000);
    });
    spent.push(...mine);
    medians.push(median(mine));
  }
  const { bytes, note: stretches } = allocated(service, inputs);
  const note = `${inputs.length} inputs, ${answers} answers; p99 ${percentile(
    spent.sort((a, b) => a - b),
    0.99,
  ).toFixed(1)} µs`;
  return [
    row('cores', `${service}, ${of}, median`, median(medians), 'µs', { note, ...(micros === null ? {} : { must: atMost(micros) }) }),
    row('cores', `${service}, an input, allocated`, bytes, 'bytes', { note: stretches }),
  ];
}

/** Small beside the young generation: most stretches pass before anything is collected. */
const CHUNK = 50;

/** Bytes an input, in the median over stretches of a warm core in which the collector did not run: it is asked, not guessed. */
function allocated(service: CoreServiceName, inputs: readonly AnyEvent[]): Allocated {
  const core = timed(service, () => {});
  const measure = allocations();
  const warm = Math.floor(inputs.length / 5);
  for (let i = 0; i < warm; i++) core.handle(inputs[i] as AnyEvent);
  for (let at = warm; at + CHUNK <= inputs.length; at += CHUNK)
    measure.stretch(CHUNK, () => {
      for (let i = at; i < at + CHUNK; i++) core.handle(inputs[i] as AnyEvent);
    });
  return measure.found();
}

interface Allocated {
  readonly bytes: number;
  readonly note: string;
}

function allocations() {
  const found: number[] = [];
  let collected = 0;
  return {
    stretch(events: number, run: () => void): void {
      const profiler = new GCProfiler();
      profiler.start();
      const before = process.memoryUsage().heapUsed;
      run();
      const grown = process.memoryUsage().heapUsed - before;
      if (profiler.stop().statistics.length > 0) collected++;
      else if (events > 0) found.push(grown / events);
    },
    found: (): Allocated => ({
      bytes: found.length === 0 ? Number.NaN : median(found),
      note: `${found.length} stretches without a collection, ${collected} with one left out`,
    }),
  };
}

function timed(service: CoreServiceName, said: () => void): TimedCore {
  const core = new TimedCore(service, CORES[service](), SESSION, said);
  core.sow(SEED);
  return core;
}

const BATCH = 100;
/** One batch in so many. */
const LOOKED_AT = 20;
/** So much longer than a core alone: what is seldom, such as collecting the garbage, belongs to it. */
const LOOPS = 5;

/** Books a second of processor time through all five cores; making the books is not counted. */
function loop(venues: number, books: number, must: number): readonly Row[] {
  let fills = 0;
  const { draw, play } = open(configOf(venues), ({ type }) => {
    if (type === 'fill') fills++;
  });
  let spent = 0;
  let counted = 0;
  const measure = allocations();
  for (let from = 0; from < books; from += BATCH) {
    const drawn = draw(BATCH);
    // A batch now and then is looked at for what it allocates, and not timed.
    if (from >= books / 5 && from % (BATCH * LOOKED_AT) === 0) {
      const books = drawn.filter(({ type }) => type === 'book').length;
      measure.stretch(books, () => play(drawn));
      continue;
    }
    const before = process.cpuUsage();
    play(drawn);
    const { user, system } = process.cpuUsage(before);
    if (from < books / 5) continue;
    spent += user + system;
    for (const { type } of drawn) if (type === 'book') counted++;
  }
  const note = `${fills} fills read; processor time, collecting the garbage included`;
  const { bytes, note: stretches } = measure.found();
  return [
    row('cores', `closed loop, ${venues} venues`, (counted * 1_000_000) / spent, 'books/s', { must: atLeast(must), note }),
    row('cores', `closed loop, ${venues} venues, a book, allocated`, bytes, 'bytes', { note: stretches }),
  ];
}
