import { setImmediate } from 'node:timers/promises';
import { loadConfig } from '@arb/shared/config';
import { type Command, EXIT_FAILED, EXIT_GOOD, type Given, JSON_FLAG, type Output, UsageError } from '../command.ts';
import { nearest } from '../nearest.ts';
import { progressBar } from '../verify/progress-bar.ts';
import type { Campaign, CampaignOutcome } from './campaign.ts';
import { CAMPAIGNS } from './campaigns.ts';
import { goldenDifferences, recordedHashes, recordHashes, runGolden } from './golden.ts';
import { linesOf } from './lines.ts';

const GOLDEN = 'golden';
const MOST_HOURS = 24 * 7;

export const campaign: Command = {
  name: 'campaign',
  says: `seeded markets with a known outcome: ${CAMPAIGNS.map(({ name }) => name).join(', ')}; ${GOLDEN}: recorded sessions, byte for byte`,
  words: [{ name: 'NAME', optional: true, many: true }],
  flags: {
    seed: { type: 'string', value: 'WORD', says: 'all that is drawn comes from it (default 1)' },
    hours: { type: 'string', value: 'H', says: 'of the market, instead of the usual length of each campaign' },
    renew: { type: 'boolean', says: `with ${GOLDEN}: record what the sessions say now` },
    ...JSON_FLAG,
  },
  async run({ words, flags }: Given, output: Output): Promise<number> {
    if (words.length === 0) {
      for (const { name, says, hours } of CAMPAIGNS) output.out(`${name.padEnd(8)} ${says} (${Math.round(hours * 100) / 100} h)`);
      return EXIT_GOOD;
    }
    const { session: config } = loadConfig({ environment: 'paper', env: {} });
    if (flags.renew === true && words[0] !== GOLDEN) throw new UsageError(`--renew is for arb campaign ${GOLDEN}`);
    if (words[0] === GOLDEN) return golden(await runGolden(config), flags.renew === true, output);
    const seed = typeof flags.seed === 'string' ? flags.seed : '1';
    if (!/^[\x21-\x7e]{1,64}$/.test(seed)) throw new UsageError(`--seed needs a word of 1 to 64 characters, found "${seed}"`);
    const hours = typeof flags.hours === 'string' ? hoursOf(flags.hours) : null;
    const told: Record<string, CampaignOutcome & { seed: string; hours: number }> = {};
    for (const one of chosen(words)) {
      const length = hours ?? one.hours;
      const bar = progressBar(one.name);
      const pause = async (done: number): Promise<void> => {
        bar.at(done, length * 3_600);
        await setImmediate(); // Ctrl-C is heard
      };
      const outcome = await one.run({ config, seed, hours: length, pause });
      bar.end();
      told[one.name] = { seed, hours: length, ...outcome };
      if (flags.json !== true) for (const line of linesOf(one, seed, length, outcome)) output.out(line);
    }
    if (flags.json === true) output.out(JSON.stringify(told, null, 2));
    const failed = Object.entries(told).filter(([, { expectations }]) => expectations.some(({ holds }) => !holds));
    if (failed.length > 0) output.say(`not as expected: ${failed.map(([name]) => name).join(', ')}`);
    return failed.length > 0 ? EXIT_FAILED : EXIT_GOOD;
  },
};

function chosen(names: readonly string[]): Campaign[] {
  if (names[0] === 'all') return CAMPAIGNS.filter(({ byDefault }) => byDefault);
  return names.map((name) => {
    const found = CAMPAIGNS.find((known) => known.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    const known = [...CAMPAIGNS.map((one) => one.name), 'all', GOLDEN];
    const near = nearest(name, known);
    throw new UsageError(
      `there is no campaign "${name}"${near === null ? `: there are ${known.join(', ')}` : `: did you mean "${near}"?`}`,
    );
  });
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (!(hours > 0 && hours <= MOST_HOURS)) throw new UsageError(`--hours needs a number above 0, at most ${MOST_HOURS}, found "${text}"`);
  return hours;
}

function golden(found: Awaited<ReturnType<typeof runGolden>>, renew: boolean, output: Output): number {
  const differences = goldenDifferences(found, recordedHashes());
  for (const line of differences) output.out(line);
  if (renew) {
    recordHashes(found);
    output.out(differences.length === 0 ? 'nothing has changed' : 'recorded: say in the commit what they say differently, and why');
    return EXIT_GOOD;
  }
  if (differences.length === 0) output.out(`${Object.keys(found).join(', ')}: every core says what was recorded, byte for byte`);
  else output.say(`where that is meant: arb campaign ${GOLDEN} --renew`);
  return differences.length === 0 ? EXIT_GOOD : EXIT_FAILED;
}
