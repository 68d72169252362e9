import { migrate, openArchive, startPostgres } from '@arb/shared/journal';
import { type EventPlace, parseRoute, resolveEvent, resolveSession, sessionFacts, why, whyNot } from '@arb/shared/replay';
import pg from 'pg';
import type { Bench } from '../bench.ts';
import { percentile } from '../numbers.ts';
import { atMost, type Row, row } from '../row.ts';
import { onEnd } from '../stack/endings.ts';

const SESSION = 'bench-archive';
const PARTITION = 5_000_000;
const STEP = 500_000;
const ASKED = 40;
/** µs: of the first event, and between two. */
const BEGAN = 1_700_000_000_000_000;
const APART = 100;

/** Questions to a session of ten million events, whose rows the database makes itself: small ones, since only their order matters. */
export const archive: Bench = {
  name: 'archive',
  says: 'why, why-not and finding an event in a session of ten million events',
  byDefault: false,
  async run({ quick, say }) {
    const events = quick ? 500_000 : 10_000_000;
    const postgres = await startPostgres();
    const stop = onEnd(() => postgres.stop());
    await migrate(postgres.url);
    await fill(postgres.url, events, say);
    const opened = openArchive(postgres.url);
    const session = await resolveSession(opened, SESSION);
    const rows: Row[] = [];
    const measure = async (name: string, limit: number | null, ask: (i: number) => Promise<unknown>): Promise<void> => {
      const times: number[] = [];
      for (let i = 0; i < ASKED; i++) {
        const from = performance.now();
        await ask(i);
        times.push(performance.now() - from);
      }
      times.sort((a, b) => a - b);
      const must = limit === null ? {} : { must: atMost(limit) };
      rows.push(
        row('archive', name, percentile(times, 0.5), 'ms', {
          ...must,
          note: `worst of ${ASKED}: ${percentile(times, 1).toFixed(0)} ms, the first one cold`,
        }),
      );
    };
    // Spread over the whole session, by a step that meets no pattern of the rows.
    const somewhere = (i: number) => Math.floor((((i * 7_919) % ASKED) / ASKED) * (events / 100 - 100)) * 100;
    for (const { type, at } of LEDGER) await measure(`why, a ${type}`, 100, (i) => why(opened, session, somewhere(i) + at));
    await measure('why, an l2', 100, (i) => why(opened, session, somewhere(i) + 10));
    await measure('why, a book', 100, (i) => why(opened, session, somewhere(i) + 9));
    await measure('why-not, a coin', null, (i) => whyNot(opened, session, parseRoute('BTC'), somewhere(i) + 50));
    const found = (text: string): Promise<EventPlace> => resolveEvent(opened, text, { session });
    await measure('an event by its time', null, (i) => found(new Date((BEGAN + somewhere(i) * APART) / 1_000 + 1).toISOString()));
    await measure('the last position event', null, () => found('position:last'));
    const from = performance.now();
    await sessionFacts(opened, SESSION);
    rows.push(row('archive', 'arb session', performance.now() - from, 'ms', { note: `${events} events` }));
    await opened.close();
    await stop();
    return rows;
  },
};

/** Of a hundred positions, these are of the ledger; the others are books and what follows from them. */
const LEDGER = [
  {
    at: 2,
    type: 'decision',
    source: 'strategy',
    subject: 'decision.BTC',
    cause: 'p - 1',
    data: `{"kind":"skipped","trip":null,"coin":"BTC","route":null,"legs":[],"notional":null,"edgeBps":null,"validUntil":null,"rule":"min-edge","limit":15,"value":12,"why":"too small","numbers":{}}`,
  },
  {
    at: 4,
    type: 'verdict',
    source: 'risk',
    subject: 'verdict.BTC',
    cause: 'p - 2',
    data: `{"outcome":"BLOCK","trip":null,"coin":"BTC","decision":null,"firstRule":null,"rule":"coin-exposure","tier":null,"limit":1,"value":2,"numbers":{}}`,
  },
  {
    at: 6,
    type: 'order',
    source: 'executor',
    subject: 'order.upbit.BTC-KRW',
    cause: 'p - 2',
    data: `{"order":"BTC-1-0-0","trip":"BTC-1","venue":"upbit","symbol":"BTC-KRW","side":"buy","state":"rejected","quantity":"1","filled":"0","limit":"1","reason":null}`,
  },
  {
    at: 8,
    type: 'position',
    source: 'executor',
    subject: 'position.BTC',
    cause: 'p - 2',
    data: `{"trip":"BTC-1","coin":"BTC","state":"CLOSED","route":null,"quantity":"0","pnl":{"amount":"1.5","currency":"USDT"},"parts":{},"why":"both legs filled"}`,
  },
] as const;

async function fill(url: string, events: number, say: (what: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ number: number }>(
      `INSERT INTO sessions (id, status, end_position, config_hash, config, versions, started_at) VALUES ('${SESSION}', 'ended', ${events}, 'c', '{}', '{}', now()) RETURNING number`,
    );
    const number = (rows[0] as { number: number }).number;
    for (const table of ['market', 'ledger'])
      for (let first = 1; first <= events; first += PARTITION)
        await client.query(
          `CREATE TABLE events_${table}_s${number}_${first}_${first + PARTITION - 1} PARTITION OF events_${table} FOR VALUES FROM (${number}, ${first}) TO (${number}, ${first + PARTITION})`,
        );
    const ledger = LEDGER.map(({ at }) => at).join(', ');
    for (let from = 0; from < events; from += STEP) {
      const insert = (table: string, where: string, type: string, source: string, subject: string, cause: string, data: string) =>
        client.query(
          `INSERT INTO events_${table} (session_number, position, stored_at, subject, source, n, type, v, at, cause, body, taken)
           SELECT ${number}, p, timestamptz 'epoch' + (${BEGAN + 500} + p * ${APART})::float8 * interval '1 microsecond', '${subject}', '${source}', p, '${type}', 1, ${BEGAN} + p * ${APART}, (${cause})::text,
             ('{"n":' || p || ',"source":"${source}","session":"${SESSION}","type":"${type}","v":1,"at":' || (${BEGAN} + p * ${APART}) || ',"cause":' || coalesce((${cause})::text, 'null') || ',"data":${data}}')::json, true
           FROM generate_series(${from + 1}::bigint, ${Math.min(events, from + STEP)}::bigint) p WHERE ${where}`,
        );
      const book = `{"venue":"upbit","symbol":"BTC-KRW","epoch":1,"sequence":1,"exchangeAt":null,"receivedAt":1,"bids":[[1,1]],"asks":[[2,1]]}`;
      await insert('market', 'p % 2 = 1', 'book', 'market-data/abcdefgh', 'book.upbit.BTC-KRW', 'null', book);
      const l2 = `{"coin":"BTC","numeraire":"USDT","venues":[],"bids":[[1,1,0,1]],"asks":[]}`;
      await insert('market', `p % 2 = 0 AND p % 100 NOT IN (${ledger})`, 'l2', 'aggregator', 'l2.BTC', 'p - 1', l2);
      for (const { at, type, source, subject, cause, data } of LEDGER)
        await insert('ledger', `p % 100 = ${at}`, type, source, subject, cause, data);
      say(`${Math.min(events, from + STEP)} of ${events} events made`);
    }
    await client.query(
      `INSERT INTO seals (session_number, from_position, to_position, market, ledger, head, turns)
       SELECT ${number}, k * 1000 + 1, (k + 1) * 1000, repeat('0', 64), repeat('0', 64), repeat('0', 64), '{}' FROM generate_series(0, ${events / 1_000 - 1}) k`,
    );
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}
