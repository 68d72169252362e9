import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MarketSettings } from '../market/index.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../server/simulator.ts';

export const MARKET: MarketSettings = {
  coins: ['BTC', 'DOGE'],
  venues: [
    { name: 'upbit', quote: 'KRW' },
    { name: 'binance', quote: 'USDT' },
  ],
  depth: 10,
  seed: '1',
  booksPerSecond: 400,
};

/** What a test has opened, to be closed after it, the last first. */
export class Ends {
  private readonly ends: (() => unknown)[] = [];

  add(end: () => unknown): void {
    this.ends.push(end);
  }

  async run(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'simulator-'));
    this.add(() => rmSync(folder, { recursive: true }));
    return folder;
  }

  async simulator(given: Partial<SimulatorOptions> & { readonly market?: MarketSettings } = {}): Promise<Simulator> {
    const simulator = await startSimulator({ host: '127.0.0.1', port: 0, market: MARKET, logPath: null, say: () => {}, ...given });
    this.add(() => simulator.close());
    return simulator;
  }
}
