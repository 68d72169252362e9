import { Deque } from '@arb/shared/runtime';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

describe('deque', () => {
  it('does what an array does, over any run of pushes and takes', () => {
    // Long runs of one kind, so that the space at its start is given back while much is inside.
    const run = fc.record({ push: fc.boolean(), times: fc.oneof(fc.nat(5), fc.nat(2_500)) });
    fc.assert(
      fc.property(fc.array(run, { maxLength: 6 }), (runs) => {
        const deque = new Deque<number>();
        const array: number[] = [];
        let next = 0;
        for (const { push, times } of runs) {
          for (let i = 0; i < times; i++) {
            if (push) {
              deque.push(next);
              array.push(next++);
            } else if (deque.shift() !== array.shift()) throw new Error(`taken ${i} of ${times} differs`);
          }
          expect([deque.length, deque.first(), deque.at(0), deque.at(1), deque.at(array.length)]).toEqual([
            array.length,
            array[0],
            array[0],
            array[1],
            undefined,
          ]);
          expect([...deque]).toEqual(array);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is empty after the last one was taken, and can be used again', () => {
    const deque = new Deque<string>();
    deque.push('a');
    expect([deque.shift(), deque.shift(), deque.first(), deque.length]).toEqual(['a', undefined, undefined, 0]);
    deque.push('b');
    expect([...deque]).toEqual(['b']);
  });
});
