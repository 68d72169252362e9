/** More callers than this are not told apart. */
const MOST_KEYS = 10_000;

/** So many units within so long, by key; counted in windows that begin with the first unit. */
export class Allowance {
  readonly units: number;
  readonly perMs: number;
  private readonly windows = new Map<string, { from: number; spent: number }>();

  constructor(units: number, perMs: number) {
    this.units = units;
    this.perMs = perMs;
  }

  /** What is left after it; below 0, it was too much. */
  spend(key: string, now: number, units = 1): number {
    const window = this.window(key, now);
    window.spent += units;
    return this.units - window.spent;
  }

  spent(key: string, now: number): number {
    return this.window(key, now).spent;
  }

  /** Until the window is over. */
  waitMs(key: string, now: number): number {
    return Math.max(0, this.window(key, now).from + this.perMs - now);
  }

  private window(key: string, now: number): { from: number; spent: number } {
    const found = this.windows.get(key);
    if (found !== undefined && now - found.from < this.perMs) return found;
    if (this.windows.size >= MOST_KEYS) this.windows.clear();
    const fresh = { from: now, spent: 0 };
    this.windows.set(key, fresh);
    return fresh;
  }
}
