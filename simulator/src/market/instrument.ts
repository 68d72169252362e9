import { makeNoise, type Noise } from './noise.ts';
import { openingPrice } from './opening-price.ts';
import { makeSizes, SIZES, type Sizes } from './sizes.ts';
import { type Tick, tickOf, ticksOf } from './tick.ts';
import { makeWander, type Wander, wander } from './wander.ts';

/** Around the true price: of each venue, so that two of them are apart by 1.4 times that. */
const PREMIUM_DEVIATION = 0.0022;
const PREMIUM_SECONDS = 1.6;
/** Half of the quoted spread, before ticks. */
const HALF_SPREAD = 0.0001;
const LEVEL_STEP = 0.0001;
/** Sizes that change from one book to the next. */
const CHANGES = 3;

/** One coin at one venue, with its book as it stands. */
export interface Instrument {
  readonly venue: string;
  readonly coin: string;
  readonly symbol: string;
  readonly quote: string;
  readonly tick: Tick;
  readonly sizes: Sizes;
  readonly noise: Noise;
  readonly premium: Wander;
  /** Seconds by which the venue follows the true price. */
  readonly lag: number;
  /** The true price as far as the venue has followed it, in USDT. */
  followed: number;
  /** Ticks from one level to the next. */
  readonly step: number;
  bestBid: number;
  bestAsk: number;
  /** By level, best first: index into `sizes`. */
  readonly bidSizes: Uint8Array;
  readonly askSizes: Uint8Array;
}

/** The big dollar venues lead; who is not named follows at the pace of the slow ones. */
const LAG_SECONDS: Readonly<Record<string, number>> = { binance: 0.02, okx: 0.05, bybit: 0.05, upbit: 0.2 };
const SLOW = 0.25;

export interface InstrumentPlace {
  readonly venue: string;
  readonly coin: string;
  readonly quote: string;
  readonly depth: number;
  readonly seed: string;
  /** Price of one USDT in the quote currency. */
  readonly rate: number;
}

export function makeInstrument({ venue, coin, quote, depth, seed, rate }: InstrumentPlace): Instrument {
  const noise = makeNoise(seed, `${venue} ${coin}`);
  const price = openingPrice(coin);
  const tick = tickOf(quote, price * rate);
  const drawSizes = (): Uint8Array => Uint8Array.from({ length: depth }, (_, level) => sizeAt(level, noise));
  const instrument: Instrument = {
    venue,
    coin,
    symbol: `${coin}-${quote}`,
    quote,
    tick,
    sizes: makeSizes(coin),
    noise,
    premium: makeWander(PREMIUM_DEVIATION, PREMIUM_SECONDS, noise),
    lag: LAG_SECONDS[venue] ?? SLOW,
    followed: price,
    step: Math.max(1, Math.round(ticksOf(tick, price * rate * LEVEL_STEP))),
    bestBid: 0,
    bestAsk: 0,
    bidSizes: drawSizes(),
    askSizes: drawSizes(),
  };
  quoteAround(instrument, rate);
  return instrument;
}

/** Moves on by `seconds` towards the true price, and quotes anew. */
export function moveInstrument(instrument: Instrument, mid: number, rate: number, seconds: number): void {
  const { noise, bidSizes, askSizes } = instrument;
  instrument.followed += (mid - instrument.followed) * (seconds < instrument.lag ? seconds / instrument.lag : 1);
  wander(instrument.premium, seconds, noise);
  quoteAround(instrument, rate);
  for (let i = 0; i < CHANGES; i++) {
    const drawn = noise.bits();
    const level = drawn % bidSizes.length;
    if ((drawn & 0x80000000) === 0) bidSizes[level] = sizeAt(level, noise);
    else askSizes[level] = sizeAt(level, noise);
  }
}

/** Rounded outwards to ticks, at least one apart: a venue's own book is never crossed. */
function quoteAround(instrument: Instrument, rate: number): void {
  const ticks = ticksOf(instrument.tick, instrument.followed * (1 + instrument.premium.value) * rate);
  instrument.bestBid = Math.max(1, Math.floor(ticks * (1 - HALF_SPREAD)));
  instrument.bestAsk = Math.max(instrument.bestBid + 1, Math.ceil(ticks * (1 + HALF_SPREAD)));
}

/** Deeper levels are larger. */
function sizeAt(level: number, noise: Noise): number {
  return Math.min(SIZES - 1, (noise.bits() & 127) + level * 4);
}
