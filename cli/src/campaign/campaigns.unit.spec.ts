import { loadConfig } from '@arb/shared/config';
import { describe, expect, it } from '@jest/globals';
import { openAudit } from './audit.ts';
import type { CampaignOutcome } from './campaign.ts';
import { CAMPAIGNS } from './campaigns.ts';
import { goldenDifferences, recordedHashes, runGolden } from './golden.ts';
import { linesOf } from './lines.ts';
import { runSession } from './run-session.ts';

const { session: config } = loadConfig({ environment: 'paper', env: {} });
/** A second or so each; the machine may be busy. */
const WITHIN_MS = 120_000;
const campaignOf = (name: string) => CAMPAIGNS.find((known) => known.name === name) as (typeof CAMPAIGNS)[number];
const failing = ({ expectations }: CampaignOutcome): string[] =>
  expectations.filter(({ holds }) => !holds).map(({ what, expected, found }) => `${what}: expected ${expected}, found ${found}`);

describe('campaign', () => {
  it.each([
    ['C1', 0.75],
    ['C2', 0.75],
    ['C3', 0.75],
    ['M1', 0.75],
    ['M2', 0.3],
    ['M3', 0.3],
    ['P1', 0.1],
    ['P2', 0.1],
    ['P3', 0.1],
    ['minutes', 1 / 12],
  ])(
    '%s ends as it says',
    async (name, hours) => {
      expect(failing(await campaignOf(name).run({ config, seed: '1', hours }))).toEqual([]);
    },
    WITHIN_MS,
  );

  it('fails where the market is another than it says', async () => {
    const dear = {
      ...config,
      strategy: { ...config.strategy, feeBps: { upbit: 40, binance: 40 }, minEdgeBps: -80, minRoundTripBps: -500, stopLossBps: 300 },
    };
    const outcome = await campaignOf('C2').run({ config: dear, seed: '1', hours: 0.2 });
    expect(failing(outcome)).toContainEqual(expect.stringMatching(/^win rate: expected 60\.0 % to 80\.0 %, found [0-5]?\d\.\d %$/));
    const lines = linesOf(campaignOf('C2'), '1', 0.2, outcome);
    expect(lines[0]).toContain('seed 1');
    expect(lines.some((line) => /^ {2}FAILS {2}win rate/.test(line))).toBe(true);
  });
});

describe('inventory that lies at one venue', () => {
  it(
    'is sent to the other one, arrives less its fee, and the books agree',
    async () => {
      const lopsided = { ...config.executor.openingBalances };
      lopsided.upbit = { ...lopsided.upbit, BTC: '0.02' };
      const executor = { ...config.executor, openingBalances: lopsided };
      const strategy = { ...config.strategy, transfers: { BTC: { seconds: 60, fee: '0.0002', minimum: '0.001' } } };
      const session = { ...config, executor, strategy, market: { ...config.market, coins: ['BTC'], seed: '1' } };
      const audit = openAudit(session);
      const said: string[] = [];
      let transferCost: number | null = null;
      await runSession({
        config: session,
        profile: 'C2',
        seconds: 300,
        seen(event) {
          audit.see(event);
          if (event.type === 'verdict' && event.data.decision?.kind === 'rebalance') said.push(event.data.outcome);
          if (event.type === 'transfer') said.push(`${event.data.state} ${event.data.from} ${event.data.to} ${event.data.currency}`);
          if (event.type === 'kpi') transferCost = event.data.numbers.transferCost ?? null;
        },
      });
      expect(said).toEqual(['ALLOW', 'left binance upbit BTC', 'arrived binance upbit BTC']);
      expect(transferCost).toBeGreaterThan(0);
      expect(audit.report().faults).toEqual([]);
    },
    WITHIN_MS,
  );
});

describe('golden sessions', () => {
  it(
    'come out byte for byte as recorded: else a core says something else, and the commit says why',
    async () => {
      const found = await runGolden(config);
      expect(goldenDifferences(found, recordedHashes())).toEqual([]);
      for (const { cores } of Object.values(found))
        expect(Object.keys(cores)).toEqual(['aggregator', 'alerting', 'executor', 'risk', 'strategy']);
    },
    WITHIN_MS,
  );

  it(
    'come out the same from objects that are never encoded',
    async () => {
      expect(await runGolden(config, false)).toEqual(recordedHashes());
    },
    WITHIN_MS,
  );

  it('name the core that says something else, and tell it from a market that does', () => {
    const hashes = { outside: 'a', cores: { risk: { events: 1, sha256: 'b' }, strategy: { events: 1, sha256: 'c' } } };
    const other = { ...hashes, cores: { ...hashes.cores, risk: { events: 1, sha256: 'x' } } };
    expect(goldenDifferences({ s: hashes }, { s: hashes })).toEqual([]);
    expect(goldenDifferences({ s: other }, { s: hashes })).toEqual(['s: risk says something else than recorded']);
    expect(goldenDifferences({ s: { ...other, outside: 'y' } }, { s: hashes })).toEqual([expect.stringContaining('simulated market')]);
    expect(goldenDifferences({ s: hashes }, {})).toEqual(['s is not recorded yet']);
    expect(goldenDifferences({}, { s: hashes })).toEqual(['s is recorded and no longer run']);
  });
});
