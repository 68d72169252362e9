import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lifeAfter, type OrderLife, type OrderState } from './order-life.ts';

const life = (state: OrderState, filled = '0'): OrderLife => ({ state, filled });
const after = (news: readonly OrderLife[]) => news.reduce((known, one) => lifeAfter(known, one) ?? known, life('intended'));

describe("an order's life", () => {
  it('is not reopened by an acceptance that comes after the fill', () => {
    expect(after([life('filled', '2'), life('accepted'), life('part-filled', '1')])).toEqual(life('filled', '2'));
  });

  it('takes a fill that comes before its acceptance, and no smaller one after it', () => {
    expect(after([life('part-filled', '1'), life('accepted'), life('part-filled', '0.5')])).toEqual(life('part-filled', '1'));
  });

  it('hears the same news once', () => {
    expect(lifeAfter(life('part-filled', '1'), life('part-filled', '1.0'))).toBeNull();
    expect(lifeAfter(life('cancelled', '1'), life('cancelled', '1'))).toBeNull();
  });

  it('ends at most once and never unfills, in whatever order and how often news comes', () => {
    const news = fc.record({
      state: fc.constantFrom<OrderState>('intended', 'accepted', 'part-filled', 'filled', 'cancelled', 'rejected'),
      filled: fc.integer({ min: 0, max: 5 }).map(String),
    });
    fc.assert(
      fc.property(fc.array(news, { maxLength: 12 }), (all) => {
        let known = life('intended');
        let ends = 0;
        for (const one of all) {
          const next = lifeAfter(known, one);
          if (next === null) continue;
          expect(Number(next.filled)).toBeGreaterThanOrEqual(Number(known.filled));
          if (['filled', 'cancelled', 'rejected'].includes(next.state)) ends++;
          known = next;
        }
        expect(ends).toBeLessThanOrEqual(1);
        expect(after([...all, ...all])).toEqual(after([...all, ...all, ...all]));
      }),
    );
  });
});
