import { parseDecimal } from '@arb/shared/money';
import { describe, expect, it } from '@jest/globals';
import { entry } from '../testing.ts';
import { reduced } from './reduce.ts';

function shrink(quantity: string, asked: string, room: string, least = '10') {
  const decision = entry('BTC-1', { quantity, notional: asked }).data;
  return (
    reduced(decision, parseDecimal(asked), parseDecimal(room), { leastNotional: parseDecimal(least), currency: 'USDT' })?.decision ?? null
  );
}

describe('a reduced decision', () => {
  it('has all legs smaller by the same factor, and says the smaller notional', () => {
    const smaller = shrink('0.00512345', '500', '300');
    expect(smaller).toMatchObject({
      legs: [{ quantity: '0.00307407' }, { quantity: '0.00307407' }],
      notional: { amount: '300', currency: 'USDT' },
    });
    expect(Object.keys(smaller ?? {})).toEqual(Object.keys(entry('BTC-1').data));
  });

  it('keeps to the places of its own quantities: finer than the venue cuts them it cannot be', () => {
    expect(shrink('12.5', '500', '499.99999999')?.legs.map(({ quantity }) => quantity)).toEqual(['12.4', '12.4']);
    expect(shrink('200', '500', '333.333')?.legs.map(({ quantity }) => quantity)).toEqual(['133', '133']);
  });

  it('keeps to the coarser of two quantities', () => {
    const { data } = entry('BTC-1');
    const legs = data.legs.map((leg, i) => ({ ...leg, quantity: i === 0 ? '10.125' : '10.1' }));
    const smaller = reduced({ ...data, legs }, parseDecimal('500'), parseDecimal('250'), {
      leastNotional: parseDecimal('10'),
      currency: 'USDT',
    });
    expect(smaller?.decision.legs.map(({ quantity }) => quantity)).toEqual(['5', '5']);
  });

  it('never claims more than there is room for, whatever its digits', () => {
    expect(shrink('1', '500', '333.333333333333')).toBeNull();
    expect(shrink('1.00000001', '500', '333.333333333333')?.notional?.amount).toBe('333.33333333');
  });

  it('is none at all where too little is left, or nothing', () => {
    expect(shrink('0.00512345', '500', '10')).not.toBeNull();
    expect(shrink('0.00512345', '500', '9.99999999')).toBeNull();
    expect(shrink('0.00512345', '500', '0', '0')).toBeNull();
    expect(shrink('0.00512345', '500', '-5', '0')).toBeNull();
    expect(shrink('1', '500', '499')).toBeNull();
  });
});
