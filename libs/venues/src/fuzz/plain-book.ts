import type { Level } from '../adapter.ts';
import { toFifteen } from '../wire/decimal-text.ts';

type Texts = readonly (readonly [price: string, size: string])[];

interface Snapshot {
  readonly lastUpdateId: number;
  readonly bids: Texts;
  readonly asks: Texts;
}
interface Change {
  readonly u: number;
  readonly b: Texts;
  readonly a: Texts;
}

/** A book of numbered changes in the plainest way there is, read by JSON alone. */
export class PlainBook {
  lastId = 0;
  private sides = { bids: new Map<number, number>(), asks: new Map<number, number>() };

  /** `most`: levels a side, as deep as anyone will look. */
  static of(snapshot: string, most = Number.POSITIVE_INFINITY): PlainBook {
    const book = new PlainBook();
    const { lastUpdateId, bids, asks } = JSON.parse(snapshot) as Snapshot;
    book.lastId = lastUpdateId;
    book.set('bids', bids.slice(0, most));
    book.set('asks', asks.slice(0, most));
    return book;
  }

  change(message: string): void {
    const parsed = JSON.parse(message) as { readonly data?: unknown };
    const { u, b, a } = (parsed.data ?? parsed) as Change;
    if (u <= this.lastId) return;
    this.lastId = u;
    this.set('bids', b);
    this.set('asks', a);
  }

  top(side: 'bids' | 'asks', depth: number): readonly Level[] {
    const prices = Float64Array.from(this.sides[side].keys()).sort();
    const best = side === 'bids' ? prices.slice(-depth).reverse() : prices.slice(0, depth);
    return Array.from(best, (price) => [price, this.sides[side].get(price) as number] as const);
  }

  snapshot(): string {
    const levels = (side: 'bids' | 'asks') => [...this.sides[side]].map(([price, size]) => [price.toFixed(8), size.toFixed(8)]);
    return JSON.stringify({ lastUpdateId: this.lastId, bids: levels('bids'), asks: levels('asks') });
  }

  private set(side: 'bids' | 'asks', levels: Texts): void {
    for (const [priceText, sizeText] of levels) {
      const price = rounded(priceText, side === 'bids' ? 'down' : 'up');
      const size = rounded(sizeText, 'down');
      if (size === 0) this.sides[side].delete(price);
      else this.sides[side].set(price, size);
    }
  }
}

/** An exponent of more than three digits is a number too, if a strange one. */
function rounded(text: string, side: 'up' | 'down'): number {
  return toFifteen(text, side)?.value ?? Number(text);
}

export function sameLevels(ours: readonly Level[], theirs: readonly Level[]): boolean {
  return ours.length === theirs.length && ours.every(([price, size], i) => price === theirs[i]?.[0] && size === theirs[i]?.[1]);
}
