import type { BookOut, Level } from '../adapter.ts';
import { upbit } from '../upbit/index.ts';
import { toFifteen } from '../wire/decimal-text.ts';
import { mutate, seeded } from './mutate.ts';
import { sameLevels } from './plain-book.ts';
import { Counting, type FuzzReport } from './report.ts';

/** A good message after a damaged one may look old, when the damaged time lies ahead: not for longer than this. */
const MOST_STALE = 2;

/** Whole books, every second one damaged: what is taken means what JSON says, and after each the next good one is taken. */
export function fuzzUpbit(frames: readonly Uint8Array[], seed: number, damaged: number): FuzzReport {
  const draw = seeded(seed);
  const codes = [...new Set(frames.map((bytes) => codeIn(textOf(bytes))))];
  const feed = upbit.feed({ codes, firstEpoch: 1 });
  const found = new Counting();
  const shown = new Map<string, BookOut>();
  feed.opened(0);

  /** The book in it; null where there is none. */
  const hand = (bytes: Uint8Array, at: number): BookOut | null => {
    found.messages++;
    let said: BookOut | null = null;
    for (const output of feed.frame(bytes, at)) {
      if (output.kind === 'fault') found.refused++;
      if (output.kind === 'rest') found.resyncs++;
      if (output.kind !== 'book') continue;
      said = output;
      shown.set(output.code, output);
      found.book(output);
      found.claim(meansTheSame(output, textOf(bytes)), () => `${output.code} is not what JSON says: ${textOf(bytes).slice(0, 300)}`);
    }
    return said;
  };

  for (let i = 0; i < damaged; i++) {
    const good = frames[draw(frames.length)] as Uint8Array;
    found.damaged++;
    if (hand(mutate(good, draw), i) !== null) found.taken++;
    const code = codeIn(textOf(good));
    const known = feed.levels(code, 30);
    const last = shown.get(code);
    found.claim(
      known === null || (last !== undefined && known.bids.length === last.bids.length),
      () => `${code} holds a book that was not said`,
    );
    let tries = 0;
    while (hand(good, i) === null && tries <= MOST_STALE) tries++;
    found.claim(tries <= MOST_STALE, () => `a good message of ${code} is not taken after ${textOf(good).slice(0, 80)}`);
    if (i % 1_000 === 0) found.feed(feed);
  }
  found.feed(feed);
  return found;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function codeIn(message: string): string {
  return /"(?:cd|code)":"([\w-]+)"/.exec(message)?.[1] ?? '';
}

type Unit = Readonly<Record<string, unknown>>;

function meansTheSame(book: BookOut, message: string): boolean {
  let parsed: Readonly<Record<string, unknown>>;
  try {
    parsed = JSON.parse(message) as Readonly<Record<string, unknown>>;
  } catch {
    return false; // a book came of it, so it should have been JSON
  }
  // Damage may give a message both names of a field: the long ones hold.
  const units = (parsed.orderbook_units ?? parsed.obu) as readonly Unit[];
  const bids = sideOf(units.map((unit) => [unit.bid_price ?? unit.bp, unit.bid_size ?? unit.bs]));
  const asks = sideOf(units.map((unit) => [unit.ask_price ?? unit.ap, unit.ask_size ?? unit.as]));
  return (parsed.code ?? parsed.cd) === book.code && near(book.bids, bids) && near(book.asks, asks);
}

function sideOf(levels: readonly (readonly [unknown, unknown])[]): readonly Level[] {
  return levels.map(([price, size]) => [Number(price), Number(size)] as const).filter(([price, size]) => price !== 0 && size !== 0);
}

/** What has more than 15 digits is rounded to the worse side. */
function near(ours: readonly Level[], theirs: readonly Level[]): boolean {
  const rounded = (value: number, side: 'up' | 'down') => toFifteen(String(value).replace('e', 'E'), side)?.value ?? value;
  if (sameLevels(ours, theirs)) return true;
  const close = (mine: number, other: number) => mine === rounded(other, 'down') || Math.abs(mine - other) <= other * 1e-14;
  return (
    ours.length === theirs.length &&
    ours.every(([price, size], i) => close(price, theirs[i]?.[0] ?? -1) && close(size, theirs[i]?.[1] ?? -1))
  );
}
