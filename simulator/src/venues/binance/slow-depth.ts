import type { Changes } from '../../market/index.ts';
import type { Listing } from '../../server/listing.ts';
import { type BinanceTexts, changeText } from './texts.ts';

const EVERY_MS = 1_000;

/** `@depth` without a speed: the changes of a second in one message, each price once, as it is at last. */
export class SlowDepth {
  private readonly bids = new Map<number, number>();
  private readonly asks = new Map<number, number>();
  private firstId: number | null = null;
  private saidAt = 0;

  /** Someone begins to listen: what was before is no concern of theirs. */
  begin({ changedAt }: Listing): void {
    this.bids.clear();
    this.asks.clear();
    this.firstId = null;
    this.saidAt = changedAt;
  }

  /** Takes the newest change; the message when one is due. */
  take(listing: Listing, texts: BinanceTexts): string | null {
    const { instrument, changedAt, lastId } = listing;
    this.firstId ??= listing.firstId;
    keep(this.bids, instrument.bids.changes);
    keep(this.asks, instrument.asks.changes);
    if (changedAt - this.saidAt < EVERY_MS) return null;
    const text = changeText(listing, { firstId: this.firstId, lastId }, textOf(this.bids, texts), textOf(this.asks, texts));
    this.begin(listing);
    return text;
  }
}

function keep(kept: Map<number, number>, { count, cells, sizes }: Changes): void {
  for (let i = 0; i < count; i++) kept.set(cells[i] as number, sizes[i] as number);
}

function textOf(kept: ReadonlyMap<number, number>, texts: BinanceTexts): string {
  return Array.from(kept, ([cell, size]) => `["${texts.price(cell)}","${size < 0 ? '0.00000000' : texts.sizes[size]}"]`).join(',');
}
