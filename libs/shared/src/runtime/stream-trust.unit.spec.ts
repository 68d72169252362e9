import { describe, expect, it } from '@jest/globals';
import { StreamTrust } from './stream-trust.ts';
import { Stage } from './testing.ts';

const TRUST_MS = 20_000;

/** What is older than 20 s may have been dropped from the stream. */
function place() {
  const { world, process } = new Stage();
  const { time } = process;
  const trust = new StreamTrust(time, TRUST_MS);
  const aged = (ms: number) => ({ position: 1, storedAt: time.wallMicros() - ms * 1_000, subject: 'verdict.BTC', bytes: Buffer.from('') });
  return { trust, aged, process, pass: (ms: number) => world.runFor(ms) };
}

describe('trust in what the stream holds', () => {
  it('misses nothing before an input that was stored a moment ago, whatever was read of the journal', () => {
    const { trust, aged } = place();
    expect([trust.mayMissSome(aged(0)), trust.mayMissSome(aged(TRUST_MS - 1))]).toEqual([false, false]);
  });

  it('may miss some before an old input, unless the journal was read a moment ago', async () => {
    const { trust, aged, pass } = place();
    expect(trust.mayMissSome(aged(TRUST_MS))).toBe(true);
    trust.journalAsked();
    trust.journalRead();
    expect(trust.mayMissSome(aged(10 * TRUST_MS))).toBe(false);
    await pass(TRUST_MS);
    expect(trust.mayMissSome(aged(TRUST_MS))).toBe(false);
    await pass(1);
    expect([trust.mayMissSome(aged(TRUST_MS)), trust.mayMissSome(aged(TRUST_MS - 1))]).toEqual([true, false]);
  });

  it('trusts a stream that is trimmed sooner for less long, and none for longer', () => {
    const { trust, aged } = place();
    trust.trustAtMost(5_000);
    trust.trustAtMost(60_000);
    expect([trust.mayMissSome(aged(4_999)), trust.mayMissSome(aged(5_000))]).toEqual([false, true]);
  });

  it('counts the journal as read when it was asked for, however long what came of that took', async () => {
    const { trust, aged, pass } = place();
    trust.journalAsked();
    await pass(TRUST_MS + 1);
    trust.journalRead();
    expect([trust.mayMissSome(aged(TRUST_MS)), trust.mayMissEchoes()]).toEqual([true, true]);
  });

  it('may miss echoes until the journal was read, or there was none left, and again when that is long ago', async () => {
    for (const read of ['journalRead', 'echoesLevel'] as const) {
      const { trust, pass } = place();
      const before = trust.mayMissEchoes();
      trust.journalAsked();
      trust[read]();
      await pass(TRUST_MS);
      const meanwhile = trust.mayMissEchoes();
      await pass(1);
      expect([read, before, meanwhile, trust.mayMissEchoes()]).toEqual([read, true, false, true]);
    }
  });

  it('counts from when an echo was stored, not from when it was read', async () => {
    const { trust, aged, pass } = place();
    trust.echoRead(aged(TRUST_MS / 2));
    await pass(TRUST_MS / 2);
    expect(trust.mayMissEchoes()).toBe(false);
    await pass(1);
    expect(trust.mayMissEchoes()).toBe(true);
  });

  it('knows no less after an old echo than before it', async () => {
    const { trust, aged, pass } = place();
    trust.echoesLevel();
    trust.echoRead(aged(TRUST_MS + 1));
    await pass(TRUST_MS);
    expect(trust.mayMissEchoes()).toBe(false);
  });

  it('does not trust for longer where the stream’s clock is ahead of its own', async () => {
    const { trust, aged, pass } = place();
    trust.echoRead(aged(-60_000));
    await pass(TRUST_MS + 1);
    expect(trust.mayMissEchoes()).toBe(true);
  });

  it('forgets on a new connection which echoes were read on the one before, and not what was read of the journal', () => {
    const { trust, aged } = place();
    trust.echoesLevel();
    trust.echoRead(aged(0));
    trust.echoesBegin();
    expect(trust.mayMissEchoes()).toBe(true);
    trust.journalAsked();
    trust.journalRead();
    trust.echoesBegin();
    expect(trust.mayMissEchoes()).toBe(false);
  });
});
