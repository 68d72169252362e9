const DAY_MICROS = 86_400_000_000;
/** Korea has no summer time: its midnight is nine hours before that of UTC, all year. */
const AHEAD_MICROS = { UTC: 0, KST: 32_400_000_000 } as const;

export type DayBoundary = keyof typeof AHEAD_MICROS;

/** Days since the epoch, counted from the boundary's own midnight. */
export function dayOf(now: number, boundary: DayBoundary): number {
  return Math.floor((now + AHEAD_MICROS[boundary]) / DAY_MICROS);
}

/** The midnight that ends the day `now` is in, in core time. */
export function endOfDay(now: number, boundary: DayBoundary): number {
  return (dayOf(now, boundary) + 1) * DAY_MICROS - AHEAD_MICROS[boundary];
}
