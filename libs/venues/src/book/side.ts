import type { ExactLevel, Level } from '../adapter.ts';
import { plainNumber } from '../wire/decimal-text.ts';
import type { LevelList } from './level-list.ts';
import { levelsLike } from './level-tuples.ts';

/** Beyond it the levels farthest from the market are forgotten, a fifth at once: a venue's own snapshot is shorter. */
const MOST_LEVELS = 20_000;
const FORGOTTEN_AT_ONCE = MOST_LEVELS / 5;
/** More of them are cleared away at once. */
const MOST_REMOVED = 500;
const FIRST_CAPACITY = 1_024;
/** Shorter moves cost less by hand than a call of `copyWithin`. */
const SHORT_MOVE = 120;

/**
 * One side of a book at full depth: prices in a sorted array, the best one last, because most changes come near it and
 * then move little. Asks are kept with their sign turned, so that both sides grow towards their end. A removed level
 * stays as one of size 0: it comes back more often than not, and nothing has to move for either. The last is never one.
 */
export class BookSide {
  private keys = new Float64Array(FIRST_CAPACITY);
  private sizes = new Float64Array(FIRST_CAPACITY);
  /** With those of size 0. */
  private count = 0;
  private removed = 0;
  private readonly sign: 1 | -1;
  private lastTop: readonly Level[] = [];
  private lastDepth = 0;
  /** Key of the worst level of `lastTop`: while nothing changes from there on, it holds. */
  private topKey = Number.NEGATIVE_INFINITY;
  private topHolds = false;
  /** Of the sizes that are rounded: what the venue said, by key. Empty almost always. */
  private readonly exact = new Map<number, string>();

  constructor(side: 'bids' | 'asks') {
    this.sign = side === 'bids' ? 1 : -1;
  }

  get length(): number {
    return this.count - this.removed;
  }

  clear(): void {
    this.count = 0;
    this.removed = 0;
    this.topHolds = false;
    this.exact.clear();
  }

  /** 0 where there is none. */
  best(): number {
    return this.count === 0 ? 0 : this.sign * (this.keys[this.count - 1] as number);
  }

  /** A size of 0 removes. */
  apply(changes: LevelList): void {
    const { prices, sizes, count } = changes;
    let near = this.count;
    for (let i = 0; i < count; i++) {
      const key = this.sign * (prices[i] as number);
      if (key >= this.topKey) this.topHolds = false;
      near = this.setNear(near, key, sizes[i] as number);
    }
    if (this.exact.size > 0)
      for (let i = 0; i < count; i++) if (!changes.exact.has(i)) this.exact.delete(this.sign * (prices[i] as number));
    for (const [i, text] of changes.exact) this.exact.set(this.sign * (prices[i] as number), text);
    if (this.removed > MOST_REMOVED) this.compact();
    if (this.count > MOST_LEVELS) this.forget(FORGOTTEN_AT_ONCE);
  }

  /** Best first. Levels that are as they were last time are the very same objects. */
  top(depth: number): readonly Level[] {
    if (this.topHolds && depth === this.lastDepth) return this.lastTop;
    const { keys, sizes, count, sign } = this;
    const ranked = { prices: keys, sizes, first: count - 1, step: -1, sign } as const;
    this.lastTop = levelsLike(this.lastTop, ranked, Math.min(depth, this.length), sign);
    this.lastDepth = depth;
    this.topHolds = true;
    const worst = this.lastTop.at(-1);
    // A book that ends sooner is changed by whatever comes.
    this.topKey = worst === undefined || this.lastTop.length < depth ? Number.NEGATIVE_INFINITY : sign * worst[0];
    return this.lastTop;
  }

  exactTop(depth: number): readonly ExactLevel[] {
    const levels: ExactLevel[] = [];
    for (let at = this.count - 1; at >= 0 && levels.length < depth; at--) {
      const key = this.keys[at] as number;
      const size = this.sizes[at] as number;
      if (size > 0) levels.push([plainNumber(this.sign * key), this.exact.get(key) ?? plainNumber(size)]);
    }
    return levels;
  }

  /**
   * `near`: where the change before this one was made. A message lists its changes from the market outwards, mostly in
   * small steps, so the place is looked for from there, in steps that double. Returns the place.
   */
  private setNear(near: number, key: number, size: number): number {
    const { keys, sizes, count } = this;
    let high = near;
    if (high > count || (high < count && (keys[high] as number) < key)) high = count;
    // Nothing from `high` on is smaller than the key; the probe goes on until it finds what is.
    let probe = high - 1;
    for (let step = 1; probe >= 0 && (keys[probe] as number) >= key; step <<= 1) {
      high = probe;
      probe = high - step;
    }
    let low = probe < 0 ? 0 : probe + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    if (low === count || keys[low] !== key) {
      if (size > 0) this.insert(low, key, size);
      return low;
    }
    const before = sizes[low] as number;
    sizes[low] = size;
    if (size > 0) {
      if (before === 0) this.removed--;
    } else if (before > 0) {
      this.removed++;
      if (low === count - 1) this.trim();
    }
    return low;
  }

  private insert(at: number, key: number, size: number): void {
    const { count } = this;
    // The place of a removed neighbour will do: the order stays.
    const free = at < count && this.sizes[at] === 0 ? at : at > 0 && this.sizes[at - 1] === 0 ? at - 1 : -1;
    if (free >= 0) {
      this.keys[free] = key;
      this.sizes[free] = size;
      this.removed--;
      return;
    }
    if (count === this.keys.length) this.grow();
    const { keys, sizes } = this;
    if (count - at > SHORT_MOVE) {
      keys.copyWithin(at + 1, at, count);
      sizes.copyWithin(at + 1, at, count);
    } else
      for (let i = count; i > at; i--) {
        keys[i] = keys[i - 1] as number;
        sizes[i] = sizes[i - 1] as number;
      }
    keys[at] = key;
    sizes[at] = size;
    this.count = count + 1;
  }

  /** The last one shall be a level. */
  private trim(): void {
    while (this.count > 0 && this.sizes[this.count - 1] === 0) {
      this.count--;
      this.removed--;
    }
  }

  private compact(): void {
    const { keys, sizes, count } = this;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (sizes[i] === 0) continue;
      keys[kept] = keys[i] as number;
      sizes[kept++] = sizes[i] as number;
    }
    this.count = kept;
    this.removed = 0;
  }

  private grow(): void {
    const keys = new Float64Array(this.keys.length * 2);
    const sizes = new Float64Array(keys.length);
    keys.set(this.keys);
    sizes.set(this.sizes);
    this.keys = keys;
    this.sizes = sizes;
  }

  private forget(levels: number): void {
    this.compact();
    for (let i = 0; i < levels && this.exact.size > 0; i++) this.exact.delete(this.keys[i] as number);
    this.keys.copyWithin(0, levels, this.count);
    this.sizes.copyWithin(0, levels, this.count);
    this.count -= levels;
  }
}
