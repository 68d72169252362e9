import { binanceEntries, type FuzzReport, fuzzBinance, fuzzUpbit, upbitFrames } from '@arb/venues/fuzz';
import { recordingsFolder } from '@arb/venues/recording';
import { openFindings } from '../findings.ts';
import type { Proof } from '../proof.ts';

/** Of Upbit's messages damaged at a time. */
const AT_ONCE = 80_000;

/** Pure: no stack, no sockets, as fast as one core goes. */
export const fuzz: Proof = {
  name: 'fuzz',
  says: 'recorded messages, damaged: no crash, no wrong book, every bad one counted and kept, every book right again; --seed is the first one',
  shortSeconds: 1,
  usualSeconds: 60,
  async run({ seconds, seed, out }) {
    const findings = openFindings(out);
    const first = Number(seed);
    if (!Number.isSafeInteger(first) || first < 0) throw new Error(`expected --seed to be a whole number, found ${seed}`);
    const folder = recordingsFolder();
    if (folder === null) {
      findings.note('not run: there are no recordings to damage; ARB_RECORDINGS names their folder');
      return findings.result();
    }
    const [frames, entries] = [upbitFrames(folder), binanceEntries(folder)];
    const rounds: Readonly<Record<string, (seed: number) => FuzzReport>> = {
      upbit: (round) => fuzzUpbit(frames, round, AT_ONCE),
      binance: (round) => fuzzBinance(entries, round),
    };
    const end = performance.now() + seconds * 1_000;
    const sums = new Map(
      Object.keys(rounds).map((venue) => [venue, { messages: 0, damaged: 0, taken: 0, refused: 0, books: 0, resyncs: 0, seeds: 0 }]),
    );
    for (let round = first; round === first || performance.now() < end; round++)
      for (const [venue, run] of Object.entries(rounds)) {
        const sum = sums.get(venue) as Record<string, number>;
        sum.seeds = (sum.seeds as number) + 1;
        const report = tried(run, round);
        if (report.wrong.length > 0) findings.fault(`${venue}, seed ${round}: ${report.wrong.join('; ')}`);
        for (const name of ['messages', 'damaged', 'taken', 'refused', 'books', 'resyncs'] as const)
          sum[name] = (sum[name] as number) + report[name];
      }
    for (const [venue, { seeds, messages, damaged, taken, refused, books, resyncs }] of sums)
      findings.claim(
        messages > 0 && books > 0 && refused > 0,
        `${venue}: ${messages} messages of ${seeds} seeds from ${first} on, ${damaged} of them damaged: ${refused} refused, ${taken} taken as JSON reads them; ${books} books, ${resyncs} times asked anew`,
      );
    return findings.result();
  },
};

/** What it throws is a crash that a message has caused. */
function tried(run: (seed: number) => FuzzReport, seed: number): FuzzReport {
  try {
    return run(seed);
  } catch (error) {
    return { messages: 0, damaged: 0, taken: 0, refused: 0, books: 0, resyncs: 0, wrong: [`it crashed: ${(error as Error).stack}`] };
  }
}
