import { afterEach, describe, expect, it } from '@jest/globals';
import { Ends } from '../../testing/simulated.ts';

const ends = new Ends();
afterEach(() => ends.run());

describe('the simulated bank', () => {
  const ask = async (query: string): Promise<readonly [number, unknown]> => {
    const { url } = await ends.simulator();
    const response = await fetch(`${url}/bank${query}`);
    return [response.status, await response.json()];
  };

  it('says what a dollar costs in won, and since when', async () => {
    const [status, answer] = await ask('/live?access_key=k&source=USD&currencies=KRW');
    expect([status, answer]).toEqual([
      200,
      { success: true, timestamp: expect.any(Number), source: 'USD', quotes: { USDKRW: expect.any(Number) } },
    ]);
    const { timestamp, quotes } = answer as { timestamp: number; quotes: { USDKRW: number } };
    expect(timestamp % 60).toBe(0);
    expect(Math.abs(quotes.USDKRW - 1_394)).toBeLessThan(60);
  });

  it.each([
    ['/live?source=USD', 101],
    ['/latest?access_key=k', 103],
    ['/live?access_key=k&source=EUR', 201],
    ['/live?access_key=k&currencies=JPY', 202],
  ])('fails on %s with status 200 and code %i', async (query, code) => {
    expect(await ask(query)).toEqual([200, { success: false, error: { code, type: expect.any(String), info: expect.any(String) } }]);
  });
});
