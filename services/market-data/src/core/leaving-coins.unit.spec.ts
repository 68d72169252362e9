import { describe, expect, it } from '@jest/globals';
import { LeavingCoins } from './leaving-coins.ts';

describe('a coin that leaves the universe', () => {
  it('is watched on for as long as a round trip in it may be open', () => {
    const leaving = new LeavingCoins(20);
    leaving.left(['BTC', 'ETH', 'XRP'], ['BTC'], 1_000);
    expect(leaving.coins()).toEqual(['ETH', 'XRP']);
    expect(leaving.forget(320_999)).toBe(false);
    expect(leaving.forget(321_000)).toBe(true);
    expect(leaving.coins()).toEqual([]);
  });

  it('is not watched on where nothing is traded', () => {
    const leaving = new LeavingCoins(null);
    leaving.left(['BTC', 'ETH'], ['BTC'], 1_000);
    expect([leaving.forget(1_000), leaving.coins()]).toEqual([true, []]);
  });

  it('is no longer on its way out once it comes back, and counts anew when it leaves again', () => {
    const leaving = new LeavingCoins(20);
    leaving.left(['BTC', 'ETH'], ['BTC'], 0);
    leaving.left(['BTC'], ['BTC', 'ETH'], 100_000);
    expect(leaving.coins()).toEqual([]);
    leaving.left(['BTC', 'ETH'], ['BTC'], 200_000);
    expect(leaving.forget(320_000)).toBe(false);
    expect(leaving.coins()).toEqual(['ETH']);
  });
});
