import { type DataOf, encodeEvent, type Header, parseEvent, type Scanned, scan } from '@arb/shared/contracts';
import { migrate, openJournalStore, sealBatch, startChain, startPostgres, tableOf } from '@arb/shared/journal';
import { Intake, type JournalRow, type Seal, type SessionRow } from '@arb/shared/runtime';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import type { Bench } from '../bench.ts';
import { pooledBooks } from '../books.ts';
import { CopyFrom, CopyTo, framed } from '../copy.ts';
import { coinOf, l2Of } from '../empty/answers.ts';
import { median } from '../numbers.ts';
import { atLeast, row } from '../row.ts';
import { onEnd } from '../stack/endings.ts';

const BATCH = 2_000;
const SOURCE = 'market-data/0123456789';
const SESSION = 'bench-journal';

/** Appending as the recorder does it, against COPY of the same rows with nothing around it, and against another event store. */
export const journal: Bench = {
  name: 'journal',
  says: 'append of sealed batches, against raw COPY and emmett-postgresql',
  byDefault: true,
  async run({ quick, say }) {
    const count = quick ? 10_000 : 60_000;
    const rounds = quick ? 1 : 7;
    const rows = prepared(count);
    const bytes = rows.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const postgres = await startPostgres();
    const stop = onEnd(() => postgres.stop());
    await migrate(postgres.url);
    const store = openJournalStore(postgres.url);
    if (!(await store.lock())) throw new Error("the writer's lock of a database of our own is taken");
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    let made = 0;
    const session = async (): Promise<SessionRow> => {
      made++;
      const fresh = await store.createSession({
        id: `${SESSION}-${made}`,
        parent: null,
        parentPosition: null,
        configHash: '0'.repeat(64),
        config: '{}',
        versions: {},
        startedAt: 0,
      });
      // Partitions are made ahead in production too.
      await store.ensurePartitions(fresh, count);
      return fresh;
    };
    const rate = async (run: () => Promise<void>): Promise<number> => {
      const from = performance.now();
      await run();
      return count / ((performance.now() - from) / 1_000);
    };

    /** `most` batches are under way at once; what is sealed builds on the batch before, stored or not. */
    const append = (to: SessionRow, most: number) => async (): Promise<void> => {
      let chain = startChain();
      const under: Promise<void>[] = [];
      for (let at = 0; at < rows.length; at += BATCH) {
        const batch = rows.slice(at, at + BATCH);
        const [from, end] = [at + 1, at + batch.length];
        chain = sealBatch(chain, batch, from, end);
        const seal: Seal = { from, to: end, ...chain, turns: JSON.stringify({ last: [[SOURCE, end]], leases: [], clock: 0 }) };
        under.push(store.append(to, batch, seal));
        if (under.length >= most) await under.shift();
      }
      await Promise.all(under);
    };
    const first = await session();
    await append(first, 1)();

    // The same rows as Postgres itself writes them, in a table made like the journal's own partition.
    const [partition] = (await client.query<{ name: string }>(`SELECT tableoid::regclass AS name FROM events_market LIMIT 1`)).rows;
    await client.query(`CREATE TABLE raw_copy (LIKE ${partition?.name} INCLUDING ALL)`);
    const range = (from: number, to: number) =>
      client.query(
        new CopyTo(
          `COPY (SELECT * FROM events_market WHERE session_number = ${first.number} AND position BETWEEN ${from} AND ${to} ORDER BY position) TO STDOUT (FORMAT binary)`,
        ),
      ).done;
    const batches: Buffer[] = [];
    for (let at = 0; at < count; at += BATCH) batches.push(framed(await range(at + 1, Math.min(count, at + BATCH))));
    const whole = framed(await range(1, count));
    const COPY = 'COPY raw_copy FROM STDIN (FORMAT binary)';
    await client.query('SET synchronous_commit = on');

    const found = { awaited: [] as number[], twoUnderWay: [] as number[], rawBatches: [] as number[], rawWhole: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      found.awaited.push(await rate(append(await session(), 1)));
      await client.query('TRUNCATE raw_copy');
      found.rawBatches.push(
        await rate(async () => {
          for (const batch of batches) await client.query(new CopyFrom(COPY, [batch])).done;
        }),
      );
      found.twoUnderWay.push(await rate(append(await session(), 2)));
      await client.query('TRUNCATE raw_copy');
      found.rawWhole.push(await rate(() => client.query(new CopyFrom(COPY, [whole])).done));
      say(
        `round ${round + 1}: ${Object.entries(found)
          .map(([name, all]) => `${name} ${Math.round(all.at(-1) as number)}`)
          .join(', ')} rows/s`,
      );
    }
    await client.end();
    await store.close();
    const emmett = await otherStore(postgres.urlOf('postgres'), postgres.urlOf('emmett'), rows.slice(0, quick ? 2_000 : 20_000));
    await stop();

    const pairs = (ours: readonly number[], peers: readonly number[]) => median(ours.map((value, i) => value / (peers[i] as number)));
    const size = `${(bytes / count / 1_000).toFixed(2)} kB a row, ${BATCH} rows a batch`;
    const against = (ours: readonly number[], peers: readonly number[]) => ({ peer: median(peers), ratio: pairs(ours, peers) });
    return [
      row('journal', 'append, each awaited', median(found.awaited), 'rows/s', {
        ...against(found.awaited, found.rawBatches),
        must: atLeast(0.6, 'ratio'),
        note: `peer: raw COPY of the same batches; ${size}`,
      }),
      row('journal', 'append, two under way', median(found.twoUnderWay), 'rows/s', {
        ...against(found.twoUnderWay, found.rawBatches),
        must: atLeast(0.6, 'ratio'),
        note: 'peer: raw COPY of the same batches',
      }),
      row('journal', 'append, each awaited', median(found.awaited), 'rows/s', {
        ...against(found.awaited, found.rawWhole),
        must: atLeast(0.6, 'ratio'),
        note: 'peer: raw COPY of all rows in one transaction',
      }),
      row('journal', 'append, each awaited', median(found.awaited), 'rows/s', {
        peer: emmett,
        note: 'peer: emmett-postgresql, the same batches',
      }),
    ];
  },
};

/** Books and an l2 for each, as a recorder hands them over: half of all rows of a session are of these two kinds. */
function prepared(count: number): readonly JournalRow[] {
  const books = pooledBooks(15);
  const rows: JournalRow[] = [];
  const intake = new Intake(SESSION, new Set());
  const begin = Date.now() * 1_000;
  for (let i = 0; i < count; i++) {
    const at = begin + i * 100;
    const book: DataOf<'book'> = books.next(i + 1, at);
    const isBook = i % 2 === 0;
    const header: Header = {
      n: (i >> 1) + 1,
      source: isBook ? SOURCE : 'aggregator',
      session: SESSION,
      type: isBook ? 'book' : 'l2',
      v: 1,
      at,
      cause: isBook ? null : i,
    };
    const subject = isBook ? `book.${book.venue}.${book.symbol}` : `l2.${coinOf(book.symbol)}`;
    const bytes = Buffer.from(encodeEvent(header, isBook ? book : l2Of(book)));
    const judged = intake.judge({ position: i + 1, storedAt: at, subject, bytes });
    if (judged === 'malformed') throw new Error(`a prepared row is malformed: ${intake.fault}`);
    rows.push({
      position: i + 1,
      storedAt: at,
      subject,
      source: header.source,
      n: header.n,
      type: header.type,
      v: 1,
      at,
      cause: header.cause === null ? null : String(header.cause),
      bytes,
      taken: true,
      malformed: false,
      table: tableOf(subject),
    });
  }
  const last = rows.at(-1) as JournalRow;
  const checked = parseEvent(last.subject, last.bytes, scan(last.subject, last.bytes) as Scanned, last.position);
  if (typeof checked === 'string') throw new Error(`a prepared row is malformed: ${checked}`);
  return rows;
}

/** Rows a second of a general event store on the same server, appending the same events to one stream in the same batches. */
async function otherStore(admin: string, url: string, rows: readonly JournalRow[]): Promise<number> {
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  await client.query('CREATE DATABASE emmett');
  await client.end();
  const store = getPostgreSQLEventStore(url);
  await store.schema.migrate();
  const events = rows.map((row) => ({ type: row.type as string, data: JSON.parse(row.bytes.toString()) as Record<string, unknown> }));
  const from = performance.now();
  for (let at = 0; at < events.length; at += BATCH) await store.appendToStream('books', events.slice(at, at + BATCH));
  const rate = events.length / ((performance.now() - from) / 1_000);
  await store.close();
  return rate;
}
