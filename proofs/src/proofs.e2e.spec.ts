import { describe, it } from '@jest/globals';
import { PROOFS } from './catalogue.ts';

const WITHIN_MS = 600_000;
/** They have their own tests beside the code that they prove; one needs another Node.js. */
const ELSEWHERE = new Set(['simulation', 'campaigns', 'fuzz', 'replicas', 'other-node']);

describe('the running stack', () => {
  for (const { name, says, shortSeconds, run } of PROOFS.filter((proof) => !ELSEWHERE.has(proof.name)))
    it(
      `${name}: ${says}`,
      async () => {
        const { ok, lines } = await run({ seconds: shortSeconds, seed: '1', out: () => {} });
        // What is broken stands first and in the error's own words: so a log that keeps little still says it.
        const broken = (line: string): boolean => line.startsWith('DOES NOT HOLD');
        if (!ok) throw new Error([...lines.filter(broken), ...lines.filter((line) => !broken(line))].join('\n'));
      },
      WITHIN_MS,
    );
});
