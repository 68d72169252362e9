import { make as makeAggregator } from '@arb/aggregator/core';
import type { DataOf } from '@arb/shared/contracts';
import type { SessionConfig } from '@arb/shared/core';
import { CoreBench, input, started, TEST_CONFIG } from '@arb/shared/core/testing';
import { COINS, type Heard, type Scene, VENUES } from './scene.ts';
import { type Span, Truth } from './truth.ts';

type Book = DataOf<'book'>;
type State = DataOf<'l2'>['venues'][number]['state'];

const CLOCK_US = 100_000;

export interface Verdict {
  readonly venue: string;
  /** Books that were said, without those that only take one back. */
  readonly books: number;
  /** Books that the venue never had, or whose best bid does not lie below the best ask. */
  readonly wrong: readonly string[];
  /** For how long a book was shown as fresh, at most, that was not the venue's own any more. */
  readonly oldestFreshMs: number;
  /** From the end of the fault until every pair was fresh and of a time after it, for good; null: not while it was watched. */
  readonly rightAfterMs: number | null;
  /** Of both times what this process was given no processor for is left out: so long it stood still. */
  readonly heldUpMs: number;
  /** Share of the fault's time in which all pairs were fresh, 0 to 1. */
  readonly freshShare: number;
  readonly health: readonly string[];
}

interface Shown {
  readonly from: number;
  readonly state: State;
  readonly book: Book | null;
}

/** What the aggregator makes of all that was said, held against what the venues really had. */
export function judge(scene: Scene): readonly Verdict[] {
  const truth = new Truth(scene.log);
  const shown = showAll(scene);
  return VENUES.map(({ name, quote }) => {
    const books = scene.heard.filter(isBook).map(({ data }) => data as Book).filter((book) => book.venue === name && quoted(book)); // biome-ignore format: one line of thought
    const spans = new Map<Book, Span | null>(books.map((book) => [book, truth.spanOf(book)]));
    const pairs = COINS.map((coin) => shown.get(`${name} ${coin}-${quote}`) ?? []);
    const ends = pairs.map((pair) => rightFrom(pair, scene, spans));
    return {
      venue: name,
      books: books.length,
      wrong: books.flatMap((book) => wrongOf(book, spans.get(book) ?? null)),
      oldestFreshMs: Math.max(0, ...pairs.map((pair) => oldestFresh(pair, scene, spans))) / 1_000,
      rightAfterMs: ends.some((end) => end === null)
        ? null
        : Math.max(...ends.map((end) => awake(scene, scene.endedAt, end as number))) / 1_000,
      heldUpMs: stalled(scene, scene.beganAt, scene.untilAt) / 1_000,
      freshShare: Math.min(...pairs.map((pair) => freshShare(pair, scene))),
      health: healthOf(scene.heard, name, scene.beganAt),
    };
  });
}

function isBook({ type }: Heard): boolean {
  return type === 'book';
}

function quoted({ bids, asks }: Book): boolean {
  return bids.length + asks.length > 0;
}

function wrongOf(book: Book, span: Span | null): readonly string[] {
  const { symbol, epoch, sequence, bids, asks } = book;
  const named = `${symbol}, epoch ${epoch}, number ${sequence}`;
  if (span === null) return [`${named}: the venue never had it`];
  return (bids[0]?.[0] ?? 0) >= (asks[0]?.[0] ?? Number.POSITIVE_INFINITY) ? [`${named}: crossed`] : [];
}

/** Each pair's states in order, by `<venue> <symbol>`. */
function showAll({ heard, untilAt }: Scene): ReadonlyMap<string, Shown[]> {
  const market = { ...TEST_CONFIG.market, coins: COINS, venues: VENUES } as SessionConfig['market'];
  const bench = new CoreBench(makeAggregator, 'aggregator');
  const newest = new Map<string, Book>();
  const shown = new Map<string, Shown[]>();
  let clock = heard[0]?.at ?? 0;
  const take = (given: Parameters<CoreBench['feed']>[0], at: number): void => {
    for (const { type, data } of bench.feed(given)) {
      if (type !== 'l2') continue;
      for (const { venue, symbol, state } of (data as DataOf<'l2'>).venues) {
        const key = `${venue} ${symbol}`;
        const pair = shown.get(key) ?? [];
        shown.set(key, pair);
        pair.push({ from: at, state, book: newest.get(key) ?? null });
      }
    }
  };
  const tick = (until: number): void => {
    for (; clock + CLOCK_US <= until; ) {
      clock += CLOCK_US;
      take(input('clock', [], { fill: 0, committed: 0, committedAt: clock }, clock), clock);
    }
  };
  take(input('clock', [], { fill: 0, committed: 0, committedAt: clock }, clock), clock);
  take(started({ ...TEST_CONFIG, market }), clock);
  for (const { type, words, data, at } of heard) {
    tick(at);
    if (type === 'book') newest.set(`${(data as Book).venue} ${(data as Book).symbol}`, data as Book);
    if (type === 'book' || type === 'fx') take(input(type, words, data as never, at), at);
  }
  tick(untilAt);
  return shown;
}

/** From when the pair was fresh with books of after the fault, and stayed so; null where it was not at the end. */
function rightFrom(pair: readonly Shown[], { endedAt }: Scene, spans: ReadonlyMap<Book, Span | null>): number | null {
  let from: number | null = null;
  for (const { from: at, state, book } of pair) {
    const span = book === null ? null : (spans.get(book) ?? null);
    // Still the venue's own after the fault's end: it was so then, or came later.
    const right = state === 'fresh' && span !== null && (span.until === null || span.until >= endedAt);
    if (!right) from = null;
    else from ??= Math.max(at, endedAt);
  }
  return from;
}

function oldestFresh(pair: readonly Shown[], scene: Scene, spans: ReadonlyMap<Book, Span | null>): number {
  let oldest = 0;
  for (const [i, { state, book }] of pair.entries()) {
    const over = book === null ? null : (spans.get(book)?.until ?? null);
    if (state === 'fresh' && over !== null) oldest = Math.max(oldest, awake(scene, over, pair[i + 1]?.from ?? scene.untilAt));
  }
  return oldest;
}

function stalled({ stalls }: Scene, from: number, to: number): number {
  return stalls.reduce((sum, stall) => sum + Math.max(0, Math.min(stall.until, to) - Math.max(stall.from, from)), 0);
}

/** µs between them in which this process ran. */
function awake(scene: Scene, from: number, to: number): number {
  return Math.max(0, to - from - stalled(scene, from, to));
}

function freshShare(pair: readonly Shown[], { beganAt, endedAt }: Scene): number {
  let fresh = 0;
  for (const [i, { from, state }] of pair.entries())
    if (state === 'fresh') fresh += Math.max(0, Math.min(pair[i + 1]?.from ?? endedAt, endedAt) - Math.max(from, beganAt));
  return fresh / (endedAt - beganAt);
}

function healthOf(heard: readonly Heard[], venue: string, from: number): readonly string[] {
  const states = heard.flatMap(({ type, data, at }) => {
    const health = data as DataOf<'health'>;
    return type === 'health' && health.venue === venue && at >= from ? [health.state] : [];
  });
  return [...new Set(states)];
}
