import type { SessionConfig } from '@arb/shared/core';
import type { Profile, ProfileName } from '@arb/simulator/events';
import { type AuditReport, openAudit } from './audit.ts';
import type { Expectation } from './expectation.ts';
import { openResults, type Results } from './results.ts';
import { runSession } from './run-session.ts';
import { openVolumes, type Volumes } from './volumes.ts';

export interface CampaignOptions {
  /** Of the shipped environment for paper trading: what a campaign says of its market goes over it. */
  readonly config: SessionConfig;
  readonly seed: string;
  readonly hours: number;
  readonly pause?: (doneSeconds: number) => Promise<void>;
}

export interface CampaignRow extends Results {
  /** What was run: all of a portfolio, or one coin of it. */
  readonly what: string;
}

export interface CampaignOutcome {
  readonly rows: readonly CampaignRow[];
  readonly expectations: readonly Expectation[];
}

/** A seeded market with a stated outcome. */
export interface Campaign {
  readonly name: string;
  readonly says: string;
  readonly hours: number;
  /** False for what takes too long to be run unless it is named. */
  readonly byDefault: boolean;
  run(options: CampaignOptions): Promise<CampaignOutcome>;
}

export interface Market {
  readonly coins: readonly string[];
  readonly profile: ProfileName | Profile;
  /** Of each coin at each venue. */
  readonly booksPerSecond: number;
  readonly undisturbed?: boolean;
  /** What is set otherwise than in the environment for paper trading. */
  readonly risk?: Partial<SessionConfig['risk']>;
}

export interface Played {
  readonly results: Results;
  readonly audit: AuditReport;
  readonly volumes: Volumes;
  /** How often each of the strategy's rules spoke against an entry, as far as it says so. */
  readonly skippedBy: Readonly<Record<string, number>>;
}

export async function playMarket(market: Market, { config, seed, hours, pause }: CampaignOptions): Promise<Played> {
  const { coins, booksPerSecond } = market;
  const session: SessionConfig = {
    ...config,
    market: { ...config.market, coins, seed, booksPerSecond: booksPerSecond * coins.length * config.market.venues.length },
    risk: { ...config.risk, ...market.risk },
  };
  const results = openResults();
  const audit = openAudit(session);
  const volumes = openVolumes();
  const skippedBy: Record<string, number> = {};
  await runSession({
    config: session,
    profile: market.profile,
    seconds: hours * 3_600,
    undisturbed: market.undisturbed === true,
    seen(event) {
      results.see(event);
      audit.see(event);
      volumes.see(event);
      if (event.type === 'decision' && event.data.kind === 'skipped' && event.data.rule !== null)
        skippedBy[event.data.rule] = (skippedBy[event.data.rule] ?? 0) + 1;
    },
    ...(pause === undefined ? {} : { pause }),
  });
  return { results: results.results(), audit: audit.report(), volumes: volumes.volumes(), skippedBy };
}
