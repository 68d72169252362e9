import { describe, expect, it } from '@jest/globals';
import { restartDelayMs } from './backoff.ts';

describe('the wait before a restart', () => {
  it('doubles with each early end, up to 5 s', () => {
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) waits.push(restartDelayMs(waits.at(-1) ?? null, 50));
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('starts over after 10 s up', () => {
    expect(restartDelayMs(5000, 9_999)).toBe(5000);
    expect(restartDelayMs(5000, 10_000)).toBe(100);
  });
});
