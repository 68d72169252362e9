import { describe, expect, it } from '@jest/globals';
import type { BookOut, Output } from './adapter.ts';
import { adapterOf, HAS_RECORDINGS, recorded, WITH_RECORDINGS } from './recording/testing.ts';

const onRecordings = HAS_RECORDINGS ? describe : describe.skip;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** The same sequence every time, so that a failure can be seen again. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ODD = '0123456789.,:-+eE"\\{}[]ntu\u0000\u00ff ';

/** Cut, changed, doubled, with bytes gone or put in: what a broken wire or a changed protocol may look like. */
function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = Buffer.from(bytes);
  const at = random(copy.length);
  const odd = () => ODD.charCodeAt(random(ODD.length));
  switch (random(8)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return copy.subarray(at);
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random(12))]);
    case 3:
      return Buffer.concat([copy.subarray(0, at), Buffer.from([odd()]), copy.subarray(at)]);
    case 4:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - random(60)))]);
    case 5:
      copy[at] = random(256);
      return copy;
    case 6: {
      // Digits only: mostly still JSON.
      for (let i = 0; i < 1 + random(3); i++) {
        const place = copy.findIndex((byte, j) => j >= random(copy.length) && byte >= 48 && byte <= 57);
        if (place >= 0) copy[place] = 48 + random(10);
      }
      return copy;
    }
    default:
      for (let i = 0; i < 1 + random(6); i++) copy[random(copy.length)] = odd();
      return copy;
  }
}

/** What JSON itself says of a side; null where it is nothing of the kind. */
function sideOf(levels: readonly (readonly [unknown, unknown])[], sign: 1 | -1): readonly (readonly [number, number])[] | null {
  const side = levels.map(([price, size]) => [Number(price), Number(size)] as const).filter(([price, size]) => price !== 0 && size !== 0);
  if (side.some((level) => level.some((value) => !(value > 0)))) return null;
  return side.every(([price], i) => i === 0 || sign * price > sign * (side[i - 1]?.[0] ?? 0)) ? side : null;
}

/** The same levels; what has more than 15 digits is rounded. */
function near(ours: readonly (readonly [number, number])[], theirs: readonly (readonly [number, number])[] | null): void {
  const close = (mine: number, other: number | undefined) => other !== undefined && Math.abs(mine - other) <= other * 1e-14;
  const wrong = ours.findIndex(([price, size], i) => !close(price, theirs?.[i]?.[0]) || !close(size, theirs?.[i]?.[1]));
  expect([ours.length, wrong, ours[wrong]]).toEqual([theirs?.length, -1, undefined]);
}

function uncrossed({ bids, asks }: BookOut): void {
  expect(bids[0] !== undefined && asks[0] !== undefined && bids[0][0] >= asks[0][0]).toBe(false);
  for (const [side, sign] of [[bids, -1], [asks, 1]] as const) // biome-ignore format: two sides
    if (!side.every(([price, size], i) => price > 0 && size > 0 && (i === 0 || sign * price > sign * (side[i - 1]?.[0] ?? 0))))
      throw new Error(`out of order: ${JSON.stringify(side)}`);
}

onRecordings(`damaged messages${WITH_RECORDINGS}`, () => {
  it('of upbit never give a book that JSON would not, and the next good message gives its own', () => {
    const frames = recorded('upbit', 'upbit_20210405_simple_9pairs.jsonl.gz').flatMap((entry) =>
      entry.kind === 'frame' && text(entry.bytes.subarray(0, 20)).includes('orderbook') ? [entry.bytes] : [],
    );
    const codes = [...new Set(frames.map((bytes) => /"cd":"([\w-]+)"/.exec(text(bytes))?.[1] ?? ''))];
    const random = seeded(20_210_405);
    const feed = adapterOf('upbit').feed({ codes, firstEpoch: 1 });
    feed.opened(0);
    let [taken, refused] = [0, 0];
    for (let i = 0; i < 6_000; i++) {
      const good = frames[i % frames.length] as Uint8Array;
      const outputs = feed.frame(mutate(good, random), i);
      const damaged = mutatedAgain(outputs);
      refused += outputs.some(({ kind }) => kind === 'fault') ? 1 : 0;
      if (damaged !== null) taken++;
      // A damaged time may lie in the future: then good books are old, until the connection is new.
      feed.closed(i);
      feed.opened(i);
      const [book] = feed.frame(good, i);
      expect(book?.kind).toBe('book');
    }
    function mutatedAgain(outputs: readonly Output[]): BookOut | null {
      const book = outputs.find((output): output is BookOut => output.kind === 'book') ?? null;
      if (book !== null) uncrossed(book);
      return book;
    }
    expect([taken > 100, refused > 3_000]).toEqual([true, true]);
    expect(feed.totals().bad).toBeGreaterThanOrEqual(refused);
    expect(feed.faults().length).toBeLessThanOrEqual(16);
  });

  it('of upbit mean to it what they mean to JSON', () => {
    const frames = recorded('upbit', 'upbit_20210405_simple_9pairs.jsonl.gz').flatMap((entry) =>
      entry.kind === 'frame' && text(entry.bytes.subarray(0, 20)).includes('orderbook') ? [entry.bytes] : [],
    );
    const random = seeded(7);
    let compared = 0;
    for (let i = 0; i < 6_000; i++) {
      const bytes = mutate(frames[i % frames.length] as Uint8Array, random);
      const book = adapterOf('upbit')
        .feed({ codes: 'any', firstEpoch: 1 })
        .frame(bytes, 0)
        .find((output): output is BookOut => output.kind === 'book');
      if (book === undefined) continue;
      const message = JSON.parse(text(bytes)) as { cd: string; obu: { ap: unknown; bp: unknown; as: unknown; bs: unknown }[] };
      expect(book.code).toBe(message.cd);
      near(book.bids, sideOf(message.obu.map(({ bp, bs }) => [bp, bs]), -1)); // biome-ignore format: a pair
      near(book.asks, sideOf(message.obu.map(({ ap, as }) => [ap, as]), 1)); // biome-ignore format: a pair
      compared++;
    }
    expect(compared).toBeGreaterThan(100);
  });

  it('of binance change a book exactly as JSON says or not at all, and what is lost is made good by a snapshot', () => {
    const entries = recorded('binance', 'binance_20210404_btc_eth_dot_usdt.jsonl.gz');
    const truth = new Map<string, Reference>();
    const built = new Map<string, Reference>();
    const kept = new Map<string, string>();
    const random = seeded(20_210_404);
    const feed = adapterOf('binance').feed({ codes: ['BTCUSDT', 'ETHUSDT', 'DOTUSDT'], firstEpoch: 1 });
    feed.opened(0);
    let at = 0;
    let [damagedTaken, resyncs, books] = [0, 0, 0];
    const take = (outputs: readonly Output[], bytes: Uint8Array | null): void => {
      for (const output of outputs) {
        if (output.kind === 'book') {
          uncrossed(output);
          const reference = built.get(output.code) ?? new Reference();
          built.set(output.code, reference);
          if (output.from === 'rest') reference.copy(truth.get(output.code) as Reference);
          // Of one that was kept until the snapshot, by its number.
          else reference.change(bytes === null ? (kept.get(`${output.code} ${output.sequence}`) ?? '') : text(bytes));
          if (books++ % 8 === 0 || output.from === 'rest') {
            near(output.bids, reference.top('bids'));
            near(output.asks, reference.top('asks'));
          }
          expect(output.sequence).toBe(reference.lastId);
        }
        if (output.kind === 'skipped' && bytes !== null && (output.why === 'buffered' || output.why === 'gap')) {
          const message = text(bytes);
          const parsed = JSON.parse(message) as { data?: { u: number }; u?: number };
          kept.set(`${output.code} ${parsed.data?.u ?? parsed.u}`, message);
        }
        if (output.kind !== 'rest') continue;
        resyncs++;
        const code = output.request.codes[0] as string;
        const now = truth.get(code);
        // A snapshot as of now: what is kept is older, and none of it is applied a second time.
        if (now !== undefined) take(feed.answer(output.request, { status: 200, headers: {}, body: now.snapshot() }, at), null);
      }
    };
    for (let round = 0; round < 2; round++) {
      for (const entry of entries) {
        if (entry.kind === 'answer' && round === 0) {
          const code = /symbol=(\w+)/.exec(entry.url ?? '')?.[1] ?? '';
          truth.set(code, Reference.of(text(entry.body)));
        }
        if (entry.kind !== 'frame' || !text(entry.bytes.subarray(0, 40)).includes('@depth')) continue;
        at += 1_000_000;
        const bytes = round === 0 ? entry.bytes : later(entry.bytes, round);
        truth.get(codeOf(text(bytes)))?.change(text(bytes));
        const damage = random(3) > 0;
        const sent = damage ? mutate(bytes, random) : bytes;
        const outputs = feed.frame(sent, at);
        if (damage && outputs[0]?.kind === 'book') damagedTaken++;
        take(outputs, sent);
        take(feed.tick(at), null);
      }
      feed.closed(at);
      take(feed.opened(at), null);
      take(feed.tick(at + 3_000_000), null);
      for (const [code, reference] of truth) {
        const levels = feed.levels(code, 30);
        expect(levels?.bids.map((level) => level.map(Number))).toEqual(reference.top('bids'));
        expect(levels?.asks.map((level) => level.map(Number))).toEqual(reference.top('asks'));
      }
    }
    expect([damagedTaken > 30, resyncs > 300, feed.totals().bad > 1_000]).toEqual([true, true, true]);
  });
});

/** The update ids of a round that comes after the others. */
function later(bytes: Uint8Array, round: number): Uint8Array {
  const ahead = (id: string) => String(Number(id) + round * 1_000_000);
  return Buffer.from(text(bytes).replace(/"U":(\d+),"u":(\d+)/, (_, first, last) => `"U":${ahead(first)},"u":${ahead(last)}`));
}

function codeOf(message: string): string {
  return /"s":"(\w+)"/.exec(message)?.[1] ?? '';
}

/** A book in the plainest way there is. */
class Reference {
  lastId = 0;
  private sides = { bids: new Map<number, number>(), asks: new Map<number, number>() };

  static of(snapshot: string): Reference {
    const reference = new Reference();
    const { lastUpdateId, bids, asks } = JSON.parse(snapshot) as {
      lastUpdateId: number;
      bids: [string, string][];
      asks: [string, string][];
    };
    reference.lastId = lastUpdateId;
    // As deep as a book is looked at, and some room: the rest would only take time.
    reference.set('bids', bids.slice(0, 200));
    reference.set('asks', asks.slice(0, 200));
    return reference;
  }

  copy(other: Reference): void {
    this.lastId = other.lastId;
    this.sides = { bids: new Map(other.sides.bids), asks: new Map(other.sides.asks) };
  }

  change(message: string): void {
    const parsed = JSON.parse(message) as { data?: unknown };
    const { u, b, a } = (parsed.data ?? parsed) as { u: number; b: [string, string][]; a: [string, string][] };
    if (u <= this.lastId) return;
    this.lastId = u;
    this.set('bids', b);
    this.set('asks', a);
  }

  top(side: 'bids' | 'asks'): readonly (readonly [number, number])[] {
    const sign = side === 'bids' ? -1 : 1;
    const prices = Float64Array.from(this.sides[side].keys()).sort();
    const best = sign < 0 ? prices.slice(-30).reverse() : prices.slice(0, 30);
    return [...best].map((price) => [price, this.sides[side].get(price) ?? 0]);
  }

  snapshot(): Uint8Array {
    const levels = (side: 'bids' | 'asks') => [...this.sides[side]].map(([price, size]) => [decimal(price), decimal(size)]);
    return Buffer.from(JSON.stringify({ lastUpdateId: this.lastId, bids: levels('bids'), asks: levels('asks') }));
  }

  private set(side: 'bids' | 'asks', levels: readonly (readonly [string, string])[]): void {
    for (const [price, size] of levels)
      if (Number(size) === 0) this.sides[side].delete(Number(price));
      else this.sides[side].set(Number(price), Number(size));
  }
}

function decimal(value: number): string {
  return value.toFixed(8);
}
