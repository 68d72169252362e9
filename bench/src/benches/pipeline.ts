import type { Bench } from '../bench.ts';
import { median } from '../numbers.ts';
import type { Said, Say } from '../processes/generator.ts';
import { atLeast, atMost, row } from '../row.ts';
import { startChild } from '../stack/child.ts';
import { startBareNats } from '../stack/servers.ts';
import { startStack } from '../stack/stack.ts';

const HOPS = ['aggregator', 'strategy', 'risk', 'executor'] as const;
const RATE = 1_000;
const LEVELS = 30;

/**
 * A book to an order over four services, with journal and all, beside the same payloads over the same hops on core NATS
 * with nothing around them. The process that says the books hears the orders, so one clock measures both.
 */
export const pipeline: Bench = {
  name: 'pipeline',
  says: 'book received to order over four hops, against bare NATS',
  byDefault: true,
  async run({ quick, say }) {
    const rounds = quick ? 2 : 5;
    const seconds = quick ? 2 : 6;
    const stack = await startStack({ cores: HOPS, real: [], decideEvery: 1, answers: 'order.>' });
    const nats = await startBareNats();
    const hops = [];
    for (const service of HOPS) hops.push(await startChild(`bare ${service}`, 'bare-hop', { nats: nats.url, service }));
    const bareGenerator = await startChild('bare generator', 'bare-generator', { nats: nats.url });
    const books: Say = { rate: RATE, seconds, levels: LEVELS, moving: false };
    const runs = {
      real: () => stack.say(books),
      bare: () => bareGenerator.ask<Said>('say', books),
    };
    const found: Record<keyof typeof runs, Said[]> = { real: [], bare: [] };
    for (const run of Object.values(runs)) await run();
    const before = stack.usage();
    for (let round = 0; round < rounds; round++)
      for (const which of round % 2 === 0 ? (['real', 'bare'] as const) : (['bare', 'real'] as const)) {
        const result = await runs[which]();
        found[which].push(result);
        say(
          `${which} ${round + 1}: p50 ${result.p50.toFixed(3)} ms, p99 ${result.p99.toFixed(3)} ms, answered ${result.answered}/${result.sent}`,
        );
      }
    const after = stack.usage();
    const cpu = [...after]
      .filter(([name]) => stack.children.has(name) || name === 'postgres')
      .map(
        ([name, { cpuSeconds }]) =>
          `${name} ${(((cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)) / (seconds * rounds)) * 100).toFixed(0)} %`,
      );
    for (const child of [bareGenerator, ...hops]) await child.stop();
    await nats.stop();
    await stack.stop();

    const of = (which: keyof typeof runs, what: 'p50' | 'p99') => found[which].map((result) => result[what]);
    const pairs = (what: 'p50' | 'p99') => median(of('real', what).map((value, i) => value / (of('bare', what)[i] as number)));
    const lost = found.real.reduce((sum, { sent, answered }) => sum + sent - answered, 0);
    const p50 = { peer: median(of('bare', 'p50')), ratio: pairs('p50') };
    const p99 = { peer: median(of('bare', 'p99')), ratio: pairs('p99') };
    return [
      row('pipeline', 'p50', median(of('real', 'p50')), 'ms', { ...p50, must: atMost(1.5, 'ratio'), note: 'peer: bare NATS; aim 1.3 ×' }),
      row('pipeline', 'p99', median(of('real', 'p99')), 'ms', { ...p99, must: atMost(2, 'ratio'), note: 'peer: bare NATS' }),
      row('pipeline', 'p50 by itself', median(of('real', 'p50')), 'ms', { must: atMost(1) }),
      row('pipeline', 'p99 by itself', median(of('real', 'p99')), 'ms', { must: atMost(5) }),
      row('pipeline', 'orders for all books', lost === 0 ? 1 : 0, 'yes', { must: atLeast(1), note: `processor: ${cpu.join(', ')}` }),
    ];
  },
};
