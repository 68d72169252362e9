let origin = performance.timeOrigin;

/** µs since the epoch. The process' own clock has the microseconds but no corrections: where the two part, the machine's wins. */
export function wallMicros(): number {
  const now = performance.now();
  const machine = Date.now();
  if (Math.abs(machine - (origin + now)) > 5) origin = machine - now;
  return Math.floor((origin + now) * 1_000);
}
