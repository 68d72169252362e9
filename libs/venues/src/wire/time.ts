/**
 * Venues write times in seconds, ms, µs or ns, and have changed between them without notice: the magnitude tells.
 * In µs; null for what is no time between 2001 and 2286.
 */
export function toMicros(value: number): number | null {
  if (!(value >= 1e9 && value < 1e19)) return null;
  if (value >= 1e18) return Math.floor(value / 1_000);
  if (value >= 1e15) return value < 1e16 ? Math.floor(value) : null;
  if (value >= 1e12) return value < 1e13 ? Math.floor(value * 1_000) : null;
  return value < 1e10 ? Math.floor(value * 1_000_000) : null;
}
