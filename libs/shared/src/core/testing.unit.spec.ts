import { describe, expect, it } from '@jest/globals';
import type { Core } from './core.ts';
import { CoreBench, drawFrom, input, rateOf } from './testing.ts';

/** Notes what it is called with, and sets the timers that a test wants. */
function recorder(onStart: (core: { calls: string[] }, set: (id: string, inMs: number) => void) => void = () => {}) {
  const calls: string[] = [];
  const make = (): Core => ({
    version: '1',
    schema: 1,
    inputs: ['command', 'fx', 'clock', 'l2'],
    handle(event, context) {
      calls.push(`${event.type} at ${context.position}`);
      if (event.type === 'command') onStart({ calls }, (id, inMs) => context.setTimer(id, context.now + inMs * 1000));
    },
    onTimer(id, context) {
      calls.push(`timer ${id}`);
      if (id === 'again') context.setTimer('later', context.now);
    },
    save: () => calls.length,
    load: () => {},
  });
  return { calls, make };
}
const command = input('command', ['test'], { id: '1', by: 'me', why: 'test' });

describe('core bench', () => {
  it('fires timers before the input that reaches them, by time and then by creation, with those created meanwhile', () => {
    const { calls, make } = recorder((_, set) => {
      set('second', 50);
      set('again', 10);
      set('third', 50);
      set('replaced', 1);
      set('replaced', 500);
    });
    const bench = new CoreBench(make, 'strategy');
    bench.feed(command);
    bench.pass(100);
    expect(calls).toEqual(['command at 1', 'timer again', 'timer second', 'timer third', 'timer later', 'clock at 2']);
  });

  it('lets core time run at most a second ahead of the clock, and never back', () => {
    const { make } = recorder();
    const bench = new CoreBench(make, 'strategy');
    const begin = bench.now;
    bench.feed({ ...rateOf('KRW-USDT', 1500), at: begin + 5_000_000 });
    expect(bench.now - begin).toBe(1_000_000);
    bench.feed({ ...rateOf('KRW-USDT', 1500), at: begin });
    expect(bench.now - begin).toBe(1_000_000);
  });

  it("gives a core its own outputs as positions only, and refuses a test's malformed input", () => {
    const { calls, make } = recorder();
    const bench = new CoreBench(make, 'aggregator');
    bench.feed(input('l2', ['BTC'], { coin: 'BTC', numeraire: 'USDT', venues: [], bids: [], asks: [] }));
    bench.feed(command);
    expect(calls).toEqual(['command at 2']);
    expect(() => bench.feed(rateOf('KRW-USDT', -1))).toThrow(/malformed fx/);
  });

  it('draws the same number for the same name, spread over the whole range', () => {
    const drawn = Array.from({ length: 10_000 }, (_, i) => drawFrom(`trip-${i}/latency`));
    expect(drawFrom('trip-7/latency')).toBe(drawn[7]);
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = drawn.filter((x) => Math.floor(x * 10) === tenth).length;
      expect(Math.abs(share - 1000)).toBeLessThan(150);
    }
  });
});
