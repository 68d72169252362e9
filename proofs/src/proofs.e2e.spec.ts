import { describe, expect, it } from '@jest/globals';
import { PROOFS } from './catalogue.ts';

const WITHIN_MS = 240_000;
/** They have their own tests beside the code that they prove. */
const ELSEWHERE = new Set(['simulation', 'campaigns', 'fuzz']);

describe('the running stack', () => {
  for (const { name, says, shortSeconds, run } of PROOFS.filter((proof) => !ELSEWHERE.has(proof.name)))
    it(
      `${name}: ${says}`,
      async () => {
        const { ok, lines } = await run({ seconds: shortSeconds, seed: '1', out: () => {} });
        expect({ ok, broken: lines.filter((line) => line.startsWith('DOES NOT HOLD')) }).toEqual({ ok: true, broken: [] });
      },
      WITHIN_MS,
    );
});
