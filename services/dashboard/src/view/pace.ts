import type { EventType } from '@arb/shared/contracts';

export type Rates = Readonly<Partial<Record<EventType, number>>>;

const WINDOW_MICROS = 1_000_000;

/** Events a second by type, over the last whole second of the session's own clock. */
export interface Pace {
  count(type: EventType): void;
  /** True where new rates came of it. */
  clock(at: number): boolean;
  rates(): Rates;
  clear(): void;
}

export function makePace(): Pace {
  const counts = new Map<EventType, number>();
  let since: number | null = null;
  let rates: Rates = {};
  return {
    count: (type) => void counts.set(type, (counts.get(type) ?? 0) + 1),
    clock(at) {
      if (since === null) {
        // What came before the first clock covers an unknown time.
        since = at;
        counts.clear();
        return false;
      }
      const elapsed = at - since;
      if (elapsed < WINDOW_MICROS) return false;
      rates = Object.fromEntries([...counts].map(([type, count]) => [type, Math.round((count * 10_000_000) / elapsed) / 10]));
      since = at;
      counts.clear();
      return true;
    },
    rates: () => rates,
    clear() {
      counts.clear();
      since = null;
      rates = {};
    },
  };
}
