import { makeNoise, type Noise } from './noise.ts';
import { openingPrice } from './opening-price.ts';
import type { Temper } from './profiles.ts';
import { makeSizes, SIZES, type Sizes } from './sizes.ts';
import { type Tick, tickOf, ticksOf } from './tick.ts';
import { venueMarket } from './venue-market.ts';
import { makeWander, type Wander, wander } from './wander.ts';

/** Half of the quoted spread, before ticks. */
const HALF_SPREAD = 0.00005;
const LEVEL_STEP = 0.0001;
/** Sizes that change from one book to the next, mostly near the top. */
const CHANGES = 3;
/** One book in so many comes with a trade. */
const TRADE_EVERY = 4;
/** A venue keeps more levels than it shows at a time. */
const KEPT_PER_SHOWN = 2;

/** What changed on a side from one book to the next. A size index of -1: the level is gone. */
export interface Changes {
  count: number;
  readonly cells: Int32Array;
  readonly sizes: Int16Array;
}

export interface BookSide {
  /** The best price, in cells. */
  best: number;
  /** -1: prices fall from the best on; 1: they rise. */
  readonly direction: -1 | 1;
  /** Index into `sizes`, by cell and `mask`. */
  readonly indexes: Uint8Array;
  readonly changes: Changes;
}

export interface MarketTrade {
  /** Of the taker. */
  readonly side: 'buy' | 'sell';
  readonly cell: number;
  /** Of the coin's smallest size. */
  readonly units: number;
}

/** One coin at one venue, with its book as it stands. Prices are whole cells of `step` ticks. */
export interface Instrument {
  readonly venue: string;
  readonly coin: string;
  readonly symbol: string;
  readonly quote: string;
  readonly tick: Tick;
  readonly sizes: Sizes;
  /** Ticks in a cell. */
  readonly step: number;
  /** Levels a side that are shown, and that there are. */
  readonly shown: number;
  readonly kept: number;
  readonly mask: number;
  readonly bids: BookSide;
  readonly asks: BookSide;
  /** The trade that came with the newest book. */
  trade: MarketTrade | null;
  /** When the book became what it is, µs since the market began. */
  at: number;
  /** Everything it quotes is multiplied by it: 1, but for a price that is off. */
  skew: number;
  readonly noise: Noise;
  readonly swing: Wander;
  readonly drift: Wander;
  /** Seconds by which the venue follows the true price. */
  readonly lag: number;
  /** The true price as far as the venue has followed it, in USDT. */
  followed: number;
}

export interface InstrumentPlace {
  readonly venue: string;
  readonly coin: string;
  readonly quote: string;
  readonly depth: number;
  readonly seed: string;
  readonly temper: Temper;
  readonly mid: number;
  /** Price of one USDT in the quote currency. */
  readonly rate: number;
}

export function makeInstrument({ venue, coin, quote, depth, seed, temper, mid, rate }: InstrumentPlace): Instrument {
  const noise = makeNoise(seed, `${venue} ${coin}`);
  const opening = openingPrice(coin) * rate;
  const tick = tickOf(quote, opening);
  const kept = depth * KEPT_PER_SHOWN;
  const length = 2 ** Math.ceil(Math.log2(kept)); // exact: both are small whole numbers
  const side = (direction: -1 | 1): BookSide => ({
    best: 0,
    direction,
    indexes: new Uint8Array(length),
    changes: { count: 0, cells: new Int32Array(2 * kept + CHANGES + 1), sizes: new Int16Array(2 * kept + CHANGES + 1) },
  });
  const instrument: Instrument = {
    venue,
    coin,
    symbol: `${coin}-${quote}`,
    quote,
    tick,
    sizes: makeSizes(coin),
    step: Math.max(1, Math.round(ticksOf(tick, opening * LEVEL_STEP))),
    shown: depth,
    kept,
    mask: length - 1,
    bids: side(-1),
    asks: side(1),
    trade: null,
    at: 0,
    skew: 1,
    noise,
    swing: makeWander(temper.swingBps / 1e4, temper.swingSeconds, noise),
    drift: makeWander(temper.driftBps / 1e4, temper.driftSeconds, noise),
    lag: venueMarket(venue).lagSeconds,
    followed: mid,
  };
  quoteAround(instrument, rate);
  instrument.bids.changes.count = 0;
  instrument.asks.changes.count = 0;
  return instrument;
}

/** Moves on to `at` towards the true price, and quotes anew. */
export function moveInstrument(instrument: Instrument, at: number, mid: number, rate: number): void {
  const { noise, bids, asks } = instrument;
  const seconds = (at - instrument.at) / 1e6;
  instrument.at = at;
  instrument.followed += (mid - instrument.followed) * (seconds < instrument.lag ? seconds / instrument.lag : 1);
  wander(instrument.swing, seconds, noise);
  wander(instrument.drift, seconds, noise);
  bids.changes.count = 0;
  asks.changes.count = 0;
  quoteAround(instrument, rate);
  const drawn = noise.bits();
  trade(instrument, drawn);
  for (let i = 0; i < CHANGES; i++) resize(instrument, noise.bits());
}

/** Rounded outwards to ticks and cells, at least one apart: a venue's own book is never crossed. */
function quoteAround(instrument: Instrument, rate: number): void {
  const { tick, step, followed, swing, drift, skew, bids, asks } = instrument;
  const ticks = ticksOf(tick, followed * (1 + swing.value + drift.value) * rate * skew);
  const bid = Math.max(1, Math.floor(Math.floor(ticks * (1 - HALF_SPREAD)) / step));
  shift(instrument, bids, bid);
  shift(instrument, asks, Math.max(bid + 1, Math.ceil(Math.ceil(ticks * (1 + HALF_SPREAD)) / step)));
}

/** Levels that the move uncovers are drawn, those it leaves behind go. */
function shift(instrument: Instrument, side: BookSide, best: number): void {
  const { kept, mask, noise } = instrument;
  const { direction, indexes, changes, best: old } = side;
  side.best = best;
  const moved = (best - old) * direction;
  const far = old === 0 || Math.abs(moved) >= kept;
  const gone = far ? kept : Math.abs(moved);
  // Away from the middle: the first ones go and new ones come at the far end; towards it, the other way round.
  const goneFrom = moved > 0 || far ? 0 : kept - gone;
  if (old > 0) for (let i = goneFrom; i < goneFrom + gone; i++) note(changes, old + i * direction, -1);
  const comesFrom = moved > 0 && !far ? kept - gone : 0;
  for (let i = comesFrom; i < comesFrom + gone; i++) {
    const cell = best + i * direction;
    if (cell <= 0) break;
    const size = sizeAt(i, noise);
    indexes[cell & mask] = size;
    note(changes, cell, size);
  }
}

function note(changes: Changes, cell: number, size: number): void {
  if (cell <= 0) return;
  const at = changes.count++;
  changes.cells[at] = cell;
  changes.sizes[at] = size;
}

/** A cell that has changed already is said once, as it is at last. */
function noteOnce(changes: Changes, cell: number, size: number): void {
  for (let i = changes.count - 1; i >= 0; i--) {
    if (changes.cells[i] !== cell) continue;
    changes.sizes[i] = size;
    return;
  }
  note(changes, cell, size);
}

function resize({ bids, asks, kept, mask, noise }: Instrument, drawn: number): void {
  const side = (drawn & 0x80000000) === 0 ? bids : asks;
  const near = drawn & 255;
  const level = ((near * near * kept) / 65_536) | 0;
  const cell = side.best + level * side.direction;
  if (cell <= 0) return;
  const size = sizeAt(level, noise);
  side.indexes[cell & mask] = size;
  noteOnce(side.changes, cell, size);
}

/** Someone takes a part of the best level. */
function trade(instrument: Instrument, drawn: number): void {
  const { bids, asks, mask, sizes } = instrument;
  instrument.trade = null;
  if (drawn % TRADE_EVERY !== 0) return;
  const buys = (drawn & 0x80000000) === 0;
  const side = buys ? asks : bids;
  const before = side.indexes[side.best & mask] as number;
  const after = (before * ((drawn >>> 8) & 255)) >> 8;
  const units = (sizes.units[before] as number) - (sizes.units[after] as number);
  if (units <= 0) return;
  side.indexes[side.best & mask] = after;
  noteOnce(side.changes, side.best, after);
  instrument.trade = { side: buys ? 'buy' : 'sell', cell: side.best, units };
}

/** Deeper levels are larger. */
function sizeAt(level: number, noise: Noise): number {
  return Math.min(SIZES - 1, (noise.bits() & 127) + level * 4);
}
