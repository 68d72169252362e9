import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Looks until it finds something other than null; an error that names what was waited for when that takes too long. */
export async function until<T>(what: string, withinMs: number, look: () => Promise<T | null> | T | null): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`expected ${what} within ${withinMs / 1_000} s; it did not come`);
    await sleep(POLL_MS);
  }
}
