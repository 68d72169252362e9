import { describe, expect, it } from '@jest/globals';
import { DOMAINS, faultOfKey, partsOf, redisKey } from './index.ts';

const parts = { environment: 'paper', session: '2026-11-20-071801-k3f9', domain: 'l2', symbol: 'BTC', field: 'top' } as const;
const key = redisKey(parts);
const value = JSON.stringify({
  position: 7,
  at: 1_700_000_000_000_000,
  numeraire: 'USDT',
  bid: { price: 1, size: 2, venue: 'upbit' },
  ask: null,
  venues: { fresh: 1, stale: 0, absent: 1 },
});

describe('a key in Redis', () => {
  it('says environment, session, domain, symbol and field, and gives them back', () => {
    expect(key).toBe('arb:paper:2026-11-20-071801-k3f9:l2:BTC:top');
    expect(partsOf(key)).toEqual(parts);
  });

  it('is never made of what would read as another one', () => {
    for (const symbol of ['BTC:ETH', '', 'a b', '*', 'a\nb']) expect(() => redisKey({ ...parts, symbol })).toThrow('as its symbol');
    for (const other of ['arb:paper:s:l2:BTC', 'arb:paper:s:l2:BTC:top:more', 'other:paper:s:l2:BTC:top', 'arb::s:l2:BTC:top'])
      expect(partsOf(other)).toBeNull();
  });
});

describe('what is found wrong with a key', () => {
  const stored = { key, type: 'string', ttlSeconds: 10, value };

  it('is nothing while it is as its domain says', () => {
    expect(faultOfKey(stored)).toBeNull();
    expect(
      faultOfKey({ key: redisKey({ ...parts, domain: 'alerts', field: 'waiting' }), type: 'stream', ttlSeconds: -1, value: null }),
    ).toBeNull();
  });

  it.each([
    ['a key that was not made here', { key: 'arb:paper:BTC' }, 'expected arb:{env}:{session}:{domain}:{symbol}:{field}'],
    ['a domain that is not known', { key: key.replace(':l2:', ':books:') }, 'nothing is kept under the domain books'],
    ['a missing time to live', { ttlSeconds: -1 }, 'it has no time to live, it should end within 10 s'],
    ['too long a time to live', { ttlSeconds: 11 }, 'it ends in 11 s, it should within 10 s'],
    ['another type', { type: 'list', value: null }, 'expected a string, found a list'],
    ['a value that is no JSON', { value: 'BTC' }, 'its value is no JSON'],
    ['a value of another shape', { value: '{"position":7}' }, 'at'],
  ])('is %s', (_, change, found) => {
    expect(faultOfKey({ ...stored, ...change })).toContain(found);
  });

  it('is a time to live where something has to stay', () => {
    const waiting = redisKey({ ...parts, domain: 'alerts', field: 'waiting' });
    expect(faultOfKey({ key: waiting, type: 'stream', ttlSeconds: 60, value: null })).toContain('it should stay');
  });

  it('is looked for in every domain that has values', () => {
    for (const { ttlSeconds, value } of Object.values(DOMAINS)) expect(ttlSeconds === null).toBe(value === null);
  });
});
