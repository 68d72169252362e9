import type { Calibration } from '@arb/shared/core';

export interface Measures {
  readonly edgeBps: number;
  readonly size: number;
  readonly volatilityBps: number;
  /** What the depth alone would have filled, as a part of the order. */
  readonly seen: number;
}

/** Where an order fell, what the calibration said of it, and what the book showed. */
export interface Zone {
  readonly index: number;
  readonly predicted: number;
  readonly seen: number;
}

/** How many bounds lie at or below the value. */
function band(bounds: readonly number[], value: number): number {
  let at = 0;
  while (at < bounds.length && value >= (bounds[at] as number)) at++;
  return at;
}

export function ratioOf({ edgeBps, size, volatilityBps, ratios }: Calibration, measures: Measures): Zone {
  const index =
    (band(edgeBps, measures.edgeBps) * (size.length + 1) + band(size, measures.size)) * (volatilityBps.length + 1) +
    band(volatilityBps, measures.volatilityBps);
  const predicted = ratios[index];
  if (predicted === undefined)
    throw new Error(`calibration: expected a ratio for zone ${index}, found ${ratios.length}; one is needed for each combination of zones`);
  return { index, predicted, seen: measures.seen };
}

/** `edge 30-…, size 0-0.25, volatility 5-…`. */
export function zoneName({ edgeBps, size, volatilityBps }: Calibration, index: number): string {
  const bands = volatilityBps.length + 1;
  const sizes = size.length + 1;
  const span = (name: string, bounds: readonly number[], at: number) => `${name} ${bounds[at - 1] ?? '…'}-${bounds[at] ?? '…'}`;
  return [
    span('edge', edgeBps, Math.floor(index / bands / sizes)),
    span('size', size, Math.floor(index / bands) % sizes),
    span('volatility', volatilityBps, index % bands),
  ].join(', ');
}
