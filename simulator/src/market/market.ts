import { BURST_SHARE, type Bursts, makeBursts, NO_BURSTS } from './bursts.ts';
import { Due } from './due.ts';
import { type Instrument, makeInstrument, moveInstrument } from './instrument.ts';
import { makeNoise } from './noise.ts';
import { openingPrice } from './opening-price.ts';
import { makePath, type Path } from './path.ts';
import { PROFILES, type Profile, type ProfileName, type Temper } from './profiles.ts';
import { venueMarket } from './venue-market.ts';

export interface MarketSettings {
  readonly coins: readonly string[];
  readonly venues: readonly { readonly name: string; readonly quote: string }[];
  /** Levels a side that are shown. */
  readonly depth: number;
  readonly seed: string;
  /** Over all venues and coins, on average. */
  readonly booksPerSecond: number;
  /** Unless it is said, `lively`. */
  readonly profile?: ProfileName | Profile;
  /** Also USDT itself, where it is traded: against won at venues that quote in won, against dollars at Binance. Two books a second each, beyond the others. */
  readonly withRates?: boolean;
}

/**
 * Prices at venues as a function of seed and time, and of nothing else. In one process:
 *
 *     const market = makeMarket({ coins, venues, depth: 30, seed: '1', booksPerSecond: 500, profile: 'C1' });
 *     while (market.nextAt() <= seconds * 1e6) {
 *       const instrument = market.step();       // moved on to instrument.at, µs since the market began
 *       use(instrument.venue, instrument.symbol, instrument.at, bookOf(instrument), tradeOf(instrument), market.rate());
 *     }
 *
 * A coin's books depend on the seed, its name, its temper and its own pace: not on the coins beside it.
 */
export interface Market {
  readonly instruments: readonly Instrument[];
  /** Price of one USDT in won, at the last book or at a time after it, µs since the market began. */
  rate(at?: number): number;
  /** Price of one dollar in won as a bank says it: once a minute, and away from what USDT costs. */
  bankRate(at?: number): number;
  /** When the next book comes, µs since the market began. */
  nextAt(): number;
  /** Moves the instrument on whose book comes next. It is the caller's until the next step. */
  step(): Instrument;
}

const GRID = 50_000;
/** Prices stray so far over hours, together and each coin for itself, and come back: nothing runs away in a week. */
const TOGETHER = { deviation: 0.01, seconds: 20_000, grid: GRID };
const ALONE = { deviation: 0.01, seconds: 20_000, grid: GRID };
const RATE = 1_400;
const RATE_PATH = { deviation: 5, seconds: 1_800, grid: GRID };
const DOLLAR_PATH = { deviation: 0.0003, seconds: 3_600, grid: 1_000_000 };
/** By how much USDT is dearer in won than the dollar it stands for. */
const BASIS = 0.004;
const BASIS_PATH = { deviation: 0.002, seconds: 7_200, grid: 60_000_000 };
const BANK_EVERY = 60_000_000;
const QUOTES = ['USDT', 'KRW'];
const STABLE = 'USDT';
const RATE_BOOKS_PER_SECOND = 2;
const STEADY: Temper = { swingBps: 1, swingSeconds: 5, driftBps: 1, driftSeconds: 300 };
const QUIET = 0.3;

interface Place {
  readonly instrument: Instrument;
  readonly mid: Path;
  readonly bursts: Bursts;
  /** µs from one book to the next outside of bursts. */
  readonly period: number;
}

export function makeMarket(settings: MarketSettings): Market {
  const { coins, venues, depth, seed, booksPerSecond, withRates = false } = settings;
  expectQuotes(venues);
  const { tempers, activity } = profileOf(settings.profile ?? 'lively');
  const together = makePath(TOGETHER, makeNoise(seed, 'together'));
  const ratePath = makePath(RATE_PATH, makeNoise(seed, 'rate'));
  const dollarPath = makePath(DOLLAR_PATH, makeNoise(seed, 'dollar'));
  const basisPath = makePath(BASIS_PATH, makeNoise(seed, 'basis'));
  let now = 0;
  const rate = (at = now): number => Math.round((RATE + ratePath(at)) * 100) / 100;
  const rateIn = (quote: string, at = now): number => (quote === 'KRW' ? rate(at) : quote === 'USD' ? 1 + dollarPath(at) : 1);

  const weights = coins.map((_, rank) => (activity === 'even' ? 1 : weightOf(rank)));
  const share = activity === 'even' ? 1 : BURST_SHARE;
  const perWeight = (venues.length * share * weights.reduce((sum, weight) => sum + weight, 0) * 1e6) / booksPerSecond;
  const places: Place[] = coins.flatMap((coin, rank) => {
    const bursts = activity === 'even' ? NO_BURSTS : makeBursts(seed, coin);
    const alone = makePath({ ...ALONE, loudness: bursts.loudness }, makeNoise(seed, `coin ${coin}`));
    const opening = openingPrice(coin);
    const mid: Path = (at) => opening * (1 + together(at) + alone(at));
    const temper = tempers[rank % tempers.length] as Temper;
    const period = perWeight / (weights[rank] as number);
    return venues.map(({ name: venue, quote }) => ({
      instrument: makeInstrument({ venue, coin, quote, depth, seed, temper, mid: mid(0), rate: rateIn(quote) }),
      mid,
      bursts,
      period,
    }));
  });
  if (withRates)
    for (const { venue, quote } of ratePairs(venues))
      places.push({
        instrument: makeInstrument({ venue, coin: STABLE, quote, depth, seed, temper: STEADY, mid: 1, rate: rateIn(quote) }),
        mid: () => 1,
        bursts: NO_BURSTS,
        period: 1e6 / RATE_BOOKS_PER_SECOND,
      });

  const due = new Due(places.map(({ instrument, period }) => Math.max(1, Math.round((period * (instrument.noise.bits() & 1023)) / 1_024))));
  let bankAt = -1;
  let bank = 0;

  return {
    instruments: places.map(({ instrument }) => instrument),
    rate,
    bankRate(at = now) {
      const minute = Math.floor(at / BANK_EVERY);
      if (minute !== bankAt) {
        bankAt = minute;
        bank = Math.round((rate(at) / rateIn('USD', at) / (1 + BASIS + basisPath(at))) * 100) / 100;
      }
      return bank;
    },
    nextAt: () => due.at[due.first()] as number,
    step() {
      const first = due.first();
      const { instrument, mid, bursts, period } = places[first] as Place;
      now = due.at[first] as number;
      moveInstrument(instrument, now, mid(now), rateIn(instrument.quote));
      // From three quarters of its period to five.
      const gap = (period * (768 + (instrument.noise.bits() & 511))) / 1_024 / bursts.pace(now);
      due.postpone(now + Math.max(1, Math.round(gap)));
      return instrument;
    },
  };
}

function expectQuotes(venues: MarketSettings['venues']): void {
  const strange = venues.find(({ quote }) => !QUOTES.includes(quote));
  if (strange !== undefined)
    throw new Error(
      `simulated market: expected venues that quote in ${QUOTES.join(' or ')}, found ${strange.quote} at ${strange.name}: change market.venues`,
    );
}

function profileOf(asked: ProfileName | Profile): Profile {
  if (typeof asked !== 'string') return asked;
  const found: Profile | undefined = Object.hasOwn(PROFILES, asked) ? PROFILES[asked] : undefined;
  if (found === undefined)
    throw new Error(`simulated market: expected a profile of ${Object.keys(PROFILES).join(', ')}, found ${JSON.stringify(asked)}`);
  return found;
}

/** The first coin is busiest; every tenth is quiet. */
function weightOf(rank: number): number {
  return rank % 10 === 9 ? QUIET : rank === 0 ? 2 : rank < 3 ? 1.5 : 1;
}

function ratePairs(venues: MarketSettings['venues']): { venue: string; quote: string }[] {
  return venues.flatMap(({ name, quote }) =>
    quote === 'KRW' ? [{ venue: name, quote }] : venueMarket(name).usdtInDollars ? [{ venue: name, quote: 'USD' }] : [],
  );
}
