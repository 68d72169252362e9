import type { FeeSchedule } from '@arb/shared/core';
import type { VenueRules } from './instruments.ts';
import type { Settings } from './settings.ts';

export interface Fees {
  readonly makerBps: number;
  readonly takerBps: number;
}

/**
 * What an account pays at a venue in pairs quoted in `quote`, once it has traded `traded` (in the numeraire) there since
 * the beginning. A schedule of the configuration comes first, then its plain fee or what the venue says, as it asks for.
 */
export function feesOf(settings: Settings, venue: string, quote: string, traded: number, said: VenueRules | undefined): Fees {
  const schedule = settings.feeSchedules.get(venue);
  if (schedule !== undefined) return byTier(schedule, quote, traded);
  if (settings.feesFrom === 'venue' && said !== undefined) return { makerBps: said.makerBps, takerBps: said.takerBps };
  const feeBps = settings.feeBps.get(venue) as number;
  return { makerBps: feeBps, takerBps: feeBps };
}

/** The tier with the highest threshold that is reached; below all of them, the one that begins lowest. */
export function byTier({ volume, tiers, quotes }: FeeSchedule, quote: string, traded: number): Fees {
  const reached = Number(volume) + traded;
  let tier = tiers[0] as FeeSchedule['tiers'][number];
  for (const next of tiers) {
    const from = Number(next.from);
    const present = Number(tier.from);
    if (present <= reached ? from <= reached && from > present : from < present) tier = next;
  }
  const part = quotes[quote] ?? 1;
  return { makerBps: tier.makerBps * part, takerBps: tier.takerBps * part };
}
