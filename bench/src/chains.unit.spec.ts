import { describe, expect, it } from '@jest/globals';
import { chained, type Line } from './chains.ts';
import type { Heard } from './processes/arrivals.ts';

const line = (position: number, type: Line['type'], n: number, cause: number | null): Line => ({
  position: String(position),
  type,
  n: String(n),
  cause: cause === null ? null : String(cause),
});

/** Book 1 leads to an order over all links; book 2 to an l2 only. */
const LINES = [
  line(5, 'book', 1, null),
  line(6, 'book', 2, null),
  line(7, 'l2', 1, 5),
  line(8, 'l2', 2, 6),
  line(9, 'decision', 1, 7),
  line(11, 'verdict', 1, 9),
  line(12, 'order', 1, 11),
];
const HEARD: Heard = {
  sent: [
    [1, 100],
    [2, 101],
  ],
  links: {
    l2: [
      [1, 101.5],
      [2, 103],
    ],
    decision: [[1, 104]],
    verdict: [[1, 105]],
    order: [[1, 107]],
  },
};

describe('chains', () => {
  it('follow the causes from an order back to its book', () => {
    expect(chained(LINES, HEARD)).toEqual({
      links: {
        l2: [
          { book: 1, sinceBook: 1.5, sinceCause: 1.5 },
          { book: 2, sinceBook: 2, sinceCause: 2 },
        ],
        decision: [{ book: 1, sinceBook: 4, sinceCause: 2.5 }],
        verdict: [{ book: 1, sinceBook: 5, sinceCause: 1 }],
        order: [{ book: 1, sinceBook: 7, sinceCause: 2 }],
      },
      otherwise: 0,
      unheard: 0,
    });
  });

  it("leave out an order's later state, which a book or a timer caused", () => {
    const { links, otherwise } = chained([...LINES, line(13, 'order', 2, 6), line(14, 'order', 3, 10)], HEARD);
    expect(links.order).toHaveLength(1);
    expect(otherwise).toBe(2);
  });

  it('count what is in the journal and was never heard', () => {
    const { links, unheard } = chained(LINES, { ...HEARD, links: { ...HEARD.links, verdict: [] } });
    expect(links.verdict).toHaveLength(0);
    expect(links.order).toHaveLength(0);
    expect(unheard).toBe(2);
  });
});
