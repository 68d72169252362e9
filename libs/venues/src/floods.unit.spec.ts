import { describe, expect, it } from '@jest/globals';
import type { VenueAdapter } from './adapter.ts';
import { binance } from './binance/index.ts';
import { upbit } from './upbit/index.ts';

const MANY = 10_000;

const bookOf = {
  upbit: (code: string) => ({
    ...{ ty: 'orderbook', cd: code, tms: 1_700_000_000_000, tas: 1, tbs: 1, obu: [{ ap: 2, bp: 1, as: 1, bs: 1 }], st: 'REALTIME', lv: 0 },
  }),
  binance: (code: string) => ({
    stream: `${code.toLowerCase()}@depth@100ms`,
    data: { e: 'depthUpdate', E: 1_700_000_000_000, s: code, U: 1, u: 1, b: [['1', '1']], a: [] },
  }),
};
const tradeOf = {
  upbit: (code: string, id: number) => ({ ty: 'trade', cd: code, tp: 1, tv: 1, ab: 'BID', ttms: 1_700_000_000_000, sid: id }),
  binance: (code: string, id: number) => ({
    stream: `${code.toLowerCase()}@trade`,
    data: { e: 'trade', E: 1_700_000_000_000, s: code, t: id, p: '1', q: '1', T: 1_700_000_000_000, m: true },
  }),
};

describe.each([
  ['upbit', upbit, 'KRW-BTC', (i: number) => `KRW-C${i}`],
  ['binance', binance, 'BTCUSDT', (i: number) => `C${i}USDT`],
] as const)('%s', (name, adapter: VenueAdapter, known, unknown) => {
  const bytes = (message: object) => Buffer.from(JSON.stringify(message));

  it('keeps nothing of symbols that nobody watches, however many come', () => {
    const feed = adapter.feed({ codes: [known], firstEpoch: 1, trades: true });
    feed.opened(0);
    for (let i = 0; i < MANY; i++) {
      expect(feed.frame(bytes(bookOf[name](unknown(i))), 1)).toEqual([]);
      expect(feed.frame(bytes(tradeOf[name](unknown(i), i)), 1)).toEqual([]);
    }
    expect(feed.codes()).toEqual([known]);
    expect([feed.totals().bad, feed.totals().unknown >= MANY]).toEqual([0, true]);
  });

  it('takes a bounded number of symbols where it takes any', () => {
    const feed = adapter.feed({ codes: 'any', firstEpoch: 1 });
    feed.opened(0);
    for (let i = 0; i < MANY; i++) feed.frame(bytes(bookOf[name](unknown(i))), 1);
    expect(feed.codes().length).toBe(4_096);
  });

  it.each([
    ['brackets without end', '['.repeat(900_000)],
    ['objects without end', '{"a":'.repeat(180_000)],
    ['one long number', `{"e":${'9'.repeat(900_000)}}`],
    ['one long word', `{"ty":"${'x'.repeat(900_000)}"}`],
    ['nothing', ''],
    ['zeros', '\0'.repeat(1_000)],
  ])('survives %s, and takes the next book', (_what, text) => {
    const feed = adapter.feed({ codes: [known], firstEpoch: 1 });
    feed.opened(0);
    feed.frame(Buffer.from(text), 1);
    expect(feed.totals().bad + feed.totals().unknown).toBe(1);
    expect(feed.faults().every(({ head }) => head.length <= 4_096)).toBe(true);
    expect(feed.frame(bytes(bookOf[name](known)), 1)[0]).toMatchObject(name === 'upbit' ? { kind: 'book' } : { why: 'buffered' });
  });

  it('refuses a book of more levels than any venue has', () => {
    const feed = adapter.feed({ codes: [known], firstEpoch: 1 });
    feed.opened(0);
    const units = Array.from({ length: 12_000 }, (_, i) => ({ ap: 20_000 + i, bp: 20_000 - i - 1, as: 1, bs: 1 }));
    const levels = units.map(({ ap }) => [String(ap), '1']);
    const book = name === 'upbit' ? { ...bookOf.upbit(known), obu: units } : { ...bookOf.binance(known).data, b: [], a: levels };
    expect(feed.frame(bytes(book), 1)[0]).toMatchObject({ kind: 'fault', code: known });
    expect(feed.levels(known, 1)).toBeNull();
  });
});
