import { join } from 'node:path';
import { inDefaultFormat } from '../bench/samples.ts';
import { type Recorded, readRecording } from '../recording/index.ts';

export { fuzzBinance } from './binance.ts';
export { mutate, seeded } from './mutate.ts';
export type { FuzzReport } from './report.ts';
export { fuzzUpbit } from './upbit.ts';

/** Upbit's recorded books in both of its formats. */
export function upbitFrames(folder: string): readonly Uint8Array[] {
  const { entries } = readRecording([join(folder, 'upbit', 'upbit_20210405_simple_9pairs.jsonl.gz')], 'upbit');
  return entries.flatMap((entry) => {
    if (entry.kind !== 'frame') return [];
    const text = Buffer.from(entry.bytes).toString();
    return text.startsWith('{"ty":"orderbook"') ? [entry.bytes, Buffer.from(inDefaultFormat(text))] : [];
  });
}

export function binanceEntries(folder: string): readonly Recorded[] {
  return readRecording([join(folder, 'binance', 'binance_20210404_btc_eth_dot_usdt.jsonl.gz')], 'binance').entries;
}
