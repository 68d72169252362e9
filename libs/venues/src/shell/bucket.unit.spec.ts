import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bucket } from './bucket.ts';

const limit = (units: number, perMs = 1_000) => ({ name: 'x', units, perMs, scope: 'ip' as const });

describe('a bucket', () => {
  it('lets ordinary requests spend four fifths and urgent ones the rest', () => {
    const bucket = new Bucket(limit(10));
    for (let i = 0; i < 8; i++) bucket.spend(1, 0);
    expect(bucket.waitMs(1, 'ordinary', 0)).toBeGreaterThan(0);
    expect(bucket.waitMs(2, 'urgent', 0)).toBe(0);
    bucket.spend(2, 0);
    expect(bucket.waitMs(1, 'urgent', 0)).toBe(1_000);
    expect(bucket.waitMs(1, 'urgent', 1_000)).toBe(0);
  });

  it('believes the venue where it counts more than was sent from here', () => {
    const left = new Bucket(limit(10));
    left.learn({ left: 0, spent: null }, 0);
    expect(left.waitMs(1, 'urgent', 0)).toBe(1_000);
    const spent = new Bucket(limit(6_000, 60_000));
    spent.spend(50, 0);
    spent.learn({ left: null, spent: 5_990 }, 0);
    expect(spent.waitMs(50, 'urgent', 1)).toBeGreaterThan(0);
    spent.learn({ left: null, spent: 10 }, 1);
    expect(spent.used(1)).toBeCloseTo(5_990 / 6_000);
  });

  it('lets through what is larger than the limit once nothing else is spent', () => {
    const bucket = new Bucket(limit(1));
    expect(bucket.waitMs(5, 'ordinary', 0)).toBe(0);
    bucket.spend(5, 0);
    expect(bucket.waitMs(5, 'ordinary', 0)).toBe(1_000);
  });

  it('never spends more than the limit in any window, and never waits for ever', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 50 }),
        fc.array(fc.record({ gap: fc.integer({ min: 0, max: 400 }), units: fc.integer({ min: 1, max: 2 }) }), { maxLength: 200 }),
        (units, asks) => {
          const bucket = new Bucket(limit(units));
          const spends: { at: number; units: number }[] = [];
          let now = 0;
          for (const ask of asks) {
            now += ask.gap;
            for (let tries = 0; ; tries++) {
              const waitMs = bucket.waitMs(ask.units, 'urgent', now);
              if (waitMs === 0) break;
              if (tries > 1_000) throw new Error('waits for ever');
              now += waitMs;
            }
            bucket.spend(ask.units, now);
            spends.push({ at: now, units: ask.units });
            const inWindow = spends.filter(({ at }) => at > now - 1_000).reduce((sum, spend) => sum + spend.units, 0);
            expect(inWindow).toBeLessThanOrEqual(units);
          }
        },
      ),
    );
  });
});
