import { type ClosedLoop, type ClosedLoopOptions, openClosedLoop, openJournalVoice } from '@arb/shared/closed-loop';
import type { SessionConfig } from '@arb/shared/core';
import { openMarketEvents, type Profile, type ProfileName } from '@arb/simulator/events';
import { CORES } from '../cores/cores.ts';

export interface SessionRun {
  readonly config: SessionConfig;
  readonly profile: ProfileName | Profile;
  readonly seconds: number;
  /** Nothing takes time but the way of an order to its venue: no coin can then be told apart from one that trades alone. */
  readonly undisturbed?: boolean;
  readonly encoded?: boolean;
  readonly seen: NonNullable<ClosedLoopOptions['seen']>;
  /** Is told the seconds that are done, now and then; for as long as it takes the run stands still. */
  readonly pause?: (doneSeconds: number) => Promise<void>;
}

/** Midnight UTC. */
export const BEGIN = 1_700_006_400_000_000;
/** From one event to the answer to it on a busy stream. */
const HOP = { minMicros: 80, maxMicros: 400 };
const PAUSE_EVERY_SECONDS = 60;

/** A paper session of the whole system on a simulated market, as fast as it goes. Seed: that of the configuration's market. */
export async function runSession({
  config,
  profile,
  seconds,
  undisturbed = false,
  encoded = false,
  seen,
  pause,
}: SessionRun): Promise<number> {
  const { seed } = config.market;
  const loop: ClosedLoop = openClosedLoop({
    cores: CORES,
    session: `campaign-${seed}`,
    seed,
    config,
    begin: BEGIN,
    encoded,
    seen,
    ...(undisturbed ? {} : { hop: HOP }),
  });
  const journal = openJournalVoice(loop, { journal: config.journal, punctual: true });
  const source = openMarketEvents({ market: config.market, feeBps: config.strategy.feeBps, profile, begin: BEGIN });
  const end = BEGIN + seconds * 1_000_000;
  let pauseAt = BEGIN + PAUSE_EVERY_SECONDS * 1_000_000;
  for (let at = source.nextAt(); at <= end; at = source.nextAt()) {
    journal.speakUntil(at);
    loop.feed(source.next());
    if (at < pauseAt) continue;
    pauseAt += PAUSE_EVERY_SECONDS * 1_000_000;
    await pause?.(Math.floor((at - BEGIN) / 1_000_000));
  }
  journal.speakUntil(end);
  return loop.position;
}
