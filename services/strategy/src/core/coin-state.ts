import type { Skips } from './skips.ts';

/** A round trip as the strategy knows it. */
export interface OpenTrip {
  readonly id: string;
  readonly buy: string;
  readonly sell: string;
  /** What is open, as the executor says it; before that, what was asked for. */
  quantity: string;
  /** entering, exiting: decided, outcome not yet known. */
  phase: 'entering' | 'open' | 'exiting';
  readonly entryEdgeBps: number;
  /** The time limit has passed, or a person wants it closed. */
  due: 'time' | 'flatten' | null;
  /** No exit is tried again before: after a refused or an incomplete one. */
  retryAt: number;
}

export interface CoinState {
  trip: OpenTrip | null;
  /** No entry before. */
  restUntil: number;
  readonly skips: Skips;
}

export function newCoinState(): CoinState {
  return { trip: null, restUntil: 0, skips: new Map() };
}
