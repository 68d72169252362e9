import { openingPrice } from './opening-price.ts';
import { POWERS, placesFor } from './tick.ts';

export const SIZES = 256;
/** In USDT: what a usual level is worth. */
const USUAL_WORTH = 1_500;

/** The sizes that a coin's levels can have, small to large: none is formatted twice. */
export interface Sizes {
  /** Whole numbers of `1 / scale`. */
  readonly units: readonly number[];
  readonly scale: number;
  readonly values: readonly number[];
  readonly texts: readonly string[];
}

export function makeSizes(coin: string): Sizes {
  const usual = USUAL_WORTH / openingPrice(coin);
  const scale = POWERS[placesFor(usual, 1_000)] as number;
  const units = Array.from({ length: SIZES }, (_, i) => Math.max(1, Math.round(usual * (0.25 + 6 * (i / SIZES) * (i / SIZES)) * scale)));
  const values = units.map((unit) => unit / scale);
  return { units, scale, values, texts: values.map(String) };
}
