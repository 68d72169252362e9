import type { SessionConfig } from '@arb/shared/core';
import type { Profile } from '@arb/simulator';
import type { Bench } from '../bench.ts';
import { type Chained, chainsOf } from '../chains.ts';
import { median, percentile } from '../numbers.ts';
import { LINKS, type Link } from '../processes/arrivals.ts';
import type { BareSaid } from '../processes/bare-generator.ts';
import type { Said, Say } from '../processes/generator.ts';
import { atLeast, atMost, type Row, row } from '../row.ts';
import { pause, startStack } from '../stack/stack.ts';
import { HOPS, startPeer } from './pipeline.ts';

const RATE = 1_000;
const LEVELS = 30;
const LEAST_ORDERS = 50;
const WARM_UP_SECONDS = 2;
const SETTLE_MS = 200;

/** Distances that open and close within a second or two, at all coins alike: the strategy has something to decide on all the time. */
const PREMIUMS: Profile = {
  says: 'premiums of some 0.6 % that turn around within seconds',
  tempers: [{ swingBps: 60, swingSeconds: 1.5, driftBps: 1, driftSeconds: 300 }],
  activity: 'even',
};

/** Decides soon, and goes on where it has lost: nobody trades like that, but every limit is still looked at. */
const READIER = {
  strategy: { premiumWarmUpSeconds: 1 },
  risk: { maxCoinLossesInRow: 1000, maxRouteLossesInRow: 1000, maxLossesInRow: 1000, maxEntriesPerRoute: 1000 },
} as const;

function readier(config: SessionConfig): SessionConfig {
  return { ...config, strategy: { ...config.strategy, ...READIER.strategy }, risk: { ...config.risk, ...READIER.risk } };
}

const CHANGED = Object.entries(READIER).flatMap(([section, values]) =>
  Object.entries(values).map(([name, value]) => `${section}.${name} ${value}`),
);

interface Spread {
  readonly p50: number;
  readonly p99: number;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}

/**
 * The pipeline with the cores that trade: a book to an order by the chain of causes, beside the same number of books over the same hops with nothing
 * around them. They answer few books with an order; at the bare hops each book becomes one.
 */
export const pipelineReal: Bench = {
  name: 'pipeline-real',
  says: `book received to order by the cores that trade, against bare NATS; a moving market with ${PREMIUMS.says}, ${CHANGED.join(', ')}`,
  byDefault: true,
  async run({ quick, say }) {
    const rounds = quick ? 2 : 5;
    const seconds = quick ? 3 : 6;
    const stack = await startStack({ cores: HOPS, real: HOPS, decideEvery: 0, answers: null, links: true, adjust: readier });
    const bare = await startPeer('bare', null, true);
    const books: Say = { rate: RATE, seconds, levels: LEVELS, moving: false };
    const moving: Say = { ...books, moving: true, profile: PREMIUMS };
    await stack.say({ ...moving, seconds: WARM_UP_SECONDS });
    await bare.say({ ...books, seconds: 1 });
    const runs: Said[] = [];
    const peers: BareSaid[] = [];
    const used = new Map<string, number>();
    const runReal = async (): Promise<void> => {
      const before = stack.usage();
      const said = await stack.say(moving);
      for (const [name, { cpuSeconds }] of stack.usage())
        used.set(name, (used.get(name) ?? 0) + cpuSeconds - (before.get(name)?.cpuSeconds ?? 0));
      runs.push(said);
      // What the last books led to must not run beside the peer.
      await pause(SETTLE_MS);
    };
    const runBare = async (): Promise<void> => {
      peers.push(await bare.say(books));
    };
    for (let round = 0; round < rounds; round++) {
      for (const run of round % 2 === 0 ? [runReal, runBare] : [runBare, runReal]) await run();
      const [said, peer] = [runs.at(-1) as Said, peers.at(-1) as BareSaid];
      say(
        `${round + 1}: ${said.sent} books; bare: p50 ${peer.p50.toFixed(3)} ms, p99 ${peer.p99.toFixed(3)} ms, ${peer.answered}/${peer.sent}`,
      );
    }
    await bare.stop();
    await stack.journaled();
    const { links, otherwise, unheard } = await chainsOf(stack, (runs.at(-1) as Said).total);
    const took = runs.reduce((sum, run) => sum + run.seconds, 0);
    const cpu = [...used]
      .filter(([name]) => stack.children.has(name) || name === 'postgres' || name === 'nats-server')
      .map(([name, cpuSeconds]) => `${name} ${((cpuSeconds / took) * 100).toFixed(0)} %`);
    await stack.stop();

    const within = ({ book }: Chained, { sent, total }: Said): boolean => book > total - sent && book <= total;
    const inRounds = (link: Link): readonly Chained[] => links[link].filter((one) => runs.some((run) => within(one, run)));
    const rows: Row[] = [];

    const l2 = runs.map((run) => spreadOf(links.l2.filter((one) => within(one, run)).map(({ sinceBook }) => sinceBook)));
    const firstHops = peers.map(({ firstHop }) => firstHop as NonNullable<BareSaid['firstHop']>);
    for (const what of ['p50', 'p99'] as const)
      rows.push(
        row('pipeline-real', `book → l2, ${what}`, median(l2.map((one) => one[what])), 'ms', {
          peer: median(firstHops.map((one) => one[what])),
          ratio: median(l2.map((one, i) => one[what] / (firstHops[i] as Spread)[what])),
          note: 'peer: one hop of bare NATS',
        }),
      );
    for (const [i, link] of LINKS.slice(1).entries()) {
      const found = inRounds(link);
      const { p50, p99 } = spreadOf(found.map(({ sinceCause }) => sinceCause));
      rows.push(
        row('pipeline-real', `${LINKS[i]} → ${link}, p50`, p50, 'ms', { note: `p99 ${p99.toFixed(2)} ms, ${found.length} of them` }),
      );
    }
    // A round has too few orders for a p99 of its own: those of all rounds are taken together.
    const orders = inRounds('order');
    const verdicts = new Set(orders.map(({ book }) => book)).size;
    const total = spreadOf(orders.map(({ sinceBook }) => sinceBook));
    const few = orders.length < LEAST_ORDERS ? `; only ${orders.length} orders: take it as rough` : '';
    rows.push(
      row('pipeline-real', 'book → order, p50', total.p50, 'ms', {
        peer: median(peers.map(({ p50 }) => p50)),
        note: `peer: four hops of bare NATS, an order for every book${few}`,
      }),
      row('pipeline-real', 'book → order, p99', total.p99, 'ms', {
        peer: median(peers.map(({ p99 }) => p99)),
        note: `peer: four hops of bare NATS, an order for every book${few}`,
      }),
      row('pipeline-real', 'orders measured', orders.length, 'orders', {
        must: atLeast(LEAST_ORDERS),
        note: `after ${verdicts} books; processor: ${cpu.join(', ')}`,
      }),
      row('pipeline-real', 'events of a book never heard', unheard, 'events', {
        must: atMost(0),
        note: `${otherwise} others came of something else, such as a timer`,
      }),
    );
    return rows;
  },
};
