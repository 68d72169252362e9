import type { Time } from '../runtime/index.ts';

/** The machine's clocks. Wall time is read once a call: the process' own monotonic clock would drift from NTP over days. */
export const realTime: Time = {
  monotonicMs: () => performance.now(),
  wallMicros: () => Math.round((performance.timeOrigin + performance.now()) * 1_000) + driftMicros(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

let drift = 0;
let driftReadAt = Number.NEGATIVE_INFINITY;

/** `performance` has µs but follows no clock corrections; `Date` follows them but has ms only. */
function driftMicros(): number {
  const now = performance.now();
  if (now - driftReadAt > 1_000) {
    driftReadAt = now;
    const off = Date.now() - (performance.timeOrigin + now);
    if (Math.abs(off) > 5) drift = Math.round(off * 1_000);
  }
  return drift;
}
