import { describe, expect, it } from '@jest/globals';
import { type Call, DeadMan } from './dead-man.ts';

/** A clock that a test turns by hand; timers fire as it passes them. */
function handClock() {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
  return {
    time: {
      monotonicMs: () => now,
      wallMicros: () => now * 1000,
      after(ms: number, fire: () => void) {
        const timer = { at: now + ms, fire };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    pass(ms: number) {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.fire();
      }
      now = end;
    },
  };
}

describe('the watch over the stream', () => {
  it('calls again while the stream stays silent, in growing steps, and once when it is back', () => {
    const clock = handClock();
    const calls: Call[] = [];
    const deadMan = new DeadMan({ time: clock.time as never, log: () => {}, ping: null, call: (call) => void calls.push(call) });
    deadMan.start();
    deadMan.heard(1);
    deadMan.lease(true);
    clock.pass(4 * 3_600_000);
    deadMan.heard(2);
    expect(calls.map(({ severity, summary }) => `${severity} ${summary.replace(/^.* for /, '')}`)).toEqual([
      'P0 5 s',
      'P0 300 s',
      'P0 900 s',
      'P0 3600 s',
      'P0 7200 s',
      'P0 10800 s',
      'P0 14400 s',
      'P3 the stream is back after 14400 s',
    ]);
    deadMan.stop();
  });
});
