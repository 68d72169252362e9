import { FakeClock } from '@arb/venues/shell/testing';
import { describe, expect, it } from '@jest/globals';
import { BankRate, readBankRate } from './bank-rate.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('a bank’s answer', () => {
  it('holds the rate and when it was quoted', () => {
    expect(readBankRate(bytes({ success: true, timestamp: 1_700_000_000, source: 'USD', quotes: { USDKRW: 1_353.68 } }))).toEqual({
      rate: 1_353.68,
      quotedAt: 1_700_000_000_000,
    });
  });

  it.each([
    [{ success: false, error: { code: 101, type: 'missing_access_key', info: 'No key.' } }, 'refuses: missing_access_key: No key.'],
    [{ success: true, quotes: {} }, 'expected a number above 0 in quotes.USDKRW'],
    [{ success: true, quotes: { USDKRW: '1353' } }, 'expected a number'],
    [null, 'expected a number'],
    ['<html>', 'JSON'],
  ])('%j is none', (answer, why) => {
    expect(() => readBankRate(bytes(answer))).toThrow(why);
  });
});

describe('the bank rate', () => {
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  it('is as old as the bank says, fresh while the bank goes on saying it, and its trouble is told once', async () => {
    const time = new FakeClock();
    const told: string[] = [];
    let status = 200;
    const quotedAt = time.wallMicros() / 1_000_000 - 86_400;
    const bank = new BankRate({
      time,
      log: (_level, what) => told.push(what),
      url: 'http://bank',
      everyMs: 10_000,
      get: async () => ({ status, headers: {}, body: bytes({ success: true, timestamp: quotedAt, quotes: { USDKRW: 1_350 } }) }),
    });
    await settle();
    expect(bank.news()).toMatchObject({ rate: 1_350, ageMs: 86_400_000, fresh: true });
    status = 500;
    for (let i = 0; i < 7; i++) {
      time.pass(10_000);
      await settle();
    }
    expect(bank.news()).toMatchObject({ rate: 1_350, fresh: false });
    expect(told).toEqual(['no bank rate: answers 500']);
    status = 200;
    time.pass(10_000);
    await settle();
    expect([bank.news()?.fresh, told.at(-1)]).toEqual([true, 'the bank rate is back']);
    bank.close();
  });

  it('is asked for more and more rarely while the bank refuses, and as before once it answers', async () => {
    const time = new FakeClock();
    let asked = 0;
    let answer: unknown = { success: false, error: { code: 104, type: 'usage_limit_reached', info: 'The monthly limit is reached.' } };
    const get = async () => {
      asked++;
      return { status: 200, headers: {}, body: bytes(answer) };
    };
    const bank = new BankRate({ time, log: () => {}, url: 'http://bank', everyMs: 10_000, get });
    const passes = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 10_000) {
        time.pass(10_000);
        await settle();
      }
      return asked;
    };
    await settle();
    // At 0, 20, 60 and 140 s; from the tenth on once an hour.
    expect([await passes(150_000), await passes(86_400_000)]).toEqual([4, 31]);
    answer = { success: true, quotes: { USDKRW: 1_350 } };
    const before = await passes(3_600_000);
    expect((await passes(60_000)) - before).toBe(6);
    bank.close();
  });
});
