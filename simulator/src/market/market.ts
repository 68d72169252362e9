import { type Instrument, makeInstrument, moveInstrument } from './instrument.ts';
import { makeNoise } from './noise.ts';
import { openingPrice } from './opening-price.ts';
import { makeWander, wander } from './wander.ts';

export interface MarketSettings {
  readonly coins: readonly string[];
  readonly venues: readonly { readonly name: string; readonly quote: string }[];
  readonly depth: number;
  readonly seed: string;
  /** How much time passes from one step to the next. */
  readonly booksPerSecond: number;
}

/** Prices at venues as a function of seed and step number, and of nothing else. */
export interface Market {
  readonly instruments: readonly Instrument[];
  /** Price of one USDT in won. */
  rate(): number;
  /** Moves the next instrument on, in turn over coins and venues. It is the caller's until the next step. */
  step(): Instrument;
}

/** Prices move by this much in the square root of a second: together, and each coin for itself. */
const TOGETHER = 0.0001;
const ALONE = 0.0001;
/** How fast a price that has strayed comes back to where it opened: nothing runs away in a week. */
const HOME_SECONDS = 20_000;
const RATE = 1_400;
const RATE_DEVIATION = 5;
const RATE_SECONDS = 1_800;
const QUOTES = ['USDT', 'KRW'];

export function makeMarket({ coins, venues, depth, seed, booksPerSecond }: MarketSettings): Market {
  const strange = venues.find(({ quote }) => !QUOTES.includes(quote));
  if (strange !== undefined)
    throw new Error(
      `simulated market: expected venues that quote in ${QUOTES.join(' or ')}, found ${strange.quote} at ${strange.name}: change market.venues`,
    );
  const noise = makeNoise(seed, 'market');
  const rate = makeWander(RATE_DEVIATION, RATE_SECONDS, noise);
  const rateNow = (): number => Math.round((RATE + rate.value) * 100) / 100;
  const rateOf = (quote: string): number => (quote === 'KRW' ? rateNow() : 1);
  const prices = coins.map((coin) => ({ opening: openingPrice(coin), mid: openingPrice(coin) }));
  const instruments = coins.flatMap((coin) =>
    venues.map(({ name, quote }) => makeInstrument({ venue: name, coin, quote, depth, seed, rate: rateOf(quote) })),
  );
  const seconds = instruments.length / booksPerSecond;
  const root = Math.sqrt(seconds);
  const home = Math.min(1, seconds / HOME_SECONDS);
  let together = 0;
  let next = 0;

  return {
    instruments,
    rate: rateNow,
    step() {
      const at = next;
      next = at + 1 === instruments.length ? 0 : at + 1;
      if (at === 0) {
        wander(rate, seconds, noise);
        together = TOGETHER * root * noise.normal();
      }
      const price = prices[Math.floor(at / venues.length)] as (typeof prices)[number];
      if (at % venues.length === 0)
        price.mid = price.mid * (1 + together + ALONE * root * noise.normal()) + (price.opening - price.mid) * home;
      const instrument = instruments[at] as Instrument;
      moveInstrument(instrument, price.mid, rateOf(instrument.quote), seconds);
      return instrument;
    },
  };
}
