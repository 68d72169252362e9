import type { AnyEvent, StreamEvent } from '@arb/shared/contracts';
import type { Core, CoreContext, Json } from '@arb/shared/core';
import type { CoinState, OpenTrip } from './coin-state.ts';
import { entry, quantityText, skip, venuesOf } from './decide.ts';
import { bestRoute, coinStateOf, type Refusal, refusalOf } from './enter.ts';
import { exitOf } from './leave.ts';
import { type MarketView, newMarketView, pause, seeBalance, seeHealth, seeRate } from './market-view.ts';
import type { Route } from './route.ts';
import { type Settings, settingsOf } from './settings.ts';
import { maySkip } from './skips.ts';
import { VERSION } from './version.ts';

const HOLD = 'hold/';
/** As many as a universe may name. */
const MOST_COINS = 1000;

/** Merged books in; decisions to enter, to leave, and why not, out. At most one open round trip per coin. */
export function makeStrategy(): Core {
  let config: unknown = null;
  let settings: Settings | null = null;
  let trips = 0;
  let view: MarketView = newMarketView();
  const coins = new Map<string, CoinState>();

  function start(event: StreamEvent<'session.started'>): void {
    config = event.data.config;
    settings = settingsOf(config);
    // Health and rates are said anew in every session; trips, pauses and balances go on.
    view.health.clear();
    view.rates.clear();
  }

  function takeL2(event: StreamEvent<'l2'>, settings: Settings, context: CoreContext): void {
    const l2 = event.data;
    if (coins.size >= MOST_COINS && !coins.has(l2.coin)) return;
    const state = coinStateOf(coins, l2.coin);
    if (state.trip !== null) leave(event, state, state.trip, settings, context);
    else if (context.now >= state.restUntil) enter(event, state, settings, context);
  }

  function enter(event: StreamEvent<'l2'>, state: CoinState, settings: Settings, context: CoreContext): void {
    const l2 = event.data;
    const { route, fresh } = bestRoute(l2, settings);
    if (route === null) {
      const refusal: Refusal =
        fresh < 2
          ? { rule: 'fresh-venues', limit: 2, value: fresh, why: 'fewer than two venues are fresh' }
          : { rule: 'depth', limit: settings.notional, value: null, why: 'the books show too little depth for the size' };
      refuse(event, state, null, refusal, settings, context);
      return;
    }
    const refusal = refusalOf(l2, route, view, settings);
    if (refusal !== null) {
      refuse(event, state, route, refusal, settings, context);
      return;
    }
    const trip = `${l2.coin}-${++trips}`;
    const { buy, sell } = venuesOf(l2, route.buy, route.sell);
    const quantity = quantityText(route.quantity);
    state.trip = { id: trip, buy, sell, quantity, phase: 'entering', entryEdgeBps: route.edgeBps, due: null, retryAt: 0 };
    context.emit('decision', [l2.coin], entry(l2, route, trip, settings, context.now), [...view.rates.values()].slice(0, 16));
  }

  function refuse(
    event: StreamEvent<'l2'>,
    state: CoinState,
    route: Route | null,
    refusal: Refusal,
    settings: Settings,
    context: CoreContext,
  ): void {
    if (maySkip(state.skips, refusal.rule, context.now))
      context.emit('decision', [event.data.coin], skip(event.data, route, settings, refusal));
  }

  function leave(event: StreamEvent<'l2'>, state: CoinState, trip: OpenTrip, settings: Settings, context: CoreContext): void {
    if (trip.phase !== 'open' || context.now < trip.retryAt) return;
    const decision = exitOf(event.data, trip, settings, context.now);
    if (decision === null) return;
    state.trip = { ...trip, phase: 'exiting' };
    context.emit('decision', [event.data.coin], decision, [...view.rates.values()].slice(0, 16));
  }

  function tripOf(coin: string, id: string | null): { state: CoinState; trip: OpenTrip } | null {
    const state = coins.get(coin);
    return state === undefined || state.trip === null || state.trip.id !== id ? null : { state, trip: state.trip };
  }

  function takeVerdict({ data }: StreamEvent<'verdict'>, settings: Settings, context: CoreContext): void {
    if (data.outcome === 'ALLOW' || data.outcome === 'REDUCE') return;
    const found = tripOf(data.coin, data.trip);
    if (found === null) return;
    const { state, trip } = found;
    if (trip.phase === 'entering') finish(state, data.coin, settings, context);
    else if (trip.phase === 'exiting') state.trip = { ...trip, phase: 'open', retryAt: context.now + settings.cooldownMicros };
  }

  function takePosition({ data }: StreamEvent<'position'>, settings: Settings, context: CoreContext): void {
    const found = tripOf(data.coin, data.trip);
    if (found === null || data.state === 'CLOSING') return;
    const { state, trip } = found;
    if (data.state !== 'OPEN') {
      finish(state, data.coin, settings, context);
      return;
    }
    if (trip.phase === 'entering') context.setTimer(HOLD + data.coin, context.now + settings.maxHoldMicros);
    const retryAt = trip.phase === 'exiting' ? context.now + settings.cooldownMicros : 0;
    state.trip = { ...trip, phase: 'open', quantity: data.quantity, retryAt };
  }

  function finish(state: CoinState, coin: string, settings: Settings, context: CoreContext): void {
    state.trip = null;
    state.restUntil = context.now + settings.cooldownMicros;
    context.clearTimer(HOLD + coin);
  }

  function obey(event: StreamEvent<'command'>): void {
    const what = event.subject.slice('command.'.length);
    const { target } = event.data;
    if (what === 'pause' && target !== undefined) pause(view, target);
    else if (what === 'resume' && target !== undefined) view.paused.delete(target);
    else if (what === 'flatten') {
      for (const [coin, state] of coins)
        if (state.trip !== null && (target === undefined || target === coin)) state.trip = { ...state.trip, due: 'flatten' };
    }
  }

  return {
    version: VERSION,
    schema: 1,
    inputs: ['session.started', 'clock', 'l2', 'fx', 'verdict', 'position', 'balance', 'health', 'command'],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event);
      else if (settings === null) return;
      else if (event.type === 'l2') takeL2(event, settings, context);
      else if (event.type === 'verdict') takeVerdict(event, settings, context);
      else if (event.type === 'position') takePosition(event, settings, context);
      else if (event.type === 'balance') seeBalance(view, event);
      else if (event.type === 'health') seeHealth(view, event);
      else if (event.type === 'fx') seeRate(view, event);
      else if (event.type === 'command') obey(event);
    },

    /** The time limit only marks a trip as due: it is closed on the next fresh book. */
    onTimer(id: string): void {
      const state = coins.get(id.slice(HOLD.length));
      if (state !== undefined && state.trip !== null && state.trip.due === null) state.trip = { ...state.trip, due: 'time' };
    },

    save(): Json {
      const { health, balances, paused, rates } = view;
      return {
        config,
        trips,
        coins: [...coins].map(([coin, { trip, restUntil, skips }]) => [coin, trip, restUntil, [...skips]]),
        view: {
          health: [...health],
          balances: [...balances].map(([venue, held]) => [venue, [...held]]),
          paused: [...paused],
          rates: [...rates],
        },
      } as unknown as Json;
    },

    load(json: Json): void {
      const saved = json as unknown as Saved;
      config = saved.config;
      settings = config === null ? null : settingsOf(config);
      trips = saved.trips;
      coins.clear();
      for (const [coin, trip, restUntil, skips] of saved.coins) coins.set(coin, { trip, restUntil, skips: new Map(skips) });
      view = {
        health: new Map(saved.view.health),
        balances: new Map(saved.view.balances.map(([venue, held]) => [venue, new Map(held)])),
        paused: new Set(saved.view.paused),
        rates: new Map(saved.view.rates),
      };
    },
  };
}

interface Saved {
  readonly config: unknown;
  readonly trips: number;
  readonly coins: readonly [coin: string, trip: OpenTrip | null, restUntil: number, skips: [string, number][]][];
  readonly view: {
    readonly health: [string, { state: 'HEALTHY' | 'DEGRADED' | 'DOWN' | 'FROZEN'; suspended: readonly string[] }][];
    readonly balances: [string, [string, number][]][];
    readonly paused: string[];
    readonly rates: [string, number][];
  };
}
