export type { CoinRow } from './coin-row.ts';
export type { AlertRow, BalanceRow, Book, FillRow, OrderRow, TripRow } from './rows.ts';
export type { SessionFacts } from './session-facts.ts';
export { type Change, LIMITS, makeView, type State, type View } from './view.ts';
