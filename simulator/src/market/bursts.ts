import { makeNoise } from './noise.ts';

const WINDOW = 2_000_000;
const ONE_IN = 32;
/** Books come so much faster in a burst, and the price moves so much more. */
export const BURST_PACE = 3;
const BURST_LOUDNESS = 4;
/** Of a coin's books over a long time, by how much bursts raise them. */
export const BURST_SHARE = 1 + (BURST_PACE - 1) / ONE_IN;

/** Two seconds of hurry now and then. A function of seed, coin and time, and of nothing that happened. */
export interface Bursts {
  pace(at: number): number;
  loudness(at: number): number;
}

export function makeBursts(seed: string, coin: string): Bursts {
  const salt = makeNoise(seed, `bursts ${coin}`).bits();
  let window = -1;
  let on = false;
  const within = (at: number): boolean => {
    const asked = Math.floor(at / WINDOW);
    if (asked !== window) {
      window = asked;
      let mixed = Math.imul(salt ^ asked, 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      on = ((mixed ^ (mixed >>> 16)) >>> 0) % ONE_IN === 0;
    }
    return on;
  };
  return { pace: (at) => (within(at) ? BURST_PACE : 1), loudness: (at) => (within(at) ? BURST_LOUDNESS : 1) };
}

export const NO_BURSTS: Bursts = { pace: () => 1, loudness: () => 1 };
