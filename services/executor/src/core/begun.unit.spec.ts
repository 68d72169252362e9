import { describe, expect, it } from '@jest/globals';
import { hasBegun, newBegun, noteBegun } from './begun.ts';

describe('what has begun', () => {
  it('is known for ever by its number, without keeping every id', () => {
    const begun = newBegun();
    for (let i = 1; i <= 5000; i++) noteBegun(begun, `${i % 2 === 0 ? 'BTC' : 'ETH-s1'}-${i}`);
    expect(begun.recent.size).toBe(256);
    expect(begun.floors.size).toBe(2);
    for (const id of ['BTC-2', 'ETH-s1-1', 'BTC-4742', 'BTC-5000', 'ETH-s1-4999']) expect([id, hasBegun(begun, id)]).toEqual([id, true]);
    for (const id of ['BTC-5002', 'ETH-s1-5001', 'XRP-1', 'ETH-s2-1']) expect([id, hasBegun(begun, id)]).toEqual([id, false]);
  });

  it('tells apart what came late from what is new, as long as it is recent', () => {
    const begun = newBegun();
    noteBegun(begun, 'BTC-9');
    expect(hasBegun(begun, 'BTC-8')).toBe(false);
    noteBegun(begun, 'BTC-8');
    expect(hasBegun(begun, 'BTC-8')).toBe(true);
  });
});
