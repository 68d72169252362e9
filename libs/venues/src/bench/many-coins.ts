import { ours } from './contenders.ts';
import type { Sample } from './samples.ts';

const COINS = 100;
const BOOKS_PER_SECOND = 25;
const SECONDS = 4;

export interface ManyCoins {
  readonly coins: number;
  readonly booksPerSecond: number;
  readonly messages: number;
  /** Of one core, 0 to 1. */
  readonly share: number;
}

/** The recorded messages under a hundred names each: what share of one core they take at 25 books a second and name. */
export function manyCoins(samples: readonly Sample[]): ManyCoins {
  const loads = ['upbit DEFAULT 30', 'binance 2024-08 BTC'].map((name) => {
    const sample = samples.find((one) => one.name === name);
    if (sample === undefined) throw new Error(`no sample ${name}`);
    return underManyNames(sample);
  });
  const takes = loads.map((load) => ours(load));
  const messages = loads[0]?.messages.length ?? 0;
  const before = process.cpuUsage();
  for (let i = 0; i < messages; i++)
    for (const [venue, load] of loads.entries()) takes[venue]?.(load.messages[i % load.messages.length] as Uint8Array);
  const { user, system } = process.cpuUsage(before);
  return { coins: COINS, booksPerSecond: BOOKS_PER_SECOND, messages: messages * loads.length, share: (user + system) / 1e6 / SECONDS };
}

function underManyNames({ name, adapter, snapshots, messages }: Sample): Sample {
  const code = (coin: number): string => (adapter.venue === 'upbit' ? `KRW-C${coin}` : `C${coin}USDT`);
  const renamed = (bytes: Uint8Array, coin: number): Uint8Array =>
    Buffer.from(
      Buffer.from(bytes)
        .toString()
        .replace(/"(code|s)":"[\w-]+"/, `"$1":"${code(coin)}"`)
        .replace(/"stream":"\w+@/, `"stream":"${code(coin).toLowerCase()}@`),
    );
  const [only] = snapshots;
  // Upbit's are of several pairs, whose times do not follow each other: one pair's serve for all.
  const rounds = messages.filter((bytes, _, [one]) => codeIn(bytes) === codeIn(one as Uint8Array)).slice(0, BOOKS_PER_SECOND * SECONDS);
  const repeats = Array.from({ length: BOOKS_PER_SECOND * SECONDS }, (_, i) => rounds[Math.min(i, rounds.length - 1)] as Uint8Array);
  return {
    name,
    adapter,
    snapshots: only === undefined ? [] : Array.from({ length: COINS }, (_, coin) => ({ code: code(coin), body: only.body })),
    messages: repeats.flatMap((bytes) => Array.from({ length: COINS }, (_, coin) => renamed(bytes, coin))),
  };
}

function codeIn(bytes: Uint8Array): string | undefined {
  return /"(?:code|s)":"([\w-]+)"/.exec(Buffer.from(bytes).toString())?.[1];
}
