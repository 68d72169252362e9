import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeShell } from '@arb/market-data';
import { newSession } from '@arb/market-data/testing';
import type { DataOf, EventType } from '@arb/shared/contracts';
import { type LogLine, readLog, startSimulator } from '@arb/simulator';
import { until } from '../stack/until.ts';
import type { NamedFault } from './faults.ts';

export const VENUES = [
  { name: 'upbit', quote: 'KRW' },
  { name: 'binance', quote: 'USDT' },
] as const;
export const COINS = ['BTC', 'DOGE'] as const;
const BOOKS_PER_SECOND = 160;
const START_WITHIN_MS = 60_000;
/** Beyond what is asked of the recovery, so that a late one is measured and not only missed. */
const WATCHED_AFTER_MS = 7_000;
const QUIET_AFTER_MS = 500;
const PULSE_MS = 20;
const STALL_MS = 100;

/** One event of market-data and when it was said, µs. */
export interface Heard {
  readonly type: EventType;
  readonly words: readonly string[];
  readonly data: unknown;
  readonly at: number;
}

export interface Scene {
  readonly heard: readonly Heard[];
  readonly log: readonly LogLine[];
  /** µs. */
  readonly beganAt: number;
  readonly endedAt: number;
  readonly untilAt: number;
  /** When this process was given no processor for a while, µs: neither market nor shell went on. */
  readonly stalls: readonly { readonly from: number; readonly until: number }[];
}

const now = (): number => Math.floor((performance.timeOrigin + performance.now()) * 1_000);

/** The service's own shell on real sockets to the simulated venues, all of which have the fault for so long. */
export async function playFault(fault: NamedFault, seconds: number, seed: string): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'arb-faults-'));
  const logPath = join(folder, 'sent.jsonl');
  const market = { source: 'simulated' as const, coins: COINS, venues: VENUES, depth: 5, seed, statusSeconds: 1 };
  const simulator = await startSimulator({
    host: '127.0.0.1',
    port: 0,
    market: { ...market, booksPerSecond: BOOKS_PER_SECOND },
    logPath,
    say: () => {},
  });
  const session = newSession(market);
  const shell = makeShell({
    time: session.time,
    simulatorUrl: simulator.url,
    bankRateUrl: null,
    random: Math.random,
    log: () => {},
    recordings: null,
  });
  const command = async (method: 'POST' | 'DELETE', body?: unknown): Promise<void> => {
    const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${simulator.url}/control/faults`, { method, ...given });
    if (!response.ok) throw new Error(`the simulator refuses the fault ${fault.name}: ${await response.text()}`);
  };
  const stalls: { readonly from: number; readonly until: number }[] = [];
  let pulse = now();
  const pulses = setInterval(() => {
    const at = now();
    if (at - pulse > STALL_MS * 1_000) stalls.push({ from: pulse + PULSE_MS * 1_000, until: at });
    pulse = at;
  }, PULSE_MS);
  try {
    const heard: Heard[] = [];
    const { context } = session;
    shell.onLive({
      ...context,
      say(type, words, data, options) {
        const said = context.say(type, words, data, options);
        if (said) heard.push({ type, words, data, at: now() });
        return said;
      },
    });
    shell.onLease(true);
    const quoted = (from: number, at: number): Promise<true> =>
      until('books of every pair', at, () => {
        const symbols = new Set<string>();
        for (let i = heard.length - 1; i >= from; i--) {
          const { type, data } = heard[i] as Heard;
          if (type !== 'book') continue;
          const { symbol, bids, backup } = data as DataOf<'book'>;
          if (bids.length > 0 && backup !== true) symbols.add(symbol);
        }
        return symbols.size === VENUES.length * COINS.length && heard.some(({ type }) => type === 'fx') ? true : null;
      });
    await quoted(0, START_WITHIN_MS);
    await sleep(QUIET_AFTER_MS);
    const beganAt = now();
    await command(
      'POST',
      VENUES.flatMap(({ name, quote }) => fault.of(`${COINS[0]}-${quote}`).map((wish) => ({ venue: name, seconds: 600, ...wish }))),
    );
    await sleep(seconds * 1_000);
    await command('DELETE');
    await sleep(fault.lingersMs ?? 0);
    const endedAt = now();
    const from = heard.length;
    await quoted(from, WATCHED_AFTER_MS).catch(() => false); // what was not heard is judged with all that was
    // What looks right again has to stay so.
    await sleep(1_000);
    shell.onEnd();
    const untilAt = now();
    await simulator.close();
    return { heard, log: readLog(logPath), beganAt, endedAt, untilAt, stalls };
  } finally {
    clearInterval(pulses);
    shell.onEnd();
    await simulator.close();
    rmSync(folder, { recursive: true });
  }
}
