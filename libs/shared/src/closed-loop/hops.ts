/** From one event in the stream to the answer to it, µs. */
export interface HopLatency {
  readonly minMicros: number;
  readonly maxMicros: number;
}

/** Whole µs, one after another, from a seed: 32-bit whole-number arithmetic only. */
export function hopDraws(seed: string, { minMicros, maxMicros }: HopLatency): () => number {
  const range = maxMicros - minMicros + 1;
  if (!(minMicros >= 0 && range >= 1)) throw new Error(`closed loop: expected a hop of 0 µs or more, found ${minMicros} to ${maxMicros}`);
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return minMicros + (((mixed ^ (mixed >>> 16)) >>> 0) % range);
  };
}
