import { CAMPAIGNS, type Campaign } from '@arb/cli';
import { loadConfig } from '@arb/shared/config';
import { type Findings, openFindings } from '../findings.ts';
import type { Proof } from '../proof.ts';

/** What a run needs for a whole day of the market, and the part of a day that a shorter one takes. */
const DAY_FROM_SECONDS = 60;
const SHORT_DAY_HOURS = 1;

/** Seeded markets through the five cores in one process: no stack is needed. */
export const campaigns: Proof = {
  name: 'campaigns',
  says: 'markets with a known outcome, and a day of ten coins, seed after seed; --seed is the first one',
  shortSeconds: 15,
  usualSeconds: 240,
  async run({ seconds, seed, out }) {
    const findings = openFindings(out);
    const first = Number(seed);
    if (!Number.isSafeInteger(first) || first < 0) throw new Error(`expected --seed to be a whole number, found ${seed}`);
    const end = performance.now() + seconds * 1_000;
    const { session: config } = loadConfig({ environment: 'paper', env: {} });
    const play = async (one: Campaign, seed: number, hours = one.hours): Promise<void> => {
      const { rows, expectations } = await one.run({ config, seed: String(seed), hours });
      tell(`${one.name}, seed ${seed}, ${Math.round(hours * 100) / 100} h`, { rows, expectations }, findings);
    };
    const days = CAMPAIGNS.filter(({ byDefault }) => !byDefault);
    let ran = 0;
    for (let seed = first; ran === 0 || performance.now() < end; seed++, ran++) {
      for (const one of CAMPAIGNS.filter(({ byDefault }) => byDefault)) await play(one, seed);
      for (const one of days) await play(one, seed, seconds >= DAY_FROM_SECONDS ? one.hours : SHORT_DAY_HOURS);
    }
    findings.note(`${ran} ${ran === 1 ? 'seed' : 'seeds'} from ${first} on`);
    return findings.result();
  },
};

function tell(what: string, { rows, expectations }: Awaited<ReturnType<Campaign['run']>>, findings: Findings): void {
  const [{ books, all }] = rows as [(typeof rows)[number]];
  const wins = all.winRate === null ? 'none decided' : `${(all.winRate * 100).toFixed(1)} % won`;
  const failed = expectations.filter(({ holds }) => !holds);
  findings.claim(
    failed.length === 0,
    `${what}: ${books} books, ${all.exits} round trips, ${wins}, PnL ${Number(all.pnl).toFixed(2)}, ${all.lost} losers, each with its reason${failed
      .map((one) => `; ${one.what}: expected ${one.expected}, found ${one.found}`)
      .join('')}`,
  );
}
