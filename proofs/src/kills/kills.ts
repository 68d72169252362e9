import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@arb/shared/simulation';
import { claimNothingLost, inspect } from '../checks/all.ts';
import type { Outage } from '../checks/sent.ts';
import { openFindings } from '../findings.ts';
import type { Proof } from '../proof.ts';
import { removeHome, startLiveStack } from '../stack/live-stack.ts';
import { openViewer } from '../stack/viewer.ts';
import { claimHit, type Kill } from './hits.ts';

/** One draw each: the cores that have most under way are killed most often. */
const TARGETS: readonly (readonly string[])[] = [
  ['risk'],
  ['executor'],
  ['strategy'],
  ['risk', 'executor'],
  ['strategy', 'executor'],
  ['aggregator'],
  ['strategy', 'risk', 'executor'],
  ['journal'],
  ['market-data'],
  ['nats'],
  ['postgres'],
  ['redis'],
  ['alerting', 'dashboard'],
  ['journal', 'executor'],
  ['nats', 'risk'],
  ['market-data', 'aggregator', 'strategy', 'risk', 'executor', 'alerting', 'journal'],
];
const PAUSE_MS = { least: 300, most: 1_800 };
const BACK_WITHIN_MS = 30_000;
const SETTLE_MS = 3_000;
const LEAST_FILLS = 50;

export const kills: Proof = {
  name: 'kills',
  says: 'SIGKILL to services and servers, alone and together, loses nothing, doubles nothing, changes nothing',
  shortSeconds: 20,
  usualSeconds: 60,
  async run({ seconds, seed, out }) {
    const findings = openFindings(out);
    const random = new Random(`kills ${seed}`);
    const stack = await startLiveStack();
    const done: Kill[] = [];
    try {
      const viewer = await openViewer(stack.natsUrl);
      await sleep(SETTLE_MS);
      const until = performance.now() + seconds * 1_000;
      // Every kind once in drawn order, then whatever is drawn.
      let round = shuffled(TARGETS, random);
      while (performance.now() < until) {
        if (round.length === 0) round = shuffled(TARGETS, random);
        const targets = round.pop() as readonly string[];
        await sleep(random.between(PAUSE_MS.least, PAUSE_MS.most));
        const at = Date.now();
        const began = performance.now();
        const pids = targets.map((name) => ({ name, pid: stack.kill(name) }));
        const back = await Promise.all(
          pids.map(async ({ name, pid }) => {
            await stack.untilServesAgain(name, pid ?? 0, BACK_WITHIN_MS);
            return performance.now() - began;
          }),
        );
        await stack.untilAllServe(BACK_WITHIN_MS);
        const allMs = performance.now() - began;
        const kill: Kill = { targets, at, backMs: Math.max(...back), allMs };
        done.push(kill);
        out(`killed ${targets.join(', ')}: back after ${Math.round(kill.backMs)} ms, all ready after ${Math.round(allMs)} ms`);
      }
      await sleep(SETTLE_MS);
      const { summary } = await stack.stop();
      await viewer.close();
      findings.note(
        `${done.length} kills of ${done.reduce((sum, { targets }) => sum + targets.length, 0)} processes; ${summary.length > 0 ? `restarts ${(JSON.parse(summary) as { restarts: number }).restarts}` : 'no summary'}`,
      );
      noteTimes(done, (line) => findings.note(line));
      const outages: Outage[] = done.map(({ at, allMs }) => ({ from: at - 1_000, to: at + allMs + 1_000 }));
      await inspect(stack, async (facts) => {
        await claimNothingLost(facts, stack, viewer, outages, findings);
        await claimHit(facts, done, findings);
        const [fills] = await facts.rows<{ count: number }>("SELECT count(*)::int AS count FROM events WHERE type = 'fill' AND taken");
        findings.claim((fills?.count ?? 0) >= LEAST_FILLS, `${fills?.count ?? 0} fills, at least ${LEAST_FILLS} are wanted`);
        findings.note(
          `sessions: ${(await facts.sessions()).map(({ id, status, lostFrom }) => `${id} ${status}${lostFrom === null ? '' : ` from ${lostFrom}`}`).join(', ')}`,
        );
      });
      const result = findings.result();
      if (result.ok) removeHome(stack.home);
      else out(`kept for a look: ${stack.home.folder}`);
      return result;
    } finally {
      await stack.stop();
    }
  },
};

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(random.below(left.length), 1));
  return order;
}

function noteTimes(done: readonly Kill[], note: (line: string) => void): void {
  const byTarget = new Map<string, number[]>();
  for (const { targets, backMs } of done) byTarget.set(targets.join('+'), [...(byTarget.get(targets.join('+')) ?? []), backMs]);
  for (const [target, times] of byTarget)
    note(`ready again after a kill of ${target}: ${times.map((ms) => `${Math.round(ms)} ms`).join(', ')}`);
}
