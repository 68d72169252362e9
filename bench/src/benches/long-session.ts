import { CORES, CORES_MODULE } from '@arb/cli';
import { CORE_SERVICES } from '@arb/shared/contracts';
import { openArchive } from '@arb/shared/journal';
import { stateAt, verifyInParallel, why } from '@arb/shared/replay';
import type { SessionRow } from '@arb/shared/runtime';
import { PROFILES } from '@arb/simulator';
import pg from 'pg';
import type { Bench } from '../bench.ts';
import { percentile } from '../numbers.ts';
import { atMost, type Row, row } from '../row.ts';
import { onEnd } from '../stack/endings.ts';
import { startStack } from '../stack/stack.ts';

const EVENTS = 10_000_000;
/** An hour at 500 books/s; it is recorded as fast as the cores go on with. */
const HOUR_BOOKS = 500 * 3_600;
const RATE = 3_500;
const CHUNK_SECONDS = 30;
const JOBS = 2;
const ASKED = 20;
const TYPES = ['decision', 'verdict', 'order', 'fill', 'position', 'l2', 'book'] as const;

/** The real cores on the lively market, recorded until the session is as long as asked for; then questions to any place of it. */
export const longSession: Bench = {
  name: 'long-session',
  says: `verifying an hour's worth of books, and state and why anywhere in a recorded session of ${EVENTS / 1e6} million events (takes 40 minutes and 30 GB)`,
  byDefault: false,
  async run({ quick, minutes, say }) {
    const events = quick ? 100_000 : EVENTS;
    const hourBooks = quick ? 20_000 : HOUR_BOOKS;
    const longest = (minutes ?? 60) * 60_000 + performance.now();
    const stack = await startStack({ cores: CORE_SERVICES, real: CORE_SERVICES, decideEvery: 0, answers: null });
    const began = performance.now();
    let [head, books, hour] = [0, 0, 0];
    while ((head < events || books < hourBooks) && performance.now() < longest) {
      const said = await stack.say({
        rate: RATE,
        seconds: quick ? 3 : CHUNK_SECONDS,
        levels: 30,
        moving: true,
        profile: PROFILES.lively,
      });
      books = said.total;
      head = await stack.journaled();
      // One that has ended would leave a session of half of what is asked of it.
      for (const child of stack.children.values()) await child.ask('status');
      if (hour === 0 && books >= hourBooks) hour = head;
      say(`${head} events, ${books} books`);
    }
    const recordedIn = (performance.now() - began) / 1_000;
    for (const child of [...stack.children.values()].reverse()) await child.stop();

    const rows: Row[] = [row('long-session', 'recorded', head, 'events', { note: `${books} books in ${recordedIn.toFixed(0)} s` })];
    const archive = openArchive(stack.servers.postgres);
    const client = new pg.Client({ connectionString: stack.servers.postgres });
    await client.connect();
    const close = onEnd(async () => {
      await client.end();
      await archive.close();
    });
    const session = (await archive.session(stack.session)) as SessionRow;

    const from = performance.now();
    const report = await verifyInParallel(archive, session, {
      cores: CORES,
      jobs: JOBS,
      to: hour === 0 ? head : hour,
      worker: { url: stack.servers.postgres, cores: CORES_MODULE },
    });
    const seconds = (performance.now() - from) / 1_000;
    const size = `${report.events} events of ${hour === 0 ? books : hourBooks} books in ${report.ranges} ranges, ${Math.round(report.events / seconds)} events/s`;
    rows.push(
      row('long-session', `verify, ${JOBS} processes`, seconds, 's', { must: atMost(120), note: size }),
      row('long-session', '  differences found', report.faults.length, 'faults', { must: atMost(0) }),
    );

    const measure = async (name: string, limit: number, ask: (i: number) => Promise<unknown>): Promise<void> => {
      const times: number[] = [];
      for (let i = 0; i < ASKED; i++) {
        const from = performance.now();
        await ask(i);
        times.push(performance.now() - from);
      }
      times.sort((a, b) => a - b);
      rows.push(
        row('long-session', name, percentile(times, 0.5), 'ms', {
          must: atMost(limit),
          note: `worst of ${ASKED}: ${percentile(times, 1).toFixed(0)} ms`,
        }),
      );
    };
    // Spread over the whole session, in no order.
    const somewhere = (i: number): number => Math.floor((((i * 7) % ASKED) + 0.9) * (head / ASKED));
    for (const service of CORE_SERVICES)
      await measure(`state of ${service}`, 1_000, (i) => stateAt(archive, session, service, somewhere(i), CORES));
    for (const type of TYPES) {
      const places: number[] = [];
      for (let i = 0; i < ASKED; i++) {
        const { rows: found } = await client.query<{ position: string }>(NEAREST, [session.id, type, somewhere(i)]);
        if (found[0] !== undefined) places.push(Number(found[0].position));
      }
      if (places.length > 0) await measure(`why, a ${type}`, 100, (i) => why(archive, session, places[i % places.length] as number));
    }
    await close();
    await stack.stop();
    return rows;
  },
};

const NEAREST = 'SELECT position FROM events WHERE session = $1 AND type = $2 AND taken AND position <= $3 ORDER BY position DESC LIMIT 1';
