const FIRST_MS = 100;
const MOST_MS = 5_000;
const STABLE_MS = 10_000;

/** How long to wait before starting a program again: doubles with each early end, starts over after it was up for a while. */
export function restartDelayMs(lastDelayMs: number | null, upMs: number): number {
  if (lastDelayMs === null || upMs >= STABLE_MS) return FIRST_MS;
  return Math.min(lastDelayMs * 2, MOST_MS);
}
