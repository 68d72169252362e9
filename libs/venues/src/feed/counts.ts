import type { BookCounts } from '../adapter.ts';

export function noCounts(): BookCounts {
  return { messages: 0, gaps: 0, resyncs: 0, stale: 0, crossed: 0, checksumsOk: 0, checksumsBad: 0, rounded: 0, empty: 0 };
}

/** A feed that takes every code keeps no more books than this. */
export const MOST_CODES = 4_096;
/** Levels a side that a book says at most, and unless it is told otherwise. */
export const MOST_DEPTH = 30;

export function depthOf(depth: number | undefined): number {
  const levels = depth ?? MOST_DEPTH;
  if (!Number.isInteger(levels) || levels < 1 || levels > MOST_DEPTH)
    throw new RangeError(`depth: expected 1 to ${MOST_DEPTH} levels, found ${levels}`);
  return levels;
}
