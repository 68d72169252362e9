import { createHash } from 'node:crypto';
import { make as makeAggregator } from '@arb/aggregator/core';
import { make as makeExecutor } from '@arb/executor/core';
import { make as makeRisk } from '@arb/risk/core';
import { type AnyEvent, CATALOG, type EventType, encodeEvent, type Header, parseEvent, type Scanned, scan } from '@arb/shared/contracts';
import type { MakeCore } from '@arb/shared/core';
import { sealBatch, startChain, tableOf } from '@arb/shared/journal';
import { CoreRunner, type JournalRow, type Output } from '@arb/shared/runtime';
import { make as makeStrategy } from '@arb/strategy/core';
import type { Bench } from '../bench.ts';
import { marketBooks, pooledBooks, VENUES } from '../books.ts';
import { median } from '../numbers.ts';
import { atMost, type Row, row } from '../row.ts';
import { sessionConfig } from '../stack/stack.ts';

const SESSION = 'bench-micro';
const POOL = 500;
/** Results are added up here, so that nothing is optimised away. */
const sink = { total: 0 };

/** What the single steps of every event cost. */
export const micro: Bench = {
  name: 'micro',
  says: 'the steps that every event goes through, one by one',
  byDefault: true,
  async run({ quick }) {
    return [...steps(quick), ...cores(quick)];
  },
};

interface Measured {
  readonly name: string;
  readonly times: number;
  readonly run: (i: number) => void;
  readonly peer?: (i: number) => void;
  readonly must?: Row['must'] & object;
  readonly note?: string;
}

function steps(quick: boolean): readonly Row[] {
  const books15 = messages(15);
  const books30 = messages(30);
  const rows = books30.map(asRow);
  const list: Measured[] = [
    ...(
      [
        [15, books15],
        [30, books30],
      ] as const
    ).flatMap(([levels, books]): Measured[] => [
      {
        name: `scan, book of ${levels} levels`,
        times: 200_000,
        run: (i) => {
          sink.total += (scan(at(books, i).subject, at(books, i).bytes) as Scanned).n;
        },
        must: atMost(1),
      },
      {
        name: `parseEvent, book of ${levels} levels`,
        times: 20_000,
        run: (i) => {
          const { subject, bytes, scanned } = at(books, i);
          sink.total += (parseEvent(subject, bytes, scanned, 1) as AnyEvent).n;
        },
        peer: (i) => {
          sink.total += (JSON.parse(at(books, i).bytes.toString()) as AnyEvent).n;
        },
        note: 'peer: JSON.parse',
      },
      {
        name: `encodeEvent, book of ${levels} levels`,
        times: 20_000,
        run: (i) => {
          sink.total += Buffer.from(encodeEvent(at(books, i).header, at(books, i).data)).length;
        },
        peer: (i) => {
          sink.total += Buffer.from(JSON.stringify({ ...at(books, i).header, data: at(books, i).data })).length;
        },
        note: 'peer: JSON.stringify',
      },
    ]),
    {
      name: 'sealBatch, a row of a batch of 500',
      times: 100,
      run: () => {
        sink.total += sealBatch(startChain(), rows, 1, rows.length).head.length;
      },
      peer: () => {
        const hash = createHash('sha256');
        for (const { bytes } of rows) hash.update(bytes);
        sink.total += hash.digest('hex').length;
      },
      note: 'peer: SHA-256 of the payloads',
    },
  ];
  const perCall = (name: string): number => (name.startsWith('sealBatch') ? rows.length : 1);
  return list.map(({ name, times, run, peer, must, note }) => {
    const mine: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < (quick ? 3 : 9); round++) {
      mine.push(micros(run, times) / perCall(name));
      if (peer !== undefined) theirs.push(micros(peer, times) / perCall(name));
    }
    return row('micro', name, median(mine), 'µs', {
      ...(theirs.length === 0 ? {} : { peer: median(theirs) }),
      ...(must === undefined ? {} : { must }),
      ...(note === undefined ? {} : { note }),
    });
  });
}

/** Processor time, so that a busy machine does not count; collecting the garbage does. */
function micros(run: (i: number) => void, times: number): number {
  const from = process.cpuUsage();
  for (let i = 0; i < times; i++) run(i);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / times;
}

interface Message {
  readonly subject: string;
  readonly header: Header;
  readonly data: unknown;
  readonly bytes: Buffer;
  readonly scanned: Scanned;
}

function message(subject: string, type: EventType, source: string, n: number, at: number, data: unknown): Message {
  const header: Header = { n, source, session: SESSION, type, v: CATALOG[type].v, at, cause: null };
  const bytes = Buffer.from(encodeEvent(header, data));
  const scanned = scan(subject, bytes);
  if (typeof scanned === 'string') throw new Error(`a made event is malformed: ${scanned}`);
  return { subject, header, data, bytes, scanned };
}

function messages(levels: number): readonly Message[] {
  const books = pooledBooks(levels);
  return Array.from({ length: POOL }, (_, i) => {
    const at = 1_700_000_000_000_000 + i;
    const data = books.next(i + 1, at);
    return message(`book.${data.venue}.${data.symbol}`, 'book', 'market-data/0123456789', i + 1, at, data);
  });
}

function at(all: readonly Message[], i: number): Message {
  return all[i % all.length] as Message;
}

function asRow({ subject, header, bytes }: Message, i: number): JournalRow {
  const { n, source, type, v, at } = header;
  const table = tableOf(subject);
  return { position: i + 1, storedAt: at, subject, source, n, type, v, at, cause: null, bytes, taken: true, malformed: false, table };
}

const REAL: Readonly<Record<'aggregator' | 'strategy' | 'risk' | 'executor', MakeCore>> = {
  aggregator: makeAggregator,
  strategy: makeStrategy,
  risk: makeRisk,
  executor: makeExecutor,
};

interface Fed {
  readonly service: keyof typeof REAL;
  readonly runner: CoreRunner;
  readonly inputs: AnyEvent[];
}

/**
 * All four real cores on the moving market in one process: what each was given is then given once more to a fresh one of
 * its kind, which is timed. Encoding of outputs is in it.
 */
function cores(quick: boolean): readonly Row[] {
  const fed = closedLoop(quick ? 3_000 : 30_000);
  return fed.map(({ service, inputs }) => {
    const spent: number[] = [];
    let outputs = 0;
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const runner = new CoreRunner(service, REAL[service](), SESSION);
      const emitted = (output: Output): void => {
        sink.total += output.n;
      };
      const warm = Math.floor(inputs.length / 5);
      for (let i = 0; i < warm; i++) runner.apply(inputs[i] as AnyEvent, emitted);
      const before = runner.derived;
      spent.push(micros((i) => runner.apply(inputs[warm + i] as AnyEvent, emitted), inputs.length - warm));
      outputs = runner.derived - before;
    }
    return row('micro', `CoreRunner.apply, ${service}`, median(spent), 'µs an input', {
      note: `${inputs.length} inputs, ${outputs} outputs`,
    });
  });
}

function closedLoop(total: number): readonly Fed[] {
  const books = marketBooks(30, 1_000);
  const fed: Fed[] = (Object.keys(REAL) as (keyof typeof REAL)[]).map((service) => ({
    service,
    runner: new CoreRunner(service, REAL[service](), SESSION),
    inputs: [],
  }));
  let position = 0;
  const turns = new Map<string, number>();
  const feed = (first: Pick<Message, 'subject' | 'bytes'>): void => {
    const waiting: AnyEvent[] = [];
    const arrive = ({ subject, bytes }: Pick<Message, 'subject' | 'bytes'>): void => {
      const event = parseEvent(subject, bytes, scan(subject, bytes) as Scanned, ++position);
      if (typeof event === 'string') throw new Error(`a made event is malformed: ${event}`);
      waiting.push(event);
    };
    arrive(first);
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift())
      for (const { runner, inputs } of fed) {
        if (!runner.wanted.has(event.type)) continue;
        inputs.push(event);
        runner.apply(event, arrive);
      }
  };
  const say = (type: EventType, words: readonly string[], source: string, time: number, data: unknown): void => {
    const n = (turns.get(source) ?? 0) + 1;
    turns.set(source, n);
    feed(message([CATALOG[type].root, ...words].join('.'), type, source, n, time, data));
  };
  const [JOURNAL, MARKET] = ['journal/0123456789', 'market-data/0123456789'];
  let time = 1_700_000_000_000_000;
  const started = {
    config: sessionConfig(),
    configHash: '0'.repeat(64),
    seed: '1',
    versions: {},
    boot: '0123456789',
    mode: 'ACTIVE',
    parent: null,
    snapshots: {},
  };
  say('session.started', ['started'], JOURNAL, time, started);
  for (const { name } of VENUES)
    say('health', [name], MARKET, time, {
      venue: name,
      state: 'HEALTHY',
      why: '',
      latencyMs: null,
      reconnects: 0,
      conflated: 0,
      suspended: [],
    });
  for (let i = 0; i < total; i++) {
    time += 1_000;
    if (i % 100 === 0) say('clock', [], JOURNAL, time, { fill: 0, committed: position, committedAt: time });
    if (i % 1_000 === 0) say('fx', ['KRW-USDT'], MARKET, time, { pair: 'KRW-USDT', rate: books.rate(), tier: 'single', sources: [] });
    if (i % 20 === 0) say('journal.committed', ['committed'], JOURNAL, time, { to: position, head: '0'.repeat(64) });
    const book = books.next(i + 1, time);
    say('book', [book.venue, book.symbol], MARKET, time, book);
  }
  return fed;
}
