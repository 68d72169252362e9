/** How far a venue's price strays from the coin's own, and how long it stays away. */
export interface Temper {
  /** Swings that come back within seconds: what round trips live on. */
  readonly swingBps: number;
  readonly swingSeconds: number;
  /** Distances that outlast a round trip: what it loses on. */
  readonly driftBps: number;
  readonly driftSeconds: number;
}

/** A market with a stated outcome for a strategy that buys where it is cheap and sells where it is dear. */
export interface Profile {
  readonly says: string;
  /** Of the first coin, the second …, and from the first again. */
  readonly tempers: readonly Temper[];
  /** `ranked`: the first coins are busy, every tenth is quiet, and all have bursts. `even`: a book of each in equal measure. */
  readonly activity: 'ranked' | 'even';
}

/** Found by trying: a round trip lives on a swing that turns around within seconds, and dies of a drift that looks like one and does not. */
const LIVELY: Temper = { swingBps: 16, swingSeconds: 2.2, driftBps: 24, driftSeconds: 150 };
const MIXED: Temper = { swingBps: 20, swingSeconds: 15, driftBps: 30, driftSeconds: 100 };
const FAVOURABLE: Temper = { swingBps: 19, swingSeconds: 8, driftBps: 14, driftSeconds: 120 };
const ADVERSE: Temper = { swingBps: 15, swingSeconds: 16, driftBps: 45, driftSeconds: 120 };

const profile = (says: string, tempers: readonly Temper[], activity: Profile['activity'] = 'even'): Profile => ({
  says,
  tempers,
  activity,
});

export const PROFILES = {
  lively: profile('many small chances on busy and quiet coins: the everyday market', [LIVELY], 'ranked'),
  C1: profile('mixed: 40 to 60 % of the round trips win', [MIXED]),
  C2: profile('favourable: at least 60 % win', [FAVOURABLE]),
  C3: profile('adverse: at most 50 % win', [ADVERSE]),
  M1: profile('two coins, both favourable', [FAVOURABLE, FAVOURABLE]),
  M2: profile('two coins, the first favourable, the second adverse', [FAVOURABLE, ADVERSE]),
  M3: profile('two coins, both adverse', [ADVERSE, ADVERSE]),
  P1: profile('a portfolio of favourable coins', [FAVOURABLE]),
  P2: profile('a portfolio of mixed, favourable and adverse coins', [MIXED, FAVOURABLE, ADVERSE]),
  P3: profile('a portfolio of adverse coins', [ADVERSE]),
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;
