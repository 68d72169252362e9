import { describe, expect, it } from '@jest/globals';
import { binanceEntries, type FuzzReport, fuzzBinance, fuzzUpbit, mutate, seeded, upbitFrames } from './fuzz/index.ts';
import { recordingsFolder } from './recording/index.ts';
import { HAS_RECORDINGS, WITH_RECORDINGS } from './recording/testing.ts';

const onRecordings = HAS_RECORDINGS ? describe : describe.skip;
const folder = recordingsFolder() ?? '';

/** It is of no use to damage messages so much that none says anything any more: so much of each must have been seen. */
function expectNothingWrong(report: FuzzReport, least: Readonly<Partial<Record<'taken' | 'refused' | 'books' | 'resyncs', number>>>): void {
  expect(report.wrong).toEqual([]);
  for (const name of ['taken', 'refused', 'books', 'resyncs'] as const) expect(report[name]).toBeGreaterThanOrEqual(least[name] ?? 0);
}

onRecordings(`damaged messages${WITH_RECORDINGS}`, () => {
  it.each([1, 20_210_405])('of upbit never give a book that JSON would not, and the next good message gives its own (seed %i)', (seed) => {
    expectNothingWrong(fuzzUpbit(upbitFrames(folder), seed, 4_000), { taken: 200, refused: 2_500, books: 4_000 });
  });

  it.each([1, 20_210_404])(
    'of binance change a book exactly as JSON says or not at all, and what is lost is made good by a snapshot (seed %i)',
    (seed) => {
      expectNothingWrong(fuzzBinance(binanceEntries(folder), seed), { taken: 10, refused: 500, books: 100, resyncs: 100 });
    },
  );
});

describe('damage', () => {
  it('is the same for the same seed, changes almost every message, and leaves the message itself alone', () => {
    const bytes = Buffer.from('{"ty":"orderbook","cd":"KRW-BTC","tms":1700000000000}');
    const before = bytes.toString();
    const damaged = (seed: number) => {
      const draw = seeded(seed);
      return Array.from({ length: 200 }, () => Buffer.from(mutate(bytes, draw)).toString());
    };
    expect(damaged(1)).toEqual(damaged(1));
    expect(damaged(2)).not.toEqual(damaged(1));
    expect(damaged(1).filter((text) => text !== before).length).toBeGreaterThan(150);
    expect(bytes.toString()).toBe(before);
  });
});
