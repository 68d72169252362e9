import { drawOf } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';

/** How many of the numbers fall into each tenth. */
function tenths(draws: readonly number[]): number[] {
  const buckets = new Array<number>(10).fill(0);
  for (const draw of draws) {
    const bucket = Math.floor(draw * 10);
    buckets[bucket] = (buckets[bucket] as number) + 1;
  }
  return buckets;
}
const names = Array.from({ length: 10_000 }, (_, i) => `t-${Math.floor(i / 10)}-${i % 2}-${i % 10}`);

describe('draw', () => {
  it('gives every engine, and every later version, the same numbers', () => {
    expect([drawOf('seed', 't-1-0-0'), drawOf('seed', 't-1-0-1'), drawOf('', ''), drawOf('김치', '😀')]).toEqual([
      0.5489002718077558, 0.4551419940402921, 0.3740363148471749, 0.5473704159601207,
    ]);
  });

  it('is at least 0 and below 1, and spreads evenly over names that differ by a digit, whatever the seed', () => {
    for (const seed of ['seed', '']) {
      const draws = names.map((name) => drawOf(seed, name));
      expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
      // Five standard deviations of an even spread are 150.
      for (const count of tenths(draws)) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    }
  });

  it('gives neighbours and other seeds numbers that have nothing to do with each other', () => {
    for (const other of [
      names.map((name) => drawOf('seed', `${name}1`)),
      names.map((name) => drawOf('seee', name)),
      [...names.slice(1), ''].map((name) => drawOf('seed', name)),
    ]) {
      const differences = other.map((draw, i) => (draw - drawOf('seed', names[i] as string) + 1) % 1);
      for (const count of tenths(differences)) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    }
  });
});
