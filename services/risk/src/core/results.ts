import type { DataOf } from '@arb/shared/contracts';
import { compare, type Decimal, parseDecimal } from '@arb/shared/money';
import { asNumber } from './as-number.ts';
import { trip as tripBreakers } from './breakers.ts';
import { close } from './closures.ts';
import { endOfDay } from './day.ts';
import { release } from './exposure.ts';
import type { Facts } from './facts.ts';
import { bookResult, lossAtVenue, lossOfCoin, streakAfter } from './losses.ts';
import { type Route, routeName } from './route.ts';
import { touchRoute } from './route-watch.ts';
import type { Settings } from './settings.ts';

type Position = DataOf<'position'>;

/**
 * A round trip has ended: what it held is free, what it earned is booked, once, and where that was one loss too many
 * something closes. Returns whether the mode of trading, or only what is closed, may have changed.
 */
export function endTrip(facts: Facts, { trip, pnl }: Position, settings: Settings, now: number): { mode: boolean; closed: boolean } {
  const route = release(facts.exposures, trip);
  if (route === null) return { mode: false, closed: false };
  if (pnl === null) {
    facts.losses.unknown++;
    return { mode: false, closed: false };
  }
  if (pnl.currency !== facts.losses.currency) return { mode: uncounted(facts), closed: false };
  const amount = parseDecimal(pnl.amount);
  bookResult(facts.losses, route, amount);
  const closed = [restCoin, restRoute, closeCoin, closeVenues].map((rule) => rule(facts, route, amount, settings, now));
  return { mode: tripBreakers(facts.mode, facts.losses, settings, now), closed: closed.includes(true) };
}

/** A result that cannot be held against the limits: nothing is entered until a person has looked at it. */
function uncounted({ mode, losses }: Facts): boolean {
  losses.unknown++;
  const rule = 'pnl-currency';
  if (mode.latches.has(rule)) return false;
  mode.latches.set(rule, { rule, tier: 'portfolio', mode: 'REDUCE_ONLY', limit: null, value: null, until: null });
  return true;
}

function restCoin({ losses, closures }: Facts, { coin }: Route, _pnl: Decimal, settings: Settings, now: number): boolean {
  const ofCoin = losses.coins.get(coin);
  const limit = settings.maxCoinLossesInRow;
  if (ofCoin === undefined || limit === null || ofCoin.streak < limit) return false;
  const value = ofCoin.streak;
  ofCoin.streak = 0;
  const until = now + settings.coinCooldownMicros;
  return close(closures, { what: coin, rule: 'coin-losses-in-row', tier: 'symbol', outcome: 'COOLDOWN', limit, value, until });
}

function restRoute({ routes, closures }: Facts, route: Route, pnl: Decimal, settings: Settings, now: number): boolean {
  const limit = settings.maxRouteLossesInRow;
  if (limit === null) return false;
  const what = routeName(route);
  const watch = touchRoute(routes, what);
  const value = streakAfter(watch.streak, pnl);
  watch.streak = value < limit ? value : 0;
  if (value < limit) return false;
  const until = now + settings.routeCooldownMicros;
  return close(closures, { what, rule: 'route-losses-in-row', tier: 'route', outcome: 'COOLDOWN', limit, value, until });
}

function closeCoin({ losses, closures }: Facts, { coin }: Route, _pnl: Decimal, settings: Settings, now: number): boolean {
  const limit = settings.maxCoinDailyLoss;
  const loss = lossOfCoin(losses, coin);
  if (limit === null || compare(loss, limit) < 0) return false;
  const until = endOfDay(now, settings.dayBoundary);
  const numbers = { limit: asNumber(limit), value: asNumber(loss) };
  return close(closures, { what: coin, rule: 'coin-daily-loss', tier: 'symbol', outcome: 'BLOCK', ...numbers, until });
}

function closeVenues({ losses, closures }: Facts, { buy, sell }: Route, _pnl: Decimal, settings: Settings, now: number): boolean {
  const limit = settings.maxVenueDailyLoss;
  if (limit === null) return false;
  let any = false;
  for (const what of [buy, sell]) {
    const loss = lossAtVenue(losses, what);
    if (compare(loss, limit) < 0) continue;
    const until = endOfDay(now, settings.dayBoundary);
    const numbers = { limit: asNumber(limit), value: asNumber(loss) };
    any = close(closures, { what, rule: 'venue-daily-loss', tier: 'exchange', outcome: 'BLOCK', ...numbers, until }) || any;
  }
  return any;
}
