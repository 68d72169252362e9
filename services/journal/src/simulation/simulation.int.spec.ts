import { describe, expect, it } from '@jest/globals';
import { PROFILES } from './faults.ts';
import { describe as describeRun } from './prove.ts';
import { runSeed } from './run-seed.ts';

const SEEDS: Readonly<Record<(typeof PROFILES)[number], number>> = {
  calm: 15,
  kills: 35,
  network: 30,
  database: 30,
  handover: 30,
  loss: 30,
  ends: 35,
  everything: 45,
};

describe('the runtime and the journal, simulated', () => {
  it.each(PROFILES)(
    'lose nothing, double nothing and come back to life: %s',
    async (profile) => {
      let outcomes = 0;
      for (let seed = 1; seed <= SEEDS[profile]; seed++) {
        const run = await runSeed(seed, profile);
        if (run.failure !== null) throw new Error(describeRun(run, false));
        outcomes += run.checked?.outcomes ?? 0;
      }
      // A history in which nothing is traded would prove nothing.
      expect(outcomes).toBeGreaterThan(SEEDS[profile]);
    },
    600_000,
  );

  it('has one history for one seed', async () => {
    const first = await runSeed(7, 'everything');
    const again = await runSeed(7, 'everything');
    expect(again.trace).toBe(first.trace);
  });
});
