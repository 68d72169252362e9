import { add, compare, type Decimal, negate, sign, subtract, ZERO } from '@arb/shared/money';
import type { Route } from './route.ts';

interface CoinLosses {
  daily: Decimal;
  /** Losses in a row. */
  streak: number;
}

/** What finished round trips earned, exact, in the currency of the limits. Open ones count once they end. */
export interface Losses {
  readonly currency: string;
  day: number;
  daily: Decimal;
  /** What the day had earned when a person said go-on: its limit is held against what came since. */
  forgiven: Decimal;
  total: Decimal;
  /** The most that `total` has been: equity has its peak there too. */
  peak: Decimal;
  streak: number;
  readonly coins: Map<string, CoinLosses>;
  /** Of the day. A round trip counts at both of its venues: what it lost cannot be told apart. */
  readonly venues: Map<string, Decimal>;
  /** Trips that ended without a result that could be told. */
  unknown: number;
}

/** As many as a universe may name. */
const MOST_COINS = 1000;

export function newLosses(currency: string, day: number): Losses {
  const none = { daily: ZERO, forgiven: ZERO, total: ZERO, peak: ZERO, streak: 0, unknown: 0 };
  return { currency, day, ...none, coins: new Map(), venues: new Map() };
}

export function bookResult(losses: Losses, { coin, buy, sell }: Route, pnl: Decimal): void {
  losses.daily = add(losses.daily, pnl);
  losses.total = add(losses.total, pnl);
  if (compare(losses.total, losses.peak) > 0) losses.peak = losses.total;
  losses.streak = streakAfter(losses.streak, pnl);
  const ofCoin = losses.coins.get(coin) ?? { daily: ZERO, streak: 0 };
  if (losses.coins.size >= MOST_COINS && !losses.coins.has(coin)) losses.coins.delete(losses.coins.keys().next().value as string);
  losses.coins.set(coin, { daily: add(ofCoin.daily, pnl), streak: streakAfter(ofCoin.streak, pnl) });
  for (const venue of new Set([buy, sell])) losses.venues.set(venue, add(losses.venues.get(venue) ?? ZERO, pnl));
}

/** Nothing earned and nothing lost, as by an order that was never sent, neither makes a streak longer nor ends it. */
export function streakAfter(streak: number, pnl: Decimal): number {
  const won = sign(pnl);
  return won < 0 ? streak + 1 : won > 0 ? 0 : streak;
}

/** What the day lost since it began, or since go-on; below 0 where it earned. */
export function lossOfDay(losses: Losses): Decimal {
  return subtract(losses.forgiven, losses.daily);
}

export function drawdown(losses: Losses): Decimal {
  return subtract(losses.peak, losses.total);
}

export function lossOfCoin(losses: Losses, coin: string): Decimal {
  return negate(losses.coins.get(coin)?.daily ?? ZERO);
}

export function lossAtVenue(losses: Losses, venue: string): Decimal {
  return negate(losses.venues.get(venue) ?? ZERO);
}

/** Streaks and drawdown outlast the night; what is counted by the day does not. */
export function beginDay(losses: Losses, day: number): void {
  losses.day = day;
  losses.daily = ZERO;
  losses.forgiven = ZERO;
  losses.venues.clear();
  for (const [coin, { streak }] of losses.coins) losses.coins.set(coin, { daily: ZERO, streak });
}

/** A person has seen the losses and says go on: limits are held against what comes from now on. */
export function forgive(losses: Losses): void {
  losses.forgiven = losses.daily;
  losses.peak = losses.total;
  losses.streak = 0;
  losses.venues.clear();
}
