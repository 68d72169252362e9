import type { Bench } from '../bench.ts';
import { median } from '../numbers.ts';
import type { BareGeneratorSettings, BareSaid } from '../processes/bare-generator.ts';
import type { Said, Say } from '../processes/generator.ts';
import { atLeast, atMost, row } from '../row.ts';
import { type Child, startChild } from '../stack/child.ts';
import { startBareNats } from '../stack/servers.ts';
import { startStack } from '../stack/stack.ts';

export const HOPS = ['aggregator', 'strategy', 'risk', 'executor'] as const;
const RATE = 1_000;
const LEVELS = 30;

/** The same payloads over the same hops with nothing around them, on core NATS or through a stream. */
export async function startPeer(name: string, stream: string | null, firstHop = false) {
  const nats = await startBareNats(stream);
  const hops: Child[] = [];
  for (const service of HOPS) hops.push(await startChild(`${name} ${service}`, 'bare-hop', { nats: nats.url, service, stream }));
  const generator = await startChild(`${name} generator`, 'bare-generator', { nats: nats.url, firstHop } satisfies BareGeneratorSettings);
  return {
    say: (books: Say) => generator.ask<BareSaid>('say', books),
    async stop() {
      for (const child of [generator, ...hops]) await child.stop();
      await nats.stop();
    },
  };
}

/**
 * A book to an order over four services, with journal and all, beside the same payloads over the same hops on core NATS
 * with nothing around them, and through a stream with nothing else around them. The process that says the books hears the orders, so one clock measures both.
 */
export const pipeline: Bench = {
  name: 'pipeline',
  says: 'book received to order over four hops, against bare NATS',
  byDefault: true,
  async run({ quick, say }) {
    const rounds = quick ? 2 : 5;
    const seconds = quick ? 2 : 6;
    const stack = await startStack({ cores: HOPS, real: [], decideEvery: 1, answers: 'order.>' });
    const bare = await startPeer('bare', null);
    const stored = await startPeer('stored', 'STORED');
    const books: Say = { rate: RATE, seconds, levels: LEVELS, moving: false };
    const runs = {
      real: () => stack.say(books),
      bare: () => bare.say(books),
      stored: () => stored.say(books),
    };
    const found: Record<keyof typeof runs, Said[]> = { real: [], bare: [], stored: [] };
    for (const run of Object.values(runs)) await run();
    const before = stack.usage();
    for (let round = 0; round < rounds; round++)
      for (const which of round % 2 === 0 ? (['real', 'bare', 'stored'] as const) : (['stored', 'bare', 'real'] as const)) {
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
    await bare.stop();
    await stored.stop();
    await stack.stop();

    const of = (which: keyof typeof runs, what: 'p50' | 'p99') => found[which].map((result) => result[what]);
    const pairs = (what: 'p50' | 'p99', peer: 'bare' | 'stored' = 'bare') =>
      median(of('real', what).map((value, i) => value / (of(peer, what)[i] as number)));
    const onStreams = (what: 'p50' | 'p99') =>
      row('pipeline', `${what} against streams`, median(of('real', what)), 'ms', {
        peer: median(of('stored', what)),
        ratio: pairs(what, 'stored'),
        note: 'peer: the same hops, each stored and read from a stream by a bare consumer',
      });
    const lost = found.real.reduce((sum, { sent, answered }) => sum + sent - answered, 0);
    const p50 = { peer: median(of('bare', 'p50')), ratio: pairs('p50') };
    const p99 = { peer: median(of('bare', 'p99')), ratio: pairs('p99') };
    return [
      row('pipeline', 'p50', median(of('real', 'p50')), 'ms', { ...p50, must: atMost(1.5, 'ratio'), note: 'peer: bare NATS; aim 1.3 ×' }),
      row('pipeline', 'p99', median(of('real', 'p99')), 'ms', { ...p99, must: atMost(2, 'ratio'), note: 'peer: bare NATS' }),
      onStreams('p50'),
      onStreams('p99'),
      row('pipeline', 'p50 by itself', median(of('real', 'p50')), 'ms', { must: atMost(1) }),
      row('pipeline', 'p99 by itself', median(of('real', 'p99')), 'ms', { must: atMost(5) }),
      row('pipeline', 'orders for all books', lost === 0 ? 1 : 0, 'yes', { must: atLeast(1), note: `processor: ${cpu.join(', ')}` }),
    ];
  },
};
