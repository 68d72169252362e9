import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@arb/shared/simulation';
import { claimNothingLost } from '../checks/all.ts';
import { noteSessions, openFacts, wallMs } from '../checks/journal.ts';
import type { Proof } from '../proof.ts';
import type { LiveStack } from '../stack/live-stack.ts';
import { proveOn } from '../stack/prove-on.ts';
import { until } from '../stack/until.ts';
import type { Viewer } from '../stack/viewer.ts';
import { claimHit, hitsOf, type Kill } from './hits.ts';

interface Target {
  readonly names: readonly string[];
  /** Killed at the sight of one of these, so that its answer is on its way. Else at any moment. */
  readonly atSightOf?: string;
}

/** The cores that have most under way are killed most often. */
const TARGETS: readonly Target[] = [
  { names: ['risk'], atSightOf: 'decision' },
  { names: ['executor'], atSightOf: 'verdict' },
  { names: ['strategy'], atSightOf: 'fill' },
  { names: ['aggregator'], atSightOf: 'book' },
  { names: ['risk', 'executor'], atSightOf: 'decision' },
  { names: ['executor'], atSightOf: 'order' },
  { names: ['strategy', 'risk', 'executor'], atSightOf: 'order' },
  { names: ['risk', 'executor', 'strategy', 'aggregator'] },
  { names: ['journal'] },
  { names: ['market-data'] },
  { names: ['nats'] },
  { names: ['postgres'] },
  { names: ['redis'] },
  { names: ['alerting', 'dashboard'] },
  { names: ['journal', 'executor'], atSightOf: 'order' },
  { names: ['nats', 'risk'], atSightOf: 'decision' },
  { names: ['market-data', 'aggregator', 'strategy', 'risk', 'executor', 'alerting', 'journal'] },
  { names: ['nats', 'postgres', 'redis'] },
];
const PAUSE_MS = { least: 200, most: 1_200 };
const SIGHT_WITHIN_MS = 3_000;
const BACK_WITHIN_MS = 60_000;
const SETTLE_MS = 2_000;
const LEAST_FILLS = 50;
const MOST_TRIES = 12;
/** More trips at a time than people would want: so that something is always under way. */
export const BUSY = {
  ARB_STRATEGY_COOLDOWN_MS: '100',
  ARB_STRATEGY_MAX_HOLD_SECONDS: '5',
  // Enters whatever pays for now: what is proved here needs many trips, not good ones.
  ARB_STRATEGY_MIN_ROUND_TRIP_BPS: '-500',
  ARB_STRATEGY_MIN_STOP_ROOM_BPS: '0',
  ARB_STRATEGY_PREMIUM_WARM_UP_SECONDS: '0',
};
/** And no rest after losses, which so many trips bring now and then: where verdicts are waited for. */
export const STEADY = {
  ...BUSY,
  ARB_RISK_MAX_LOSSES_IN_ROW: '1000',
  ARB_RISK_MAX_COIN_LOSSES_IN_ROW: '1000',
  ARB_RISK_MAX_ROUTE_LOSSES_IN_ROW: '1000',
};

export const kills: Proof = {
  name: 'kills',
  says: 'SIGKILL to services and servers, alone and together, loses nothing, doubles nothing, changes nothing',
  shortSeconds: 10,
  usualSeconds: 60,
  run(options) {
    const { seconds, seed, out } = options;
    const random = new Random(`kills ${seed}`);
    const done: Promise<Kill>[] = [];
    const fallen = new Map<string, number>();
    return proveOn(
      options,
      { settings: BUSY },
      async ({ stack, viewer, findings }) => {
        await sleep(SETTLE_MS);
        const end = performance.now() + seconds * 1_000;
        let round = shuffled(TARGETS, random);
        while (performance.now() < end) {
          if (round.length === 0) round = shuffled(TARGETS, random);
          const target = round.pop() as Target;
          await sleep(random.between(PAUSE_MS.least, PAUSE_MS.most));
          const back = await strike(stack, viewer, target, fallen, out);
          done.push(...back);
          // Every other one is looked at on its own; the rest meet the recovery of those before.
          if (random.chance(0.5)) {
            await Promise.all(done);
            await stack.untilAllServe(BACK_WITHIN_MS);
          }
        }
        await Promise.all(done);
        // A short run may have met nothing under way: it goes on until one kill did.
        const facts = await openFacts(stack.postgresUrl);
        for (let tries = 0; tries < MOST_TRIES && (await hitsOf(facts, await Promise.all(done))).owed === 0; tries++) {
          done.push(...(await strike(stack, viewer, { names: ['risk', 'executor'], atSightOf: 'decision' }, fallen, out)));
          await Promise.all(done);
          await stack.untilAllServe(BACK_WITHIN_MS);
        }
        await facts.close();
        // Trips go on until there is enough to judge by; what was killed has to bring them.
        await until(`${LEAST_FILLS} fills`, BACK_WITHIN_MS, () => (viewer.count('fill') >= LEAST_FILLS ? true : null)).catch(
          (error: Error) => findings.fault(error.message),
        );
        await stack.untilAllServe(BACK_WITHIN_MS).catch((error: Error) => findings.fault(error.message));
        await sleep(SETTLE_MS);
      },
      async (facts, { stack, viewer, findings }) => {
        const struck = await Promise.all(done);
        noteTimes(struck, findings.note);
        const outages = struck.map(({ at, backMs }) => ({ from: at - 1_000, to: at + backMs + 3_000 }));
        await claimNothingLost(facts, stack, viewer, outages, findings);
        await claimHit(facts, struck, findings);
        const [fills] = await facts.rows<{ count: number }>("SELECT count(*)::int AS count FROM events WHERE type = 'fill' AND taken");
        findings.claim((fills?.count ?? 0) >= LEAST_FILLS, `${fills?.count ?? 0} fills; at least ${LEAST_FILLS} are wanted`);
        await noteSessions(facts, findings);
      },
    );
  },
};

/** Kills those of the target that run at that moment. Does not wait for them: the next kill may meet their recovery. */
async function strike(
  stack: LiveStack,
  viewer: Viewer,
  { names, atSightOf }: Target,
  /** The pid that fell last, by name. */
  fallen: Map<string, number>,
  out: (line: string) => void,
): Promise<Promise<Kill>[]> {
  const fell = await new Promise<{ readonly at: number; readonly pids: readonly (readonly [string, number])[] }>((resolve) => {
    let struck = false;
    const now = (): void => {
      if (struck) return;
      struck = true;
      const pids = names.flatMap((name) => {
        const pid = stack.kill(name);
        if (pid === null) return [];
        fallen.set(name, pid);
        return [[name, pid] as const];
      });
      resolve({ at: wallMs(), pids });
    };
    if (atSightOf === undefined) now();
    else {
      viewer.onNext(atSightOf, now);
      setTimeout(now, SIGHT_WITHIN_MS);
    }
  });
  const began = performance.now();
  out(
    `killed ${fell.pids.map(([name]) => name).join(', ') || 'nothing'}${atSightOf === undefined ? '' : ` at the sight of a ${atSightOf}`}`,
  );
  return fell.pids.map(async ([name, pid]) => {
    await stack.untilServesAgain(name, pid, BACK_WITHIN_MS);
    return { name, at: fell.at, backMs: performance.now() - began, again: fallen.get(name) !== pid };
  });
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(random.below(left.length), 1));
  return order;
}

export function noteTimes(kills: readonly Kill[], note: (line: string) => void): void {
  note(
    `${kills.length} processes were killed, ${kills.filter(({ again }) => again).length} of them again before they were back; from kill to ready, with the supervisor's own pause:`,
  );
  const byName = new Map<string, number[]>();
  for (const { name, backMs, again } of kills) if (!again) byName.set(name, [...(byName.get(name) ?? []), Math.round(backMs)]);
  for (const [name, times] of byName) note(`  ${name.padEnd(12)} ${times.join(', ')} ms`);
}
