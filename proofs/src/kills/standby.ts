import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@arb/shared/simulation';
import { claimNothingLost } from '../checks/all.ts';
import { noteSessions, wallMs } from '../checks/journal.ts';
import { answeredInMs, longestPauseMs } from '../checks/pauses.ts';
import type { Proof } from '../proof.ts';
import { proveOn } from '../stack/prove-on.ts';
import type { Kill } from './hits.ts';
import { BUSY, noteTimes } from './kills.ts';

const SERVICES = ['risk', 'executor'];
const SUFFIX = '-standby';
const BACK_WITHIN_MS = 60_000;
const PAUSE_MS = { least: 200, most: 800 };
const QUIET_MS = 4_000;

export const standby: Proof = {
  name: 'standby',
  says: 'two replicas of each core, either killed while the other is ready: no gap, no double, hardly a pause',
  shortSeconds: 5,
  usualSeconds: 60,
  run(options) {
    const random = new Random(`standby ${options.seed}`);
    const kills: Kill[] = [];
    let [quietFrom, from, to] = [0, 0, 0];
    return proveOn(
      options,
      { settings: BUSY, flags: ['--standby'] },
      async ({ stack, findings }) => {
        quietFrom = wallMs();
        await sleep(QUIET_MS);
        from = wallMs();
        const end = performance.now() + options.seconds * 1_000;
        do {
          await sleep(random.between(PAUSE_MS.least, PAUSE_MS.most));
          // Of each service one or the other, both services at once.
          const names = SERVICES.map((service) => (random.chance(0.5) ? service : `${service}${SUFFIX}`));
          const at = wallMs();
          const began = performance.now();
          const pids = names.map((name) => [name, stack.kill(name) ?? 0] as const);
          options.out(`killed ${names.join(', ')}`);
          await Promise.all(
            pids.map(async ([name, pid]) => {
              await stack.untilServesAgain(name, pid, BACK_WITHIN_MS);
              kills.push({ name, at, backMs: performance.now() - began, again: false });
            }),
          );
          await stack.untilAllServe(BACK_WITHIN_MS);
        } while (performance.now() < end);
        to = wallMs();
        noteTimes(kills, findings.note);
        await sleep(QUIET_MS);
      },
      async (facts, { stack, viewer, findings }) => {
        for (const [what, start, stop] of [
          ['without kills', quietFrom, from],
          ['under kills', from, to],
        ] as const) {
          const pause = await longestPauseMs(facts, 'verdict', start, stop);
          const decided = await answeredInMs(facts, 'decision', 'verdict', start, stop);
          const ordered = await answeredInMs(facts, 'verdict', 'order', start, stop);
          const told = (found: typeof decided) =>
            found === null ? 'none' : `${found.middle.toFixed(1)} ms, at most ${found.longest.toFixed(1)} ms`;
          findings.note(
            `${what}: longest time without a verdict ${pause === null ? 'none' : `${Math.round(pause)} ms`}; decision to verdict ${told(decided)}; verdict to order ${told(ordered)}`,
          );
        }
        await claimNothingLost(facts, stack, viewer, [], findings);
        const [doubles] = await facts.rows<{ count: number }>(
          'SELECT count(*)::int AS count FROM events WHERE NOT taken AND source = ANY($1)',
          [SERVICES],
        );
        findings.note(`${doubles?.count} outputs were said by both replicas; the second ones are marked and ignored`);
        await noteSessions(facts, findings);
      },
    );
  },
};
