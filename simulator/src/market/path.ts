import type { Noise } from './noise.ts';
import { makeWander, wander } from './wander.ts';

/** The value at a time, µs; times never go back. */
export type Path = (at: number) => number;

export interface PathShape {
  readonly deviation: number;
  /** Of coming back. */
  readonly seconds: number;
  /** µs from one value to the next. */
  readonly grid: number;
  /** How much louder than usual it is then. */
  readonly loudness?: (at: number) => number;
}

/**
 * Wanders on a grid of its own, so that it is the same however often and by whomever it is looked at: a coin moves
 * alike whether it trades alone or among a hundred.
 */
export function makePath({ deviation, seconds, grid, loudness }: PathShape, noise: Noise): Path {
  const way = makeWander(deviation, seconds, noise);
  let next = grid;
  return (at) => {
    for (; next <= at; next += grid) wander(way, grid / 1e6, noise, loudness === undefined ? 1 : loudness(next));
    return way.value;
  };
}
