import { type Decimal, divide, fromNumber, multiply } from '@arb/shared/money';

export interface FeeTier {
  /** Traded at the venue from which it holds, in the numeraire. */
  readonly from: string;
  readonly takerBps: number;
}

export interface FeeSchedule {
  /** Traded there before the session: decides the tier together with what the session adds. */
  readonly volume: string;
  readonly tiers: readonly FeeTier[];
  /** Part of the fee that is charged where a pair is quoted in this currency: 0.75 with a discount of a quarter. */
  readonly quotes: Readonly<Record<string, number>>;
}

/** What a venue charges: by a schedule where one is configured, else as the configuration or the venue itself says. */
export interface VenueFees {
  readonly bps: number;
  readonly schedule: FeeSchedule | null;
  /** What the venue says counts, once it has said it. */
  readonly asSaid: boolean;
}

const BPS = fromNumber(10_000);
const RATE_PLACES = 18;

export function rateOfBps(bps: number): Decimal {
  return divide(fromNumber(bps), BPS, RATE_PLACES);
}

/** Of the traded value, as a fraction; `traded` in the numeraire since the ledgers were opened. Paper orders always take. */
export function takerRate(fees: VenueFees, quote: string, traded: number, said: Decimal | undefined): Decimal {
  if (fees.schedule !== null) {
    const part = fees.schedule.quotes[quote] ?? 1;
    return multiply(rateOfBps(tierOf(fees.schedule, traded).takerBps), fromNumber(part));
  }
  return fees.asSaid && said !== undefined ? said : rateOfBps(fees.bps);
}

/** The tier with the highest threshold that is reached; below all of them, the one that begins lowest. */
export function tierOf({ volume, tiers }: FeeSchedule, traded: number): FeeTier {
  const reached = Number(volume) + traded;
  let tier = tiers[0];
  if (tier === undefined) throw new Error('fees: expected at least one tier in a fee schedule, found none');
  for (const next of tiers) {
    const from = Number(next.from);
    const present = Number(tier.from);
    if (present <= reached ? from <= reached && from > present : from < present) tier = next;
  }
  return tier;
}
