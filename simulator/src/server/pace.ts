const TICK_MS = 5;
/** After a pause longer than this the market goes on from where it stood instead of catching up in a burst. */
const MOST_BEHIND_MS = 250;

export interface Pace {
  stop(): void;
}

export interface Paced {
  /** When the next step is due, µs since the beginning. */
  nextAt(): number;
  step(): void;
  /** Around the steps that are due at once. */
  open(): void;
  close(): void;
  heldUp(skippedMs: number): void;
}

/** Lets time pass for something that has none of its own. */
export function keepPace(paced: Paced): Pace {
  let from = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const behind = now - from - paced.nextAt() / 1_000;
    if (behind < 0) return;
    if (behind > MOST_BEHIND_MS) {
      from += behind;
      paced.heldUp(Math.round(behind));
    }
    const until = (now - from) * 1_000;
    paced.open();
    while (paced.nextAt() <= until) paced.step();
    paced.close();
  }, TICK_MS);
  return { stop: () => clearInterval(timer) };
}
