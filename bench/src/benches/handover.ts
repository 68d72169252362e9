import { acrossMs, arb, BUSY, longestPauseMs, newHome, openFacts, removeHome, settingsFile, startLiveStack } from '@arb/proofs';
import type { Bench } from '../bench.ts';
import { median } from '../numbers.ts';
import { atMost, row } from '../row.ts';
import { onEnd } from '../stack/endings.ts';
import { pause, until } from '../stack/stack.ts';

/** Trips at any edge lose now and then: no breaker may take the verdicts away that are waited for. */
const STEADY = {
  ...BUSY,
  ARB_RISK_MAX_LOSSES_IN_ROW: '1000',
  ARB_RISK_MAX_COIN_LOSSES_IN_ROW: '1000',
  ARB_RISK_MAX_ROUTE_LOSSES_IN_ROW: '1000',
};
const WITHIN_MS = 120_000;
const BEFORE_MS = 10_000;
const COUNT = 'SELECT count(*)::int AS count FROM events WHERE session = $1 AND type = $2 AND taken';

/** The whole paper stack as a person starts it, its services started anew beside those that run. */
export const handover: Bench = {
  name: 'handover',
  says: 'longest pause when a running stack is handed over to other settings',
  byDefault: true,
  async run({ quick, say }) {
    const home = newHome();
    const stack = await startLiveStack({ home, settings: STEADY, flags: ['--config', settingsFile(home.folder, 3)] });
    const stop = onEnd(async () => {
      await stack.stop();
      removeHome(home);
    });
    const facts = await openFacts(stack.postgresUrl);
    const closed = onEnd(() => facts.close());
    const verdicts = (session: string) =>
      until('verdicts', async () => ((await facts.rows<{ count: number }>(COUNT, [session, 'verdict']))[0]?.count ?? 0) > 0, WITHIN_MS);
    const [first] = await facts.sessions();
    await verdicts(first?.id as string);
    const paused = {
      l2: [] as number[],
      verdict: [] as number[],
      undisturbed: [] as number[],
      done: [] as number[],
      between: [] as number[],
    };
    for (let round = 0; round < (quick ? 1 : 4); round++) {
      await pause(BEFORE_MS);
      settingsFile(home.folder, 4 + round);
      const from = Date.now();
      paused.undisturbed.push((await longestPauseMs(facts, 'verdict', from - BEFORE_MS, from)) ?? Number.NaN);
      const { code, out, err } = await arb(['handover', '--json'], { ARB_HOME: home.folder });
      if (code !== 0) throw new Error(`arb handover ended with ${code}: ${err}`);
      const {
        from: before,
        to,
        readyMs,
        withoutSessionMs,
      } = JSON.parse(out) as { from: string; to: string; readyMs: number; withoutSessionMs: number };
      await verdicts(to);
      paused.l2.push((await acrossMs(facts, 'l2', before, to)) ?? Number.NaN);
      paused.verdict.push((await acrossMs(facts, 'verdict', before, to)) ?? Number.NaN);
      paused.done.push(readyMs);
      paused.between.push(withoutSessionMs);
      say(`round ${round + 1}: ${paused.verdict.at(-1)?.toFixed(0)} ms without a verdict, ${paused.l2.at(-1)?.toFixed(0)} ms without l2`);
    }
    await closed();
    await stop();
    const worst = (values: readonly number[]) => `worst ${Math.max(...values).toFixed(0)} ms`;
    return [
      row('handover', 'without a verdict', median(paused.verdict), 'ms', {
        must: atMost(2_000),
        note: `${worst(paused.verdict)}; undisturbed ${median(paused.undisturbed).toFixed(0)} ms`,
      }),
      row('handover', 'without a merged book', median(paused.l2), 'ms', { note: worst(paused.l2) }),
      row('handover', 'without a session', median(paused.between), 'ms', { note: worst(paused.between) }),
      row('handover', 'asked for to done', median(paused.done), 'ms', { note: 'successors started beside the running services included' }),
    ];
  },
};
