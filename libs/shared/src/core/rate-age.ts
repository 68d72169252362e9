import type { DataOf } from '../contracts/index.ts';

/**
 * When the market last said a rate: it is said again while its sources grow old, so the event itself is younger. By the
 * youngest source that was used; a bank speaks once a day, and its rate counts from when it was said here.
 */
export function rateAsOf({ tier, sources }: DataOf<'fx'>, saidAt: number): number {
  if (tier !== 'multi' && tier !== 'single') return saidAt;
  let youngestMs = Number.POSITIVE_INFINITY;
  for (const { used, ageMs } of sources) if (used && ageMs < youngestMs) youngestMs = ageMs;
  return youngestMs === Number.POSITIVE_INFINITY ? saidAt : saidAt - Math.max(0, Math.round(youngestMs * 1000));
}
