import type { Instrument } from './instrument.ts';
import { priceAt, type Tick } from './tick.ts';

export type Level = readonly [price: number, size: number];

/** What an instrument shows, as numbers. */
export function bookOf(instrument: Instrument): { readonly bids: Level[]; readonly asks: Level[] } {
  const side = (best: number, step: number, indexes: Uint8Array): Level[] => {
    const levels: Level[] = [];
    for (let i = 0; i < indexes.length && best + i * step > 0; i++)
      levels.push([priceAt(instrument.tick, best + i * step), instrument.sizes.values[indexes[i] as number] as number]);
    return levels;
  };
  return {
    bids: side(instrument.bestBid, -instrument.step, instrument.bidSizes),
    asks: side(instrument.bestAsk, instrument.step, instrument.askSizes),
  };
}

/** Prices that were written as text lately; a price moves little from book to book. */
const MOST_TEXTS = 16_384;

export interface BookText {
  /** JSON, exactly as `JSON.stringify` writes the numbers of `bookOf`. */
  readonly bids: string;
  readonly asks: string;
}

/** Writes books as JSON without formatting the same number twice. One for each instrument. */
export function makeBookWriter(instrument: Instrument): () => BookText {
  const texts = new Map<number, string>();
  const { tick, sizes } = instrument;
  const side = (best: number, step: number, indexes: Uint8Array): string => {
    let text = '[';
    for (let i = 0; i < indexes.length; i++) {
      const ticks = best + i * step;
      if (ticks <= 0) break;
      text += `${i === 0 ? '' : ','}[${texts.get(ticks) ?? written(texts, tick, ticks)},${sizes.texts[indexes[i] as number]}]`;
    }
    return `${text}]`;
  };
  return () => ({
    bids: side(instrument.bestBid, -instrument.step, instrument.bidSizes),
    asks: side(instrument.bestAsk, instrument.step, instrument.askSizes),
  });
}

function written(texts: Map<number, string>, tick: Tick, ticks: number): string {
  if (texts.size >= MOST_TEXTS) texts.clear();
  const text = String(priceAt(tick, ticks));
  texts.set(ticks, text);
  return text;
}
