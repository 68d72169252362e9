import type { DataOf, Leg } from '@arb/shared/contracts';

/** An order on its way to a venue. */
export interface Working {
  readonly order: string;
  readonly side: Leg['side'];
  readonly quantity: string;
  readonly limit: string;
  readonly expected: string;
  /** Takes back what its leg has filled too much. */
  readonly unwinds: boolean;
}

export interface LegState {
  readonly venue: string;
  readonly symbol: string;
  readonly side: Leg['side'];
  /** What is filled, less what was unwound again. */
  filled: string;
  tries: number;
  unwinds: number;
  working: Working | null;
  /** Waits for its next unwind, which may not leave before `pausedUntil`. */
  waiting: boolean;
  pausedUntil: number;
  /** What became of its last order, where that was not all. */
  reason: string | null;
}

/** One allowed decision being carried out: two legs, then what does not match is unwound, then one outcome. */
export interface Phase {
  readonly kind: 'enter' | 'exit';
  /** `enter`, `exit`, `exit2` …: in order ids. */
  readonly name: string;
  readonly legs: [LegState, LegState];
  /** The verdict that allowed it; of an earlier session as `<session>:<position>`. */
  verdict: number | string | null;
  everFilled: boolean;
}

/** Plain data: it is saved as it stands. Amounts are decimal text. */
export interface Trip {
  readonly id: string;
  readonly coin: string;
  readonly route: DataOf<'decision'>['route'];
  /** Matched and open. */
  quantity: string;
  exits: number;
  phase: Phase | null;
  readonly account: Account;
}

/** What a trip has brought in and cost, by currency, and what that was worth when it happened. */
export interface Account {
  /** Net of fees; the coin itself among them. */
  flows: [currency: string, amount: string][];
  /** In the numeraire, each fill at the rate of its time; null once a fill had no rate. */
  gross: string | null;
  fees: string | null;
  /** The coin's price in the numeraire at the last fill. */
  lastPrice: string | null;
}

export function newTrip(id: string, { coin, route }: Pick<DataOf<'decision'>, 'coin' | 'route'>): Trip {
  const account: Account = { flows: [], gross: '0', fees: '0', lastPrice: null };
  return { id, coin, route, quantity: '0', exits: 0, phase: null, account };
}

export function newLeg({ venue, symbol, side }: Leg): LegState {
  return { venue, symbol, side, filled: '0', tries: 0, unwinds: 0, working: null, waiting: false, pausedUntil: 0, reason: null };
}

export function baseOf(symbol: string): string {
  return symbol.slice(0, symbol.indexOf('-'));
}

export function quoteOf(symbol: string): string {
  return symbol.slice(symbol.indexOf('-') + 1);
}
