import type { Settings } from './settings.ts';

/** A coin at one venue, in the currency that the venue is watched in. Amounts in the numeraire. */
export interface Listing {
  readonly venue: string;
  readonly coin: string;
  readonly trading: boolean;
  readonly volume: number | null;
  readonly spreadBps: number | null;
  readonly depth: number | null;
}

export interface Choice {
  readonly coins: readonly string[];
  readonly why: string;
}

export type UniverseRules = Pick<Settings, 'universe' | 'coins' | 'topN' | 'leastVolume' | 'whitelist' | 'blacklist'>;

/** What makes a coin worth watching. */
const WEIGHTS = { volume: 0.5, spread: 0.3, depth: 0.2 };
/** A coin that is in stays in until it is clearly worse: no coin comes and goes with every look. */
const STAY = 1.2;
const MOST_COINS = 1_000;
/** An arbitrage needs two. */
const LEAST_VENUES = 2;

/** `listings` null: the venues have not said yet what they trade. `present`: the coins of now. */
export function chooseCoins(rules: UniverseRules, listings: readonly Listing[] | null, present: readonly string[]): Choice | null {
  const { universe } = rules;
  const barred = new Set(rules.blacklist ?? []);
  if (universe === 'SINGLE' || universe === 'FIXED_LIST') {
    const named = universe === 'SINGLE' ? rules.coins.slice(0, 1) : rules.coins;
    const allowed = named.filter((coin) => !barred.has(coin));
    const listed = listings === null ? null : new Set(listings.map(({ coin }) => coin));
    const coins = allowed.filter((coin) => listed?.has(coin) ?? true);
    const missing = allowed.filter((coin) => !coins.includes(coin));
    const left = missing.length === 0 ? '' : `; no venue lists ${missing.slice(0, 20).join(', ')}`;
    return { coins, why: `market.coins of the session${left}` };
  }
  if (listings === null) return null;
  return chooseBest(rules, listings, present, barred);
}

function chooseBest(rules: UniverseRules, listings: readonly Listing[], present: readonly string[], barred: ReadonlySet<string>): Choice {
  const byCoin = new Map<string, Listing[]>();
  for (const listing of listings) {
    if (!listing.trading || barred.has(listing.coin)) continue;
    const others = byCoin.get(listing.coin);
    if (others === undefined) byCoin.set(listing.coin, [listing]);
    else others.push(listing);
  }
  const wanted = new Set(rules.whitelist ?? []);
  const candidates = [...byCoin]
    .filter(([, at]) => at.length >= LEAST_VENUES)
    .map(([coin, at]) => ({ coin, volume: sum(at, 'volume'), spread: widest(at), depth: sum(at, 'depth') }))
    .filter(({ coin, volume }) => wanted.has(coin) || (volume ?? 0) >= rules.leastVolume);
  const ranked = byScore(candidates);
  const most = rules.universe === 'FULL_MARKET' ? MOST_COINS : rules.topN;
  const stays = new Set(present);
  const chosen: string[] = ranked.filter((coin) => wanted.has(coin)).slice(0, most);
  const take = (coins: readonly string[]): void => {
    for (const coin of coins) if (chosen.length < most && !chosen.includes(coin)) chosen.push(coin);
  };
  take(ranked.slice(0, Math.floor(most * STAY)).filter((coin) => stays.has(coin)));
  take(ranked);
  const inOrder = ranked.filter((coin) => chosen.includes(coin));
  return {
    coins: inOrder,
    why: `${inOrder.length} best of ${candidates.length} coins that ${LEAST_VENUES} venues or more trade, by volume, spread and depth`,
  };
}

function sum(listings: readonly Listing[], what: 'volume' | 'depth'): number | null {
  const known = listings.flatMap((listing) => listing[what] ?? []);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

/** A round trip pays the spread of both: the wider one counts. */
function widest(listings: readonly Listing[]): number | null {
  const known = listings.flatMap(({ spreadBps }) => spreadBps ?? []);
  return known.length === 0 ? null : known.reduce((most, value) => Math.max(most, value), 0);
}

interface Candidate {
  readonly coin: string;
  readonly volume: number | null;
  readonly spread: number | null;
  readonly depth: number | null;
}

/** By ranks and not by amounts: one coin's volume is a thousand times another's. What is unknown ranks last. */
function byScore(candidates: readonly Candidate[]): readonly string[] {
  const scores = new Map<string, number>(candidates.map(({ coin }) => [coin, 0]));
  const rank = (weight: number, better: (a: Candidate, b: Candidate) => number): void => {
    const sorted = [...candidates].sort(better);
    let place = 0;
    for (const [i, candidate] of sorted.entries()) {
      // Equals share their place.
      if (i > 0 && better(sorted[i - 1] as Candidate, candidate) !== 0) place = i;
      scores.set(candidate.coin, (scores.get(candidate.coin) as number) + weight * (1 - place / sorted.length));
    }
  };
  rank(WEIGHTS.volume, (a, b) => (b.volume ?? 0) - (a.volume ?? 0));
  rank(WEIGHTS.spread, (a, b) => (a.spread ?? 1e9) - (b.spread ?? 1e9));
  rank(WEIGHTS.depth, (a, b) => (b.depth ?? 0) - (a.depth ?? 0));
  return [...scores].sort(([a, left], [b, right]) => right - left || byName(a, b)).map(([coin]) => coin);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
