import { join } from 'node:path';
import type { VenueAdapter } from '../adapter.ts';
import { type Recorded, readRecording } from '../recording/index.ts';
import { VENUES } from '../registry.ts';

/** One recording's book messages, and what must be known before the first of them. */
export interface Sample {
  readonly name: string;
  readonly adapter: VenueAdapter;
  readonly snapshots: readonly { readonly code: string; readonly body: Uint8Array }[];
  readonly messages: readonly Uint8Array[];
}

const BINANCE_FILES = [
  ['2024-08 BTC', 'btcusdt_20240808.gz'],
  ['2021-04 BTC ETH DOT', 'binance_20210404_btc_eth_dot_usdt.jsonl.gz'],
  ['US 2021-04 10 symbols', 'binance-us_20210417_10symbols_usdtusd.jsonl.gz'],
] as const;

export function readSamples(folder: string): readonly Sample[] {
  return [...upbitSamples(folder), ...BINANCE_FILES.map(([name, file]) => binanceSample(name, join(folder, 'binance', file)))];
}

function adapterOf(venue: string): VenueAdapter {
  const adapter = VENUES.get(venue);
  if (adapter === undefined) throw new Error(`no adapter for ${venue}`);
  return adapter;
}

function framesOf(entries: readonly Recorded[]): readonly Uint8Array[] {
  return entries.flatMap((entry) => (entry.kind === 'frame' ? [entry.bytes] : []));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

/** The recorded frames, and the same in format DEFAULT, which is a one-to-one renaming. */
function upbitSamples(folder: string): readonly Sample[] {
  const { entries } = readRecording([join(folder, 'upbit', 'upbit_20210405_simple_9pairs.jsonl.gz')], 'upbit');
  const simple = framesOf(entries).filter((bytes) => text(bytes).startsWith('{"ty":"orderbook"'));
  const adapter = adapterOf('upbit');
  const none = { adapter, snapshots: [] };
  return [
    { ...none, name: 'upbit SIMPLE 15', messages: simple },
    { ...none, name: 'upbit DEFAULT 15', messages: simple.map((bytes) => Buffer.from(inDefaultFormat(text(bytes)))) },
    { ...none, name: 'upbit DEFAULT 30', messages: simple.map((bytes) => Buffer.from(inDefaultFormat(withThirtyUnits(text(bytes))))) },
  ];
}

const NAMES: Readonly<Record<string, string>> = {
  ...{ ty: 'type', cd: 'code', tms: 'timestamp', tas: 'total_ask_size', tbs: 'total_bid_size', obu: 'orderbook_units' },
  ...{ ap: 'ask_price', bp: 'bid_price', as: 'ask_size', bs: 'bid_size', st: 'stream_type', lv: 'level' },
};

export function inDefaultFormat(simple: string): string {
  return simple.replaceAll(/"(\w+)":/g, (key, name: string) => (NAMES[name] === undefined ? key : `"${NAMES[name]}":`));
}

/** The recording is of a time of fifteen levels: fifteen more behind them, at prices further out. */
function withThirtyUnits(simple: string): string {
  const message = JSON.parse(simple) as { obu: { ap: number; bp: number; as: number; bs: number }[] };
  const [first, last] = [message.obu[0], message.obu.at(-1)];
  if (first === undefined || last === undefined) return simple;
  const shifted = message.obu.map((unit) => ({
    ...unit,
    ap: Number((unit.ap - first.ap + last.ap + (last.ap - first.ap) / 14).toPrecision(12)),
    bp: Number((unit.bp / 1e6).toPrecision(12)),
  }));
  return JSON.stringify({ ...message, obu: [...message.obu, ...shifted] });
}

function binanceSample(name: string, path: string): Sample {
  const { entries } = readRecording([path], 'binance');
  const frames = framesOf(entries).filter((bytes) => text(bytes.subarray(0, 80)).includes('@depth'));
  const only = /"s":"(\w+)"/.exec(text(frames[0] ?? new Uint8Array(0)))?.[1] ?? '';
  const snapshots = entries.flatMap((entry) => {
    if (entry.kind !== 'answer' || (entry.url !== null && !entry.url.includes('/depth?'))) return [];
    return [{ code: /symbol=(\w+)/.exec(entry.url ?? '')?.[1] ?? only, body: entry.body }];
  });
  // Without those that the snapshot holds already: every message that is measured changes a book.
  const ids = new Map(snapshots.map(({ code, body }) => [code, (JSON.parse(text(body)) as { lastUpdateId: number }).lastUpdateId]));
  const messages = frames.filter((bytes) => {
    const { data } = JSON.parse(text(bytes)) as { data: { s: string; u: number } };
    return data.u > (ids.get(data.s) ?? Number.POSITIVE_INFINITY);
  });
  return { name: `binance ${name}`, adapter: adapterOf('binance'), snapshots, messages };
}
