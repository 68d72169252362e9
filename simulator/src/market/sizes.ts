import { openingPrice } from './opening-price.ts';
import { POWERS, placesFor } from './tick.ts';

export const SIZES = 256;
/** In USDT: what a usual level is worth. */
const USUAL_WORTH = 1_500;

/** The sizes that a coin's levels can have, small to large, as numbers and as text: none is formatted twice. */
export interface Sizes {
  readonly values: readonly number[];
  readonly texts: readonly string[];
}

export function makeSizes(coin: string): Sizes {
  const usual = USUAL_WORTH / openingPrice(coin);
  const scale = POWERS[placesFor(usual, 1_000)] as number;
  const values = Array.from(
    { length: SIZES },
    (_, i) => Math.max(1, Math.round(usual * (0.25 + 6 * (i / SIZES) * (i / SIZES)) * scale)) / scale,
  );
  return { values, texts: values.map(String) };
}
