import type { DataOf, Leg } from '@arb/shared/contracts';
import type { ConversionText } from '@arb/shared/money';
import { type Account, newAccount } from './attribution.ts';
import type { OrderState } from './order-life.ts';

export type Purpose = NonNullable<DataOf<'fill'>['purpose']>;

/** An order on its way to a venue. */
export interface Working {
  readonly order: string;
  readonly side: Leg['side'];
  readonly quantity: string;
  readonly limit: string;
  readonly purpose: Purpose;
  /** As it was when the order was sent; null in orders that were saved without it. */
  readonly feeRate: string | null;
  /** What is put aside for it: quote currency when it buys, coins when it sells. */
  readonly reserved: { readonly currency: string; readonly amount: string };
  arrivesAt: number;
  /** It was on its way when the session broke off: so often it still looks for a book from after it. */
  looksLeft?: number;
  readonly latencyMs: number;
  state: OrderState;
  filled: string;
}

export interface LegState {
  readonly venue: string;
  readonly symbol: string;
  readonly side: Leg['side'];
  readonly limit: string;
  readonly expected: string;
  /** Best price on offer when the leg's first order was sent: what all that follows is measured against. */
  readonly sentAtBest: string;
  /** From its quote currency into the numeraire, when its phase began. */
  readonly conversion: ConversionText;
  /** What is filled, less what was taken back or is kept as stock. */
  filled: string;
  tries: number;
  working: Working | null;
  /** Waits for the policy's next try, which may not leave before `pausedUntil`. */
  waiting: boolean;
  pausedUntil: number;
  /** What became of its last order, where that was not all. */
  reason: string | null;
}

/** One allowed decision being carried out: two legs, then what does not match is dealt with by policy, then one outcome. */
export interface Phase {
  readonly kind: 'enter' | 'exit';
  /** `enter`, `exit`, `exit2` …: in order ids. */
  readonly name: string;
  readonly legs: [LegState, LegState];
  /** The verdict that allowed it; of an earlier session as `<session>:<position>`. */
  verdict: number | string | null;
  readonly edgeBps: number;
  everFilled: boolean;
  policy: 'cancel' | 'reverse' | 'proceed';
  /** When the legs were found not to match, and until when the policy may try: that runs from its first try on a good book. */
  since: number | null;
  until: number | null;
  policyTries: number;
  /** What stands on one leg alone, in the numeraire, and since when. */
  gap: number;
  gapSince: number;
  /** What is kept, and why. */
  kept: string | null;
  /** Of an exit that was sent for a part only: why. */
  short?: string;
}

/** Sums over all orders of one leg in one direction; amounts in its quote currency. */
export interface LegTotals {
  readonly phase: Phase['kind'];
  readonly venue: string;
  readonly symbol: string;
  readonly side: Leg['side'];
  asked: string;
  filled: string;
  /** What was filled, at the prices the decisions saw. */
  expectedValue: string;
  lastExpected: string;
  value: string;
  fee: string;
  latencyMs: number;
  orders: number;
}

/** Plain data: it is saved as it stands. Amounts are decimal text. */
export interface Trip {
  readonly id: string;
  readonly coin: string;
  readonly route: DataOf<'decision'>['route'];
  readonly enteredAt: number;
  readonly notional: DataOf<'decision'>['notional'];
  readonly edgeBps: number | null;
  readonly score: number | null;
  readonly enterRule: string | null;
  exitRule: string | null;
  /** Matched and open. */
  quantity: string;
  exits: number;
  unwinds: number;
  /** Coins that were neither matched nor taken back, and whether that was by failure. */
  kept: string;
  abandoned: boolean;
  /** Numeraire × ms. */
  unhedged: number;
  phase: Phase | null;
  readonly legs: LegTotals[];
  readonly account: Account;
}

type Origin = Pick<DataOf<'decision'>, 'coin' | 'route' | 'notional' | 'edgeBps' | 'score' | 'rule'>;

export function newTrip(id: string, decision: Origin, now: number): Trip {
  const { coin, route, notional, edgeBps, score, rule } = decision;
  return {
    id,
    coin,
    route,
    enteredAt: now,
    notional,
    edgeBps,
    score: score ?? null,
    enterRule: rule,
    exitRule: null,
    quantity: '0',
    exits: 0,
    unwinds: 0,
    kept: '0',
    abandoned: false,
    unhedged: 0,
    phase: null,
    legs: [],
    account: newAccount(),
  };
}

/** The sums of a leg in this direction, begun when there are none yet. */
export function totalsOf(trip: Trip, phase: Phase['kind'], { venue, symbol, side, expected }: LegState): LegTotals {
  const found = trip.legs.find((totals) => totals.phase === phase && totals.venue === venue && totals.side === side);
  if (found !== undefined) return found;
  const begun: LegTotals = {
    phase,
    venue,
    symbol,
    side,
    asked: '0',
    filled: '0',
    expectedValue: '0',
    lastExpected: expected,
    value: '0',
    fee: '0',
    latencyMs: 0,
    orders: 0,
  };
  trip.legs.push(begun);
  return begun;
}

export function baseOf(symbol: string): string {
  return symbol.slice(0, symbol.indexOf('-'));
}

export function quoteOf(symbol: string): string {
  return symbol.slice(symbol.indexOf('-') + 1);
}
