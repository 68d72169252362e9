import { describe, expect, it } from '@jest/globals';
import { editDistance, nearest } from './nearest.ts';

describe('the nearest known word', () => {
  it.each([
    ['', '', 0],
    ['risk', 'risk', 0],
    ['rsik', 'risk', 1],
    ['risks', 'risk', 1],
    ['rik', 'risk', 1],
    ['kitten', 'sitting', 3],
  ])('%s → %s takes %d edits', (from, to, edits) => {
    expect(editDistance(from, to)).toBe(edits);
  });

  it('is found whatever the case of its letters, and is none where none is known', () => {
    expect(nearest('MAXEXPOSUR', ['maxPerCoin', 'maxExposure'])).toBe('maxExposure');
    expect(nearest('x', [])).toBeNull();
  });
});
