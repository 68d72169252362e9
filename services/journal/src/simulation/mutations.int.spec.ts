import { describe, expect, it } from '@jest/globals';
import { foundOut, MUTATIONS } from './mutations.ts';

describe('a broken piece is found out', () => {
  it.each(MUTATIONS)(
    '$what',
    async (mutation) => {
      expect(await foundOut(mutation)).not.toBeNull();
    },
    600_000,
  );
});
