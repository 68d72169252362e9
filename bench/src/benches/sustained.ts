import { CORE_SERVICES, type CoreServiceName } from '@arb/shared/contracts';
import type { MakeCore } from '@arb/shared/core';
import { verifySession } from '@arb/shared/replay';
import type { SessionRow, TurnsState } from '@arb/shared/runtime';
import pg from 'pg';
import type { Bench, BenchOptions } from '../bench.ts';
import { emptyCore } from '../empty/cores.ts';
import { atLeast, type Row, row } from '../row.ts';
import { pause, type Stack, startStack } from '../stack/stack.ts';

/** A rate holds when the last book is sent in time and its l2 is journaled this soon after. */
const MOST_DRAIN_MS = 500;
const GIVE_UP_MS = 20_000;
const DECIDES = { decideEvery: 0 };

/** The highest rate of books at which all of them, and an l2 for each, are journaled without falling behind. */
export const sustained: Bench = {
  name: 'sustained',
  says: 'the highest rate at which nothing is lost and all is journaled',
  byDefault: true,
  async run(options) {
    const rows: Row[] = [];
    for (const [levels, must] of [
      [15, 10_000],
      [30, 6_000],
    ] as const)
      rows.push(...(await highest(levels, must, options)));
    return rows;
  },
};

interface Step {
  readonly rate: number;
  readonly holds: boolean;
  readonly drainMs: number;
}

async function highest(levels: number, must: number, { quick, say }: BenchOptions): Promise<readonly Row[]> {
  const by = quick ? must / 4 : 1_000;
  const most = quick ? must / 2 : 30_000;
  let best = 0;
  let stack = await start();
  for (let rate = quick ? must / 4 : must / 2; rate <= most; rate += by) {
    const result = await step(stack, rate, quick ? 2 : 6, levels);
    say(
      `${levels} levels, ${rate} books/s: ${result.holds ? 'holds' : 'does not hold'} (journaled ${result.drainMs.toFixed(0)} ms after the last)`,
    );
    if (!result.holds) break;
    best = rate;
  }
  await stack.stop();
  // What held for a few seconds must hold for longer, from a fresh start; its session is the one that is proved.
  for (; best > 0; best -= by) {
    stack = await start();
    const seconds = quick ? 3 : 20;
    const before = stack.usage();
    const result = await step(stack, best, seconds, levels);
    const after = stack.usage();
    say(
      `${levels} levels, ${best} books/s for ${seconds} s: ${result.holds ? 'holds' : 'does not hold'} (${result.drainMs.toFixed(0)} ms after)`,
    );
    if (result.holds) {
      const faults = await lossesOf(stack);
      for (const fault of faults) say(fault);
      await stack.stop();
      const used = [...after].map(([name, { cpuSeconds, rssMb }]) => ({
        name,
        percent: ((cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)) / seconds) * 100,
        rssMb,
      }));
      return [
        row('sustained', `books of ${levels} levels`, best, 'books/s', { must: atLeast(must) }),
        row('sustained', `  of those, lost or unproved`, faults.length, 'faults', { must: { of: 'value', bound: 'at most', limit: 0 } }),
        ...used.map(({ name, percent, rssMb }) =>
          row('sustained', `  ${name}`, percent, '% of a core', { note: `${rssMb.toFixed(0)} MB` }),
        ),
      ];
    }
    await stack.stop();
  }
  return [row('sustained', `books of ${levels} levels`, 0, 'books/s', { must: atLeast(must), note: 'not even the lowest rate tried' })];
}

function start(): Promise<Stack> {
  return startStack({ cores: CORE_SERVICES, real: [], ...DECIDES, answers: null });
}

async function step(stack: Stack, rate: number, seconds: number, levels: number): Promise<Step> {
  const lost: Step = { rate, holds: false, drainMs: Number.POSITIVE_INFINITY };
  let said: Awaited<ReturnType<Stack['say']>>;
  try {
    said = await stack.say({ rate, seconds, levels, moving: false });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return lost;
  }
  const from = performance.now();
  while ((await derivedInJournal(stack, 'aggregator', 'l2')) < said.total) {
    if (performance.now() - from > GIVE_UP_MS) return lost;
    await pause(5);
  }
  const drainMs = performance.now() - from;
  const inTime = said.sent === Math.round(rate * seconds) && said.seconds < seconds * 1.02 + 0.1;
  return { rate, holds: inTime && drainMs <= MOST_DRAIN_MS, drainMs };
}

/** How many outputs of a source in a root are in Postgres: the last seal says who is in which turn. */
async function derivedInJournal(stack: Stack, source: string, root: string): Promise<number> {
  const seal = await stack.journal.lastSeal(stack.session);
  if (seal === null) return 0;
  const { last } = JSON.parse(seal.turns) as TurnsState;
  return last.find(([of, name]) => of === root && name === source)?.[2] ?? 0;
}

/** What is missing or wrong in the journal, by its own rows and by deriving every output again. */
async function lossesOf(stack: Stack): Promise<readonly string[]> {
  const { total } = await stack.say({ rate: 1, seconds: 1, levels: 1, moving: false });
  await stack.children.get('market-data')?.stop();
  await stack.journaled();
  for (const service of CORE_SERVICES) await stack.children.get(service)?.stop();
  await stack.children.get('journal')?.stop();
  const session = (await stack.journal.session(stack.session)) as SessionRow;
  const faults: string[] = [];
  const client = new pg.Client({ connectionString: stack.servers.postgres });
  await client.connect();
  const both = `(SELECT * FROM events_market UNION ALL SELECT * FROM events_ledger) e WHERE session_number = ${session.number}`;
  const [counts] = (
    await client.query<{ rows: string; last: string; books: string }>(
      `SELECT count(*) AS rows, max(position) AS last, count(*) FILTER (WHERE type = 'book' AND taken) AS books FROM ${both}`,
    )
  ).rows;
  const holes = await client.query<{ source: string; root: string }>(
    `SELECT source, split_part(subject, '.', 1) AS root FROM ${both} AND taken
      GROUP BY source, root HAVING count(*) <> max(n) OR min(n) <> 1`,
  );
  await client.end();
  const head = await stack.journal.head(stack.session);
  if (Number(counts?.books) !== total) faults.push(`${total} books were said, ${counts?.books} are in the journal`);
  if (counts?.rows !== counts?.last) faults.push(`${counts?.rows} rows end at position ${counts?.last}`);
  if (Number(counts?.last) !== head) faults.push(`the seals end at ${head}, the rows at ${counts?.last}`);
  for (const { source, root } of holes.rows) faults.push(`the numbers of ${source} in ${root} have a gap`);
  const cores = Object.fromEntries(CORE_SERVICES.map((service) => [service, emptyCore(service, DECIDES)])) as Record<
    CoreServiceName,
    MakeCore
  >;
  const report = await verifySession(stack.journal, session, { cores });
  for (const fault of report.faults) faults.push(`${fault.check} at ${fault.position}: expected ${fault.expected}, found ${fault.found}`);
  if (report.outputs.aggregator !== total) faults.push(`${total} books, but ${report.outputs.aggregator} l2`);
  return faults;
}
