import { type BookOut, type ExactLevel, type Output, plainNumber, type VenueFeed } from '@arb/venues';

/** The book after one book message; empty while there is none that can be trusted. */
export interface TraceLine {
  readonly key: string;
  readonly symbol: string;
  /** Counts the book messages of this key from 1. */
  readonly message: number;
  readonly outcome: string;
  readonly epoch: number | null;
  readonly sequence: number | null;
  /** µs, by the exchange's clock. */
  readonly exchangeAt: number | null;
  readonly bids: readonly ExactLevel[];
  readonly asks: readonly ExactLevel[];
}

interface Told {
  readonly symbol: string;
  /** How many messages have their line. */
  lines: number;
  /** How many are kept until there is a snapshot: their lines are written when it is known what became of them. */
  kept: number;
}

export interface Trace {
  seen(outputs: readonly Output[], feed: VenueFeed, wanted: (code: string, symbol: string) => boolean): void;
  end(): void;
}

/** One line for each book message of the stream, in their order. */
export function traceOf(write: (line: TraceLine) => void, depth: number): Trace {
  const all = new Map<string, Told>();

  function line(key: string, told: Told, outcome: string, book: BookOut | null, levels: Levels): void {
    const { epoch = null, sequence = null, exchangeAt = null } = book ?? {};
    write({ key, symbol: told.symbol, message: ++told.lines, outcome, epoch, sequence, exchangeAt, ...levels });
  }

  /** They were kept, and no snapshot ever served them. */
  function giveUp(key: string, told: Told, left: number): void {
    for (; told.kept > left; told.kept--) line(key, told, 'buffered', null, NO_LEVELS);
  }

  return {
    seen(outputs, feed, wanted) {
      for (const [i, output] of outputs.entries()) {
        if ((output.kind !== 'book' && output.kind !== 'skipped') || !wanted(output.code, output.symbol)) continue;
        const { code, symbol } = output;
        const told = all.get(code) ?? { symbol, lines: 0, kept: 0 };
        all.set(code, told);
        if (output.kind === 'book' && output.from === 'rest') continue;
        if (output.kind === 'skipped' && output.why === 'buffered') {
          told.kept++;
          continue;
        }
        if (told.kept > 0) {
          const rest = outputs.slice(i).filter((one) => isOfStream(one, code)).length;
          // Those that were kept and are not among what came of the snapshot were forgotten on the way.
          if (feed.counts(code).messages > told.lines + told.kept) giveUp(code, told, 0);
          else if (feed.levels(code, 1) !== null) giveUp(code, told, rest);
          if (told.kept > 0) told.kept--;
        }
        const newest = !outputs.slice(i + 1).some((later) => later.kind === 'book' && later.code === code);
        const levels = output.kind === 'book' && !newest ? levelsOf(output, depth) : (feed.levels(code, depth) ?? NO_LEVELS);
        line(code, told, output.kind === 'book' ? 'applied' : output.why, output.kind === 'book' ? output : null, levels);
      }
    },
    end() {
      for (const [key, told] of all) giveUp(key, told, 0);
    },
  };
}

function isOfStream(output: Output, code: string): boolean {
  if (output.kind === 'skipped') return output.code === code;
  return output.kind === 'book' && output.code === code && output.from === 'stream';
}

interface Levels {
  readonly bids: readonly ExactLevel[];
  readonly asks: readonly ExactLevel[];
}

const NO_LEVELS: Levels = { bids: [], asks: [] };

function levelsOf({ bids, asks }: BookOut, depth: number): Levels {
  const exact = (levels: BookOut['bids']) =>
    levels.slice(0, depth).map(([price, size]): ExactLevel => [plainNumber(price), plainNumber(size)]);
  return { bids: exact(bids), asks: exact(asks) };
}
