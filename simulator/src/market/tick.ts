/** Prices are whole multiples of `unit / 10^places`. */
export interface Tick {
  readonly unit: number;
  readonly places: number;
}

/** Won prices as Upbit steps them since July 2025. */
const KRW_TICKS: readonly (readonly [from: number, unit: number, places: number])[] = [
  [1_000_000, 1_000, 0],
  [500_000, 500, 0],
  [100_000, 100, 0],
  [50_000, 50, 0],
  [10_000, 10, 0],
  [5_000, 5, 0],
  [100, 1, 0],
  [10, 1, 1],
  [1, 1, 2],
  [0.1, 1, 3],
  [0.01, 1, 4],
];

/** By the opening price, for good: a tick that changes on the way belongs to the venues' own protocols. */
export function tickOf(quote: string, price: number): Tick {
  if (quote === 'KRW') {
    const row = KRW_TICKS.find(([from]) => price >= from);
    return row === undefined ? { unit: 1, places: 8 } : { unit: row[1], places: row[2] };
  }
  return { unit: 1, places: Math.max(0, placesFor(price, 100_000)) };
}

/** How many decimal places give `price` at least `steps` steps; at most 8. */
export function placesFor(price: number, steps: number): number {
  let places = 0;
  for (let scaled = price; scaled < steps && places < 8; scaled *= 10) places++;
  return places;
}

export function priceAt(tick: Tick, ticks: number): number {
  return (ticks * tick.unit) / (POWERS[tick.places] as number);
}

export function ticksOf(tick: Tick, price: number): number {
  return (price * (POWERS[tick.places] as number)) / tick.unit;
}

export const POWERS: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
