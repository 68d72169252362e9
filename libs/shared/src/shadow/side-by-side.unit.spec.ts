import { describe, expect, it } from '@jest/globals';
import { type Difference, SideBySide } from './side-by-side.ts';

const event = (n: number, cause: number, data: unknown): Buffer =>
  Buffer.from(`{"n":${n},"source":"risk","session":"s","type":"verdict","v":1,"at":5,"cause":${cause},"data":${JSON.stringify(data)}}`);

function compared(options?: { overtakenMicros: number; mostOpen: number }) {
  const differences: Difference[] = [];
  return { differences, held: new SideBySide((difference) => differences.push(difference), options) };
}

describe('answers beside the record', () => {
  it('are equal when all but their numbers is', () => {
    const { held, differences } = compared();
    held.derived(3, 'verdict.BTC', event(1, 3, 'a'));
    held.derived(3, 'verdict.ETH', event(2, 3, 'b'));
    expect(held.open).toBe(2);
    held.recorded(4, 0, 'verdict.BTC', event(8, 3, 'a'));
    held.recorded(5, 0, 'verdict.ETH', event(9, 3, 'b'));
    expect([held.equal, held.different, held.open]).toEqual([2, 0, 0]);
    expect(differences).toEqual([]);
  });

  it('differ by their bytes or their subject, and the difference says where and what', () => {
    const { held, differences } = compared();
    held.derived(3, 'verdict.BTC', event(1, 3, 'a'));
    held.derived(4, 'verdict.BTC', event(2, 4, 'a'));
    held.recorded(6, 0, 'verdict.BTC', event(1, 3, 'x'));
    held.recorded(7, 0, 'verdict.ETH', event(2, 4, 'a'));
    expect([held.equal, held.different]).toEqual([0, 2]);
    expect(differences[0]).toMatchObject({ position: 6, subject: 'verdict.BTC' });
    expect(differences[0]?.expected).toMatch(/^\{"source":"risk".*"data":"x"\}$/);
    expect(differences[0]?.found).toMatch(/^verdict\.BTC \{"source":"risk".*"data":"a"\}$/);
  });

  it('one more or one less on either side is one difference, and moves nothing that follows', () => {
    const { held, differences } = compared();
    for (const cause of [3, 4, 6]) held.derived(cause, 'verdict.BTC', event(cause, cause, cause));
    for (const [position, cause] of [
      [10, 3],
      [11, 5],
      [12, 6],
    ] as const)
      held.recorded(position, 0, 'verdict.BTC', event(1, cause, cause));
    expect([held.equal, held.different, held.open]).toEqual([2, 2, 0]);
    expect(differences.map(({ position, expected, found }) => [position, expected === 'nothing', found === 'nothing'])).toEqual([
      [4, true, false],
      [11, false, true],
    ]);
  });

  it('may come in another order than they were derived in, root by root', () => {
    const { held } = compared();
    held.derived(3, 'order.upbit.BTC-KRW', event(1, 3, 'a'));
    held.derived(3, 'verdict.BTC', event(1, 3, 'b'));
    held.recorded(5, 0, 'verdict.BTC', event(1, 3, 'b'));
    held.recorded(6, 0, 'order.upbit.BTC-KRW', event(1, 3, 'a'));
    expect([held.equal, held.different]).toEqual([2, 0]);
  });

  it('count as never said once others of later causes have been recorded for long, or too many wait', () => {
    const { held, differences } = compared({ overtakenMicros: 1_000, mostOpen: 2 });
    held.derived(3, 'order.upbit.BTC-KRW', event(1, 3, 'a'));
    for (const [i, storedAt] of [1_000, 1_900, 2_001].entries()) {
      held.derived(4 + i, 'verdict.BTC', event(1, 4 + i, 'b'));
      held.recorded(10 + i, storedAt, 'verdict.BTC', event(1, 4 + i, 'b'));
      expect(held.different).toBe(i < 2 ? 0 : 1);
    }
    expect(differences[0]).toMatchObject({ position: 3, expected: 'nothing' });
    for (const cause of [20, 21, 22]) held.derived(cause, 'verdict.BTC', event(1, cause, 'c'));
    expect([held.different, held.open]).toEqual([2, 2]);
    expect(differences[1]).toMatchObject({ position: 20 });
  });
});
