import type { DataOf } from '@arb/shared/contracts';

/** Answers that cost as little as they can and are still valid: what is left is the way between the services. */

const MOST_LEVELS = 20;
const BUY = 'upbit';
const SELL = 'binance';

export function coinOf(symbol: string): string {
  return symbol.slice(0, symbol.indexOf('-'));
}

/** The book's number travels as the epoch here, and as the trip's name from the decision on. */
export function l2Of(book: DataOf<'book'>): DataOf<'l2'> {
  const merged = (levels: DataOf<'book'>['bids']): DataOf<'l2'>['bids'] => {
    const most = Math.min(levels.length, MOST_LEVELS);
    const found: DataOf<'l2'>['bids'][number][] = [];
    for (let i = 0; i < most; i++) {
      const [price, size] = levels[i] as (typeof levels)[number];
      found.push([price, size, 0, price]);
    }
    return found;
  };
  return {
    coin: coinOf(book.symbol),
    numeraire: 'USDT',
    venues: [{ venue: book.venue, symbol: book.symbol, state: 'fresh', epoch: book.sequence, ageMs: 0, rate: 1 }],
    bids: merged(book.bids),
    asks: merged(book.asks),
  };
}

export function decisionOf(l2: DataOf<'l2'>): DataOf<'decision'> {
  const { coin } = l2;
  const symbol = l2.venues[0]?.symbol ?? `${coin}-USDT`;
  return {
    kind: 'enter',
    trip: `b-${l2.venues[0]?.epoch ?? 0}`,
    coin,
    route: { buy: BUY, sell: SELL },
    legs: [
      { venue: BUY, symbol, side: 'buy', quantity: '0.01', limit: '100000', expected: '99900' },
      { venue: SELL, symbol, side: 'sell', quantity: '0.01', limit: '99000', expected: '99100' },
    ],
    notional: { amount: '500', currency: 'USDT' },
    edgeBps: 17.5,
    validUntil: null,
    rule: null,
    limit: null,
    value: null,
    why: 'every book is answered',
    numbers: { bid: l2.bids[0]?.[0] ?? null, ask: l2.asks[0]?.[0] ?? null },
  };
}

export function verdictOf(decision: DataOf<'decision'>): DataOf<'verdict'> {
  return {
    outcome: 'ALLOW',
    trip: decision.trip,
    coin: decision.coin,
    decision,
    firstRule: null,
    rule: null,
    tier: null,
    limit: null,
    value: null,
    numbers: {},
  };
}

export function orderOf(verdict: DataOf<'verdict'>): DataOf<'order'> {
  const leg = verdict.decision?.legs[0];
  return {
    order: `${verdict.trip}-1-1`,
    trip: verdict.trip ?? 'none',
    venue: leg?.venue ?? BUY,
    symbol: leg?.symbol ?? `${verdict.coin}-USDT`,
    side: 'buy',
    state: 'intended',
    quantity: leg?.quantity ?? '0',
    filled: '0',
    limit: leg?.limit ?? '0',
    reason: null,
  };
}
