import type { ExactLevel, Level } from '../adapter.ts';
import { plainNumber } from '../wire/decimal-text.ts';
import type { LevelList } from './level-list.ts';

/** Beyond it the levels farthest from the market are forgotten, a fifth at once: a venue's own snapshot is shorter. */
const MOST_LEVELS = 20_000;
const FORGOTTEN_AT_ONCE = MOST_LEVELS / 5;
const FIRST_CAPACITY = 1_024;
/** Shorter moves cost less by hand than a call of `copyWithin`. */
const SHORT_MOVE = 48;

/**
 * One side of a book at full depth: prices in a sorted array, the best one last, because most changes come near it and
 * then move little. Asks are kept with their sign turned, so that both sides grow towards their end.
 */
export class BookSide {
  private keys = new Float64Array(FIRST_CAPACITY);
  private sizes = new Float64Array(FIRST_CAPACITY);
  private count = 0;
  private readonly sign: 1 | -1;
  /** Of the sizes that are rounded: what the venue said, by key. Empty almost always. */
  private readonly exact = new Map<number, string>();

  constructor(side: 'bids' | 'asks') {
    this.sign = side === 'bids' ? 1 : -1;
  }

  get length(): number {
    return this.count;
  }

  clear(): void {
    this.count = 0;
    this.exact.clear();
  }

  /** 0 where there is none. */
  best(): number {
    return this.count === 0 ? 0 : this.sign * (this.keys[this.count - 1] as number);
  }

  bestSize(): number {
    return this.count === 0 ? 0 : (this.sizes[this.count - 1] as number);
  }

  /** A size of 0 removes. */
  apply(changes: LevelList): void {
    const { prices, sizes, count } = changes;
    for (let i = 0; i < count; i++) this.set(prices[i] as number, sizes[i] as number);
    if (this.exact.size > 0)
      for (let i = 0; i < count; i++) if (!changes.exact.has(i)) this.exact.delete(this.sign * (prices[i] as number));
    for (const [i, text] of changes.exact) this.exact.set(this.sign * (prices[i] as number), text);
    if (this.count > MOST_LEVELS) this.forget(FORGOTTEN_AT_ONCE);
  }

  set(price: number, size: number): void {
    const key = this.sign * price;
    const { keys, sizes, count } = this;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    if (low < count && keys[low] === key) {
      if (size > 0) sizes[low] = size;
      else this.remove(low);
    } else if (size > 0) this.insert(low, key, size);
  }

  /** Best first. */
  top(depth: number): readonly Level[] {
    const { keys, sizes, sign, count } = this;
    const length = Math.min(depth, count);
    const levels: Level[] = new Array(length);
    for (let i = 0, from = count - 1; i < length; i++, from--) levels[i] = [sign * (keys[from] as number), sizes[from] as number];
    return levels;
  }

  exactTop(depth: number): readonly ExactLevel[] {
    return this.top(depth).map(([price, size]) => [plainNumber(price), this.exact.get(this.sign * price) ?? plainNumber(size)]);
  }

  private insert(at: number, key: number, size: number): void {
    const { count } = this;
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

  private remove(at: number): void {
    const { keys, sizes, count } = this;
    if (count - at > SHORT_MOVE) {
      keys.copyWithin(at, at + 1, count);
      sizes.copyWithin(at, at + 1, count);
    } else
      for (let i = at + 1; i < count; i++) {
        keys[i - 1] = keys[i] as number;
        sizes[i - 1] = sizes[i] as number;
      }
    this.count = count - 1;
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
    for (let i = 0; i < levels && this.exact.size > 0; i++) this.exact.delete(this.keys[i] as number);
    this.keys.copyWithin(0, levels, this.count);
    this.sizes.copyWithin(0, levels, this.count);
    this.count -= levels;
  }
}
