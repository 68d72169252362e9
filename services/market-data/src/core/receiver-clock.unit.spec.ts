import { describe, expect, it } from '@jest/globals';
import { BookAges } from './book-ages.ts';
import { ReceiverClock } from './receiver-clock.ts';

/** Two venues with a book a tenth of a second, on a machine whose clock is off and with ways that take their time. */
function machine() {
  const clock = new ReceiverClock();
  const venues = new Map(['upbit', 'binance'].map((name) => [name, new BookAges(name, clock)]));
  let now = 0;
  return {
    /** Lateness of the last book of each venue, and whether it is stale. */
    run(seconds: number, aheadMs: number, wayMs: Readonly<Record<string, number>>) {
      const last: Record<string, [lateMs: number, stale: number]> = {};
      for (let i = 0; i < seconds * 10; i++) {
        now += 100;
        for (const [venue, way] of Object.entries(wayMs)) {
          const exchangeAt = 1_700_000_000_000_000 + (now - way) * 1_000;
          const receivedAt = 1_700_000_000_000_000 + (now + aheadMs) * 1_000;
          const ages = venues.get(venue) as BookAges;
          const lateMs = ages.book('BTC-KRW', { epoch: 1, exchangeAt, receivedAt }, now);
          last[venue] = [lateMs, ages.at(now).stale];
        }
      }
      return last;
    },
  };
}
const WAY = { upbit: 20, binance: 60 };
const WELL = { upbit: [0, 0], binance: [0, 0] };

describe('a receiver whose clock is off', () => {
  it.each([-1_300, 0, 800, 1_300, 8_000, 3_600_000])('by %d ms finds its books fresh before half a minute has passed', (aheadMs) => {
    const { upbit, binance } = machine().run(25, aheadMs, WAY);
    expect([upbit?.[1], binance?.[1]]).toEqual([0, 0]);
    expect(Math.max(upbit?.[0] as number, binance?.[0] as number)).toBeLessThan(1_000);
  });

  it('finds them fresh again after a jump in mid session, there and back', () => {
    const one = machine();
    expect(one.run(60, 0, WAY)).toEqual(WELL);
    expect(one.run(1, 8_000, WAY)).toMatchObject({ upbit: [8_020, 1], binance: [8_060, 1] });
    expect(one.run(25, 8_000, WAY)).toMatchObject({ upbit: [expect.any(Number), 0], binance: [expect.any(Number), 0] });
    expect(one.run(1, 0, WAY)).toEqual(WELL);
  });

  it('still finds a venue late that is, however long it lasts, and the other one not', () => {
    const one = machine();
    one.run(60, 8_000, WAY);
    const { upbit, binance } = one.run(200, 8_000, { upbit: 20, binance: 9_000 });
    expect(upbit).toEqual([0, 0]);
    expect(binance?.[0]).toBeGreaterThan(8_000);
    expect(binance?.[1]).toBe(1);
  });

  it('does not take a venue’s lateness for its clock when the other one has gone silent', () => {
    const one = machine();
    one.run(60, 0, WAY);
    expect(one.run(200, 0, { binance: 9_000 }).binance).toEqual([9_000, 1]);
  });

  it('still finds frozen what is not renewed', () => {
    const clock = new ReceiverClock();
    const ages = new BookAges('upbit', clock);
    for (let now = 0; now < 30_000; now += 100)
      ages.book('A', { epoch: 1, exchangeAt: now * 1_000, receivedAt: (now + 8_000) * 1_000 }, now);
    expect(ages.at(30_000).stale).toBe(0);
    expect(ages.at(36_000).stale).toBe(1);
  });
});
