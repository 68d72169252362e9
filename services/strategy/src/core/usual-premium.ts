import type { DataOf } from '@arb/shared/contracts';
import type { Settings } from './settings.ts';
import { bestAt, type Ladders } from './walk.ts';

type L2 = DataOf<'l2'>;

/**
 * What going back from one venue to another usually takes: for each ordered pair, the mean over time of the best ask at
 * the one over the best bid at the other, in one numeraire, the last `premiumSeconds` weighing most. Of prices that can be
 * had and not of mid prices: where a price step is coarse, a mid price jumps by half a step that nobody can earn.
 * A value stands until the next one is seen, so a mean says what has been and nothing of the book it is compared with.
 * Sums, products and quotients only: every engine gives the same.
 */
export interface UsualPremiums {
  /** In the order of the merged book; of another one, what was known is forgotten. */
  readonly venues: readonly string[];
  /** All by place of the venue that is bought from, times the number of venues, plus place of the venue that is sold to. */
  readonly means: number[];
  readonly last: number[];
  /** Core time in µs of the last value, and of the first; 0 where there was none. */
  readonly at: number[];
  readonly since: number[];
}

/** Of one ordered pair: ask of the first over bid of the second. */
export interface Usual {
  readonly now: number;
  readonly mean: number;
  readonly seenSeconds: number;
}

export function newUsualPremiums({ venues }: L2): UsualPremiums {
  const none = () => venues.flatMap(() => venues.map(() => 0));
  return { venues: venues.map(({ venue }) => venue), means: none(), last: none(), at: none(), since: none() };
}

export function areOf({ venues }: UsualPremiums, l2: L2): boolean {
  if (venues.length !== l2.venues.length) return false;
  for (let i = 0; i < venues.length; i++) if (venues[i] !== l2.venues[i]?.venue) return false;
  return true;
}

/** Takes in one merged book. A pair that was not seen for as long as the mean looks back begins anew. */
export function seePremiums(usual: UsualPremiums, l2: L2, { asks, bids }: Ladders, now: number, { premiumMicros }: Settings): void {
  const { venues, means, last, at, since } = usual;
  for (let from = 0; from < venues.length; from++) {
    const ask = l2.venues[from]?.state === 'fresh' ? bestAt(asks, from) : 0;
    if (ask === 0) continue;
    for (let to = 0; to < venues.length; to++) {
      const bid = to !== from && l2.venues[to]?.state === 'fresh' ? bestAt(bids, to) : 0;
      if (bid === 0) continue;
      const place = from * venues.length + to;
      const ratio = ask / bid;
      const before = at[place] as number;
      const passed = now - before;
      if (before === 0 || passed >= premiumMicros) {
        means[place] = ratio;
        since[place] = now;
      } else {
        const mean = means[place] as number;
        means[place] = mean + (((last[place] as number) - mean) * passed) / (premiumMicros + passed);
      }
      last[place] = ratio;
      at[place] = now;
    }
  }
}

/** Null where the pair was never seen together. */
export function usualOf({ venues, means, last, at, since }: UsualPremiums, from: number, to: number): Usual | null {
  const place = from * venues.length + to;
  const seenAt = at[place] ?? 0;
  if (seenAt === 0) return null;
  return { now: last[place] as number, mean: means[place] as number, seenSeconds: (seenAt - (since[place] as number)) / 1_000_000 };
}

/** They are changed in place: what is saved must not change with them. */
export function copyOf(premiums: UsualPremiums | null): UsualPremiums | null {
  if (premiums === null) return null;
  const { venues, means, last, at, since } = premiums;
  return { venues: [...venues], means: [...means], last: [...last], at: [...at], since: [...since] };
}
