import type { DataOf } from '@arb/shared/contracts';
import type { Settings } from './settings.ts';

type L2 = DataOf<'l2'>;

/** A coin's merged price when it was last sampled, and which venues were in it. */
interface Sample {
  readonly mid: number;
  readonly at: number;
  readonly fresh: number;
}

export interface CoinWatch {
  /** Venues, as bits, whose book is fresh and was received since this session began or went on. */
  fresh: number;
  sample: Sample | null;
  /** Of the moves from sample to sample, in bps squared, the last ones weighing most; null before the first. */
  variance: number | null;
}

/** About so many samples make the volatility. */
const SAMPLES = 30;
/** Samples further apart than this many times their distance say nothing of the move in one. */
const GAP = 3;

export function newCoinWatch(): CoinWatch {
  return { fresh: 0, sample: null, variance: null };
}

/** Nothing of before counts as fresh; what was learnt of the volatility stays. */
export function forgetBooks(watch: CoinWatch): void {
  watch.fresh = 0;
  watch.sample = null;
}

export function isFresh(watch: CoinWatch | undefined, place: number | undefined): boolean {
  return watch !== undefined && place !== undefined && (watch.fresh & (1 << place)) !== 0;
}

/** Takes a merged book; returns the move in bps since the sample, or null where there is none to tell. */
export function watchL2(watch: CoinWatch, l2: L2, at: number, since: number, settings: Settings): number | null {
  watch.fresh = freshOf(l2, at, since, settings);
  const bid = l2.bids[0];
  const ask = l2.asks[0];
  if (bid === undefined || ask === undefined) return null;
  return moveTo(watch, (bid[0] + ask[0]) / 2, at, settings);
}

function freshOf({ venues }: L2, at: number, since: number, { places }: Settings): number {
  let fresh = 0;
  for (let i = 0; i < venues.length; i++) {
    const { venue, state, ageMs } = venues[i] as L2['venues'][number];
    if (state !== 'fresh' || at - (ageMs ?? 0) * 1000 < since) continue;
    const place = places.get(venue);
    if (place !== undefined) fresh |= 1 << place;
  }
  return fresh;
}

/** A venue that joins or leaves the merge moves its middle by its own premium: that is no move of the coin. */
function moveTo(watch: CoinWatch, mid: number, at: number, { volatilitySampleMicros }: Settings): number | null {
  const { sample, fresh } = watch;
  if (sample === null || sample.fresh !== fresh || at - sample.at > GAP * volatilitySampleMicros) {
    watch.sample = { mid, at, fresh };
    return null;
  }
  const move = ((mid - sample.mid) / sample.mid) * 10_000;
  if (at - sample.at >= volatilitySampleMicros) {
    const square = move * move;
    watch.variance = watch.variance === null ? square : watch.variance + (square - watch.variance) / SAMPLES;
    watch.sample = { mid, at, fresh };
  }
  return move;
}

export function volatilityBps(watch: CoinWatch | undefined): number | null {
  return watch === undefined || watch.variance === null ? null : Math.sqrt(watch.variance);
}
