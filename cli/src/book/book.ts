import { VENUES, type VenueAdapter } from '@arb/venues';
import { type Recorded, readRecording } from '@arb/venues/recording';
import { type Command, EXIT_FAILED, EXIT_GOOD, JSON_FLAG, UsageError } from '../command.ts';
import { nearest } from '../nearest.ts';
import { parseCount } from '../parse.ts';
import { rebuild } from './rebuild.ts';
import { told } from './told.ts';
import { openTrace } from './trace-file.ts';

const DEPTH = 10;
const MOST_DEPTH = 5_000;

export const book: Command = {
  name: 'book',
  says: 'rebuilds the order books of a recording and shows how they end',
  words: [],
  flags: {
    venue: { type: 'string', value: 'VENUE', says: `whose messages they are: ${[...VENUES.keys()].join(', ')}` },
    recording: { type: 'string', value: 'FILE', many: true, says: 'the files, plain or .gz; several are one stream in this order' },
    depth: { type: 'string', value: 'N', says: `levels a side (${DEPTH})` },
    symbol: { type: 'string', value: 'SYMBOL', says: 'one pair only, as BTC-KRW or as the venue writes it' },
    trace: { type: 'string', value: 'OUT', says: 'writes the book after every book message to this file, a line of JSON each' },
    ...JSON_FLAG,
  },
  async run({ flags, lists }, { out, say }) {
    const adapter = venueOf(flags.venue);
    const files = lists?.recording ?? [];
    if (files.length === 0) throw new UsageError('arb book needs --recording FILE: what the exchange sent, as a recorder wrote it down');
    const depth = typeof flags.depth === 'string' ? parseCount('depth', flags.depth) : DEPTH;
    if (depth > MOST_DEPTH) throw new UsageError(`--depth is at most ${MOST_DEPTH}, found ${depth}`);
    const recording = readRecording(files, adapter.venue);
    if (recording.unreadable > 0) say(`${recording.unreadable} lines of the recording are of no known kind and were left out`);
    const symbol = typeof flags.symbol === 'string' ? flags.symbol.toUpperCase() : null;
    const rebuilt = await traced(adapter, recording.entries, { depth, symbol, trace: flags.trace });
    if (symbol !== null && Object.keys(rebuilt.books).length === 0)
      throw new Error(`no book of ${symbol} in the recording: it has ${rebuilt.others.join(', ') || 'none at all'}`);
    for (const { why, length } of rebuilt.faults) say(`bad message of ${length} bytes: ${why}`);
    const { venue, messagesPerSecond, books } = rebuilt;
    if (flags.json === true) out(JSON.stringify({ venue, messagesPerSecond, books }));
    else for (const line of told(rebuilt)) out(line);
    return Object.keys(books).length === 0 ? EXIT_FAILED : EXIT_GOOD;
  },
};

interface Wanted {
  readonly depth: number;
  readonly symbol: string | null;
  readonly trace: string | boolean | undefined;
}

async function traced(adapter: VenueAdapter, entries: readonly Recorded[], { depth, symbol, trace }: Wanted) {
  const file = typeof trace === 'string' ? openTrace(trace) : null;
  try {
    return rebuild(adapter, entries, { depth, symbol, ...(file === null ? {} : { trace: file.line }) });
  } finally {
    file?.close();
  }
}

function venueOf(name: string | boolean | undefined): VenueAdapter {
  const names = [...VENUES.keys()];
  if (typeof name !== 'string') throw new UsageError(`arb book needs --venue: one of ${names.join(', ')}`);
  const adapter = VENUES.get(name.toLowerCase());
  if (adapter !== undefined) return adapter;
  const near = nearest(name, names);
  throw new UsageError(`--venue is one of ${names.join(', ')}, found "${name}"${near === null ? '' : `: did you mean "${near}"?`}`);
}
