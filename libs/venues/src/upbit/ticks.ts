import type { TickStep } from '../instrument.ts';

/** KRW market since 2025-07-31. Only for when `/v1/orderbook/instruments` does not answer: Upbit changes it every year. */
const KRW: readonly TickStep[] = [
  { from: '0', tick: '0.00000001' },
  { from: '0.00001', tick: '0.0000001' },
  { from: '0.0001', tick: '0.000001' },
  { from: '0.001', tick: '0.00001' },
  { from: '0.01', tick: '0.0001' },
  { from: '0.1', tick: '0.001' },
  { from: '1', tick: '0.01' },
  { from: '10', tick: '0.1' },
  { from: '100', tick: '1' },
  { from: '5000', tick: '5' },
  { from: '10000', tick: '10' },
  { from: '50000', tick: '50' },
  { from: '100000', tick: '100' },
  { from: '500000', tick: '500' },
  { from: '1000000', tick: '1000' },
];

const USDT: readonly TickStep[] = [
  { from: '0', tick: '0.00000001' },
  { from: '0.0001', tick: '0.0000001' },
  { from: '0.001', tick: '0.000001' },
  { from: '0.01', tick: '0.00001' },
  { from: '0.1', tick: '0.0001' },
  { from: '1', tick: '0.001' },
  { from: '10', tick: '0.01' },
];

const BTC: readonly TickStep[] = [{ from: '0', tick: '0.00000001' }];

export function publishedTicks(quote: string): readonly TickStep[] {
  return quote === 'KRW' ? KRW : quote === 'USDT' ? USDT : BTC;
}

const LEAST: Readonly<Record<string, string>> = { KRW: '5000', BTC: '0.00005', USDT: '0.5' };

export function leastNotional(quote: string): string | null {
  return LEAST[quote] ?? null;
}
