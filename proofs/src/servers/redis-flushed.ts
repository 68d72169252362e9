import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { claimNothingLost } from '../checks/all.ts';
import { BUSY } from '../kills/kills.ts';
import type { Proof } from '../proof.ts';
import { proveOn } from '../stack/prove-on.ts';
import { until } from '../stack/until.ts';

const WITHIN_MS = 60_000;
const MORE_FILLS = 4;
const ROUNDS_MS = 1_000;

export const redisFlushed: Proof = {
  name: 'redis-flushed',
  says: 'Redis emptied again and again, then killed: nothing happens to trading, no service notices',
  shortSeconds: 2,
  usualSeconds: 30,
  run(options) {
    return proveOn(
      options,
      { settings: BUSY },
      async ({ stack, viewer, findings }) => {
        const restarts = () =>
          stack
            .programs()
            .filter(({ kind }) => kind === 'service')
            .reduce((sum, program) => sum + program.restarts, 0);
        const before = restarts();
        const redis = new Redis(stack.redisUrl, { maxRetriesPerRequest: 1 });
        redis.on('error', () => {}); // the command under way rejects as well, and that one is looked at
        const end = performance.now() + options.seconds * 1_000;
        while (performance.now() < end) {
          await redis.flushall();
          await sleep(ROUNDS_MS);
        }
        redis.disconnect();
        const pid = stack.kill('redis') as number;
        const fills = viewer.count('fill');
        await until('trade without Redis', WITHIN_MS, () => (viewer.count('fill') >= fills + MORE_FILLS ? true : null)).catch(
          (error: Error) => findings.fault(error.message),
        );
        await stack.untilServesAgain('redis', pid, WITHIN_MS);
        await stack.untilAllServe(WITHIN_MS).catch((error: Error) => findings.fault(error.message));
        findings.claim(restarts() === before, `${restarts() - before} services ended because of it`);
      },
      (facts, { stack, viewer, findings }) => claimNothingLost(facts, stack, viewer, [], findings),
    );
  },
};
