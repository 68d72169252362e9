import type { VenueAdapter } from '@arb/venues';
import { type Recorded, replay } from '@arb/venues/recording';

const LONGEST_MS = 400;
const MOST_PASSES = 30;

/**
 * Book messages a second of one core: the recording's book messages and answers alone, replayed until the engine has
 * compiled what it will; the median pass counts.
 */
export function speedOf(adapter: VenueAdapter, entries: readonly Recorded[]): number {
  const books: Recorded[] = [];
  replay(adapter, entries, {
    seen: (outputs, _, entry) => {
      const ofBook = outputs.some(({ kind }) => kind === 'book' || kind === 'skipped');
      if (ofBook || entry.kind !== 'frame') books.push(entry);
    },
  });
  const messages = books.filter(({ kind }) => kind === 'frame').length;
  if (messages === 0) return 0;
  const passes: number[] = [];
  const until = performance.now() + LONGEST_MS;
  do {
    const startedAt = performance.now();
    replay(adapter, books);
    passes.push(performance.now() - startedAt);
  } while (passes.length < MOST_PASSES && performance.now() < until);
  const median = passes.sort((a, b) => a - b)[passes.length >> 1] as number;
  return Math.round((messages * 1_000) / median);
}
