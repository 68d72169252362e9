import { plainDecimal, toFifteen } from '../wire/decimal-text.ts';
import type { Scanner } from '../wire/scanner.ts';

/** No venue sends more in one message (Binance's longest snapshot has 5,000). */
const MOST_LEVELS = 10_000;

/** Levels of one side as a message says them, before they touch a book: a message counts whole or not at all. */
export class LevelList {
  prices = new Float64Array(64);
  sizes = new Float64Array(64);
  count = 0;
  /** Sizes of more than 15 digits as the venue wrote them, by index. */
  readonly exact = new Map<number, string>();
  /** How many prices and sizes were rounded. */
  rounded = 0;
  private readonly worsePrice: 'up' | 'down';

  constructor(side: 'bids' | 'asks') {
    this.worsePrice = side === 'bids' ? 'down' : 'up';
  }

  clear(): void {
    this.count = 0;
    this.rounded = 0;
    if (this.exact.size > 0) this.exact.clear();
  }

  /** False when there are too many. */
  push(price: number, size: number): boolean {
    const { count } = this;
    if (count === this.prices.length && !this.grow()) return false;
    this.prices[count] = price;
    this.sizes[count] = size;
    this.count = count + 1;
    return true;
  }

  /** False when one of them is no decimal or there are too many. */
  pushText(price: string, size: string): boolean {
    const roundedPrice = toFifteen(price, this.worsePrice);
    const roundedSize = toFifteen(size, 'down');
    if (roundedPrice === null || roundedSize === null) return false;
    if (roundedPrice.long) this.rounded++;
    if (roundedSize.long) {
      this.rounded++;
      this.exact.set(this.count, plainDecimal(size) ?? size);
    }
    return this.push(roundedPrice.value, roundedSize.value);
  }

  /** The price that the scanner has just read. NaN where it is none. */
  priceOf(scanner: Scanner): number {
    if (!scanner.long) return scanner.value;
    const rounded = toFifteen(scanner.text(), this.worsePrice);
    if (rounded?.long) this.rounded++;
    return rounded?.value ?? Number.NaN;
  }

  /** The size that the scanner has just read, of the level that is pushed next. NaN where it is none. */
  sizeOf(scanner: Scanner): number {
    if (!scanner.long) return scanner.value;
    const text = scanner.text();
    const rounded = toFifteen(text, 'down');
    if (rounded?.long) {
      this.rounded++;
      this.exact.set(this.count, plainDecimal(text) ?? text);
    }
    return rounded?.value ?? Number.NaN;
  }

  /** The level whose price and size were read is not pushed. */
  skip(): void {
    if (this.exact.size > 0) this.exact.delete(this.count);
  }

  private grow(): boolean {
    if (this.prices.length >= MOST_LEVELS) return false;
    const prices = new Float64Array(Math.min(MOST_LEVELS, this.prices.length * 2));
    const sizes = new Float64Array(prices.length);
    prices.set(this.prices);
    sizes.set(this.sizes);
    this.prices = prices;
    this.sizes = sizes;
    return true;
  }
}
