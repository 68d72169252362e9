import { CoreBench, input } from '@arb/shared/core/testing';
import { describe, expect, it } from '@jest/globals';
import { allow, begun, binance, ENTRY, orders, upbit } from '../testing.ts';
import { make } from './index.ts';

/** Orders are sent, the machine dies before they arrive, and the same session goes on ten seconds later. */
function broken(): CoreBench {
  const before = begun();
  before.feed(allow('enter', ENTRY));
  const bench = CoreBench.restored(make, 'executor', before.save());
  bench.feed(input('session.resumed', [], { boot: 'bcdefghi', term: 2 }, bench.now + 10_000_000));
  return bench;
}
const fills = (bench: CoreBench) => bench.said('fill').map(({ data }) => `${data.venue} ${data.metBest}`);

describe('an order that was on its way when the session broke off', () => {
  it('fills on the first book after it, and on none from before', () => {
    const bench = broken();
    bench.pass(9_500);
    bench.pass(200);
    expect(fills(bench)).toEqual([]);
    binance(bench, [[99.5, 5]], [[100.7, 5]]);
    upbit(bench, [[151_500, 5]], [[152_100, 5]]);
    bench.pass(200);
    expect(fills(bench)).toEqual(['binance 100.7', 'upbit 151500']);
  });

  it('waits for each venue by itself', () => {
    const bench = broken();
    bench.pass(9_500);
    upbit(bench, [[151_500, 5]], [[152_100, 5]]);
    bench.pass(200);
    expect(fills(bench)).toEqual(['upbit 151500']);
    binance(bench, [[99.5, 5]], [[100.7, 5]]);
    bench.pass(200);
    expect(fills(bench)).toEqual(['upbit 151500', 'binance 100.7']);
  });

  it('is rejected with the reason where no book comes within the limit', () => {
    const bench = broken();
    for (let i = 0; i < 160; i++) bench.pass(100);
    const rejected = bench.said('order').filter(({ data }) => data.state === 'rejected');
    expect(rejected.map(({ data }) => data.reason)).toEqual([
      'no book since the session began or went on',
      'no book since the session began or went on',
    ]);
    expect(fills(bench)).toEqual([]);
  });

  it('does the same after one more restart while it waits', () => {
    const bench = broken();
    const again = CoreBench.restored(make, 'executor', bench.save());
    for (const one of [bench, again]) {
      one.pass(9_500);
      binance(one, [[99.5, 5]], [[100.7, 5]]);
      upbit(one, [[151_500, 5]], [[152_100, 5]]);
      one.pass(200);
    }
    expect(orders(again)).toEqual(orders(bench).slice(-orders(again).length));
    expect(fills(again)).toEqual(fills(bench));
    expect(fills(again).length).toBe(2);
  });
});
