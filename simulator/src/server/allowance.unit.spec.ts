import { describe, expect, it } from '@jest/globals';
import { Allowance } from './allowance.ts';

describe('an allowance', () => {
  it('is counted by key, and is whole again after its time', () => {
    const allowance = new Allowance(3, 1_000);
    expect([allowance.spend('a', 0), allowance.spend('a', 500, 2), allowance.spend('a', 999)]).toEqual([2, 0, -1]);
    expect(allowance.spend('b', 999)).toBe(2);
    expect(allowance.waitMs('a', 400)).toBe(600);
    expect([allowance.spend('a', 1_000), allowance.spent('a', 1_500)]).toEqual([2, 1]);
  });
});
