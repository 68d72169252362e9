/** Alerts as this proof raises them: one each 100 µs of wall time, the i-th at position i. What is due is what the journal has. */
export const RATE = 10_000;

export function dueAt(startMs: number, count: number, nowMs: number): number {
  return Math.max(0, Math.min(count, Math.floor(((nowMs - startMs) * RATE) / 1000)));
}

export function bodyOf(position: number): string {
  return JSON.stringify({
    id: `a${position}`,
    key: `EX-001/venue${position % 50}`,
    severity: 'P1',
    summary: 'a venue refuses orders, and not because the price has gone: insufficient funds',
  });
}
