import type { Noise } from './noise.ts';

/** A value that wanders around 0 and comes back: over a long time its deviation is `deviation`, half of a swing is gone after about 0.7 × `seconds`. */
export interface Wander {
  value: number;
  readonly deviation: number;
  readonly seconds: number;
}

/** Starts as it would be found at any moment, not at rest. */
export function makeWander(deviation: number, seconds: number, noise: Noise): Wander {
  return { value: deviation * noise.normal(), deviation, seconds };
}

/** Keeps the deviation whatever the length of the step; a `loudness` above 1 is for moments. */
export function wander(way: Wander, seconds: number, noise: Noise, loudness = 1): number {
  const back = seconds < way.seconds ? seconds / way.seconds : 1;
  way.value += -way.value * back + way.deviation * loudness * Math.sqrt(back * (2 - back)) * noise.normal();
  return way.value;
}
