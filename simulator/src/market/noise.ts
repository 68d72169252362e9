export interface Noise {
  /** 32 random bits, as a whole number from 0. */
  bits(): number;
  /** Mean 0, variance 1, never beyond ±3.46: the sum of four bytes, so that every engine gives the same. */
  normal(): number;
}

const MEAN = 4 * 127.5;
/** Of the sum of four even draws from 0 to 255. */
const DEVIATION = Math.sqrt((4 * (256 * 256 - 1)) / 12);

/** One stream of draws per seed and name; 32-bit whole-number arithmetic only. */
export function makeNoise(seed: string, name: string): Noise {
  let state = 0x811c9dc5;
  for (const text of [seed, '\n', name]) for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);

  function bits(): number {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  return {
    bits,
    normal() {
      const drawn = bits();
      return ((drawn & 255) + ((drawn >>> 8) & 255) + ((drawn >>> 16) & 255) + (drawn >>> 24) - MEAN) / DEVIATION;
    },
  };
}
