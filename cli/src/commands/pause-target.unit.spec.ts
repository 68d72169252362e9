import { describe, expect, it } from '@jest/globals';
import { faultOfTarget } from './pause-target.ts';

describe('what is paused', () => {
  const traded = { coins: ['BTC', 'ETH'], mayChange: false, venues: ['upbit', 'binance'] };

  it.each(['BTC', 'upbit', 'ETH:binance>upbit'])('may be %s, which is traded', (target) => {
    expect(faultOfTarget(target, traded)).toBeNull();
  });

  it.each(['BTX', 'Upbit', 'BTC:upbit-binance', 'BTC:upbit>nowhere', 'BTC:upbit', 'BTX:upbit>binance'])(
    'is not %s, which would hold nothing back',
    (target) => {
      expect(faultOfTarget(target, traded)).toContain(target);
      expect(faultOfTarget(target, traded)).toContain('upbit, binance');
    },
  );

  it('may be a coin that is chosen later, where coins are chosen anew', () => {
    expect(faultOfTarget('SOL', { ...traded, mayChange: true })).toBeNull();
    expect(faultOfTarget('sol', { ...traded, mayChange: true })).not.toBeNull();
  });
});
