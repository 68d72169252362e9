import { Backoff } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';

describe('backoff', () => {
  it('doubles its waits up to the longest, and begins anew after a success', () => {
    const backoff = new Backoff([250, 5_000]);
    expect(Array.from({ length: 7 }, () => backoff.take())).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    backoff.reset();
    expect([backoff.take(), backoff.take()]).toEqual([250, 500]);
  });
});
