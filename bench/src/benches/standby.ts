import type { Bench } from '../bench.ts';
import { median } from '../numbers.ts';
import { atMost, row } from '../row.ts';
import type { Child } from '../stack/child.ts';
import { pause, startStack, until } from '../stack/stack.ts';

const RATE = 1_000;

/** Two replicas of risk; the one that publishes is killed in the middle of the flow. */
export const standby: Bench = {
  name: 'standby',
  says: 'longest pause in verdicts when the publishing one of two replicas is killed',
  byDefault: true,
  async run({ quick, say }) {
    const rounds = quick ? 2 : 7;
    const stack = await startStack({
      cores: ['aggregator', 'strategy', 'risk', 'executor'],
      real: [],
      decideEvery: 1,
      answers: 'verdict.>',
    });
    const live = async (child: Child): Promise<boolean> => (await child.ask<{ live: boolean } | null>('status'))?.live === true;
    const second = await stack.startCore('risk', 1);
    await until('the second replica live', () => live(second));
    const books = { rate: RATE, seconds: quick ? 3 : 5, levels: 30, moving: false };
    await stack.say(books);
    const gaps: { readonly undisturbed: number; readonly killed: number }[] = [];
    let lost = 0;
    for (let round = 0; round < rounds; round++) {
      const undisturbed = await stack.say(books);
      const [killed] = await Promise.all([
        stack.say(books),
        pause(books.seconds * 500).then(() => (stack.children.get('risk') as Child).kill9()),
      ]);
      lost += undisturbed.sent - undisturbed.answered + killed.sent - killed.answered;
      gaps.push({ undisturbed: undisturbed.longestGap, killed: killed.longestGap });
      say(`round ${round + 1}: ${killed.longestGap.toFixed(1)} ms, undisturbed ${undisturbed.longestGap.toFixed(1)} ms`);
      const again = await stack.startCore('risk', 0);
      await until('the first replica live again', () => live(again));
    }
    await stack.stop();
    const killed = gaps.map((gap) => gap.killed);
    return [
      row('standby', 'longest gap in verdicts', median(killed), 'ms', {
        peer: median(gaps.map((gap) => gap.undisturbed)),
        must: atMost(50),
        note: `peer: nobody killed; ${rounds} kills, worst ${Math.max(...killed).toFixed(1)} ms`,
      }),
      row('standby', 'verdicts lost', lost, 'verdicts', { must: atMost(0) }),
    ];
  },
};
