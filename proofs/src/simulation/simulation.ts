import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openFindings } from '../findings.ts';
import type { Proof, ProofOptions } from '../proof.ts';
import { CHECKOUT } from '../stack/live-stack.ts';

/** The journal's own simulation: the same runtime and recorder on a simulated world, so it needs no stack. */
interface Simulation {
  readonly PROFILES: readonly string[];
  proveSimulation(options: {
    readonly seeds: number;
    readonly from: number;
    readonly profile?: string;
    readonly out: ProofOptions['out'];
  }): Promise<{ readonly ran: number; readonly failed: readonly unknown[]; readonly events: number; readonly rows: number }>;
}

const BUILT = join(CHECKOUT, 'services', 'journal', 'dist', 'simulation', 'index.js');
const SEEDS_AT_A_TIME = 20;

export const simulation: Proof = {
  name: 'simulation',
  says: 'runtime and journal on a simulated world: every fault at every step, drawn from seeds; --seed is the first one, [PROFILE/]N',
  shortSeconds: 5,
  usualSeconds: 60,
  async run({ seconds, seed, out }) {
    const findings = openFindings(out);
    // Not a part of what the journal's package offers to other packages: taken from where it is built.
    const { PROFILES, proveSimulation } = (await import(pathToFileURL(BUILT).href)) as Simulation;
    const [, profile, number] = /^(?:([a-z]+)\/)?(\d{1,15})$/.exec(seed) ?? [];
    if (number === undefined || (profile !== undefined && !PROFILES.includes(profile)))
      throw new Error(`expected --seed to be a whole number, or one after a profile (${PROFILES.join(', ')}) as in ends/7, found ${seed}`);
    const first = Number(number);
    const end = performance.now() + seconds * 1_000;
    let [ran, failed, events, rows] = [0, 0, 0, 0];
    for (let from = first; performance.now() < end; from += SEEDS_AT_A_TIME) {
      const proved = await proveSimulation({ seeds: SEEDS_AT_A_TIME, from, out, ...(profile === undefined ? {} : { profile }) });
      ran += proved.ran;
      failed += proved.failed.length;
      events += proved.events;
      rows += proved.rows;
    }
    findings.claim(ran > 0 && failed === 0, `${ran} seeds from ${first} on, ${failed} failed; ${events} events, ${rows} rows checked`);
    return findings.result();
  },
};
