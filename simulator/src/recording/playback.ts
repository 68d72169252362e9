import type { Recorded } from '@arb/venues/recording';
import type { Connection } from '../server/connection.ts';
import { frameOfBytes } from '../server/frame.ts';

/** What a client may leave unread before the next part is sent. */
const MOST_AHEAD_BYTES = 256 * 1024;
const AT_ONCE = 64;
const BREATH_MS = 2;
/** Between two messages that were recorded without a time. */
const GAP_MICROS = 10_000;

export interface Playback {
  /** How many of the recorded things are behind it. */
  readonly position: () => number;
  stop(): void;
}

/** Sends a recording's frames to one client, as they are, in their order. */
export function play(
  connection: Connection,
  entries: readonly Recorded[],
  { speed, binary, over }: { readonly speed: number | 'fast'; readonly binary: boolean; readonly over: () => void },
): Playback {
  const times = timesOf(entries);
  const first = times[0] ?? 0;
  const started = performance.now();
  let next = 0;
  let timer: NodeJS.Timeout | null = null;

  function step(): void {
    timer = null;
    for (let sent = 0; next < entries.length && connection.open; ) {
      const waitMs = sent >= AT_ONCE || connection.unsentBytes() > MOST_AHEAD_BYTES ? BREATH_MS : dueInMs();
      if (waitMs > 0) {
        wait(waitMs);
        return;
      }
      const entry = entries[next++] as Recorded;
      if (entry.kind !== 'frame') continue;
      connection.send({ symbol: null, what: 'book', frame: frameOfBytes(entry.bytes, binary) });
      sent++;
    }
    if (next === entries.length) over();
  }

  function dueInMs(): number {
    if (speed === 'fast') return 0;
    return Math.min(1_000, ((times[next] as number) - first) / 1_000 / speed - (performance.now() - started));
  }

  function wait(ms: number): void {
    timer = setTimeout(step, ms);
  }

  wait(0);
  return {
    position: () => next,
    stop() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      next = Math.max(next, entries.length + 1);
    },
  };
}

/** Each not before the one before; without a time of its own it happened right after. */
function timesOf(entries: readonly Recorded[]): readonly number[] {
  const timed = entries.some(({ at }) => at !== null);
  let last = 0;
  return entries.map(({ at }) => {
    last = Math.max(last + (timed ? 0 : GAP_MICROS), at ?? 0);
    return last;
  });
}
