import type { AnyEvent, DataOf, StreamEvent } from '@arb/shared/contracts';
import type { Core, CoreContext, Json } from '@arb/shared/core';
import type { CoinState } from './coin-state.ts';
import { coinStateOf, type Desk, deskUnder, isFromBefore, ratesBehind, renewTerms, sceneOf } from './desk.ts';
import { enter } from './enter.ts';
import { exitOf } from './leave.ts';
import { enterSession, learn, pause, seeBalance, seeHealth, seeInstruments, seeRate } from './market-view.ts';
import { giveUp, rebalance } from './move.ts';
import type { Scene } from './route.ts';
import { loadDesk, saveDesk } from './save.ts';
import { isMeant, type OpenTrip, tagOf, tripsOf, withFill, withOpen } from './trip.ts';
import { areOf, newUsualPremiums, seePremiums } from './usual-premium.ts';
import { VERSION } from './version.ts';
import { midOf } from './walk.ts';

const HOLD = 'hold/';
/** A trip that cannot be closed is tried again after the cooldown, then after twice that, up to 2^6 times. */
const MOST_DOUBLINGS = 6;

/** Merged books in; decisions to enter, to leave, to move inventory, and why not, out. */
export function makeStrategy(): Core {
  let desk: Desk | null = null;

  function start(event: StreamEvent<'session.started'>, context: CoreContext): void {
    const { config, mode, boot } = event.data;
    desk = deskUnder(config, desk);
    desk.tag = tagOf(context.session, boot);
    enterSession(desk.view, mode);
    breakHere(desk, event.position);
    renewTerms(desk);
  }

  /** What was known of the books is over: nothing is decided on it any more. */
  function breakHere(desk: Desk, position: number): void {
    desk.since = position;
    for (const state of desk.coins.values()) state.standing = null;
  }

  function takeL2(desk: Desk, event: StreamEvent<'l2'>, context: CoreContext): void {
    if (isFromBefore(desk, event)) return;
    const { coin } = event.data;
    const state = coinStateOf(desk, coin);
    if (state === null) return;
    state.mid = midOf(event.data) ?? state.mid;
    const scene = sceneOf(desk, event.data);
    learnPremiums(state, event.data, desk, context.now);
    let left = false;
    for (const trip of tripsOf(desk.trips, coin)) left = leave(desk, scene, trip, context) || left;
    // The way back is no opportunity beside itself.
    if (!left) enter(desk, event, scene, state, context);
    rebalance(desk, coin, context);
  }

  function learnPremiums(state: CoinState, l2: DataOf<'l2'>, { settings, ladders }: Desk, now: number): void {
    if (settings.minRoundTripBps === null) return;
    if (state.premiums === null || !areOf(state.premiums, l2)) state.premiums = newUsualPremiums(l2);
    seePremiums(state.premiums, l2, ladders, now, settings);
  }

  function leave(desk: Desk, scene: Scene, trip: OpenTrip, context: CoreContext): boolean {
    if (trip.phase !== 'open' || context.now < trip.retryAt || desk.view.mode === 'HALTED') return false;
    const decision = exitOf(scene, trip, desk.settings, context.now);
    if (decision === null) return false;
    desk.trips.set(trip.id, { ...trip, phase: 'exiting' });
    context.emit('decision', [trip.coin], decision, ratesBehind(desk, trip.buy, trip.sell));
    return true;
  }

  function takeVerdict(desk: Desk, { data }: StreamEvent<'verdict'>, context: CoreContext): void {
    if (data.outcome === 'ALLOW' || data.outcome === 'REDUCE') return;
    giveUp(desk, data.coin, data.trip, context.now);
    const trip = data.trip === null ? undefined : desk.trips.get(data.trip);
    if (trip === undefined) return;
    if (trip.phase === 'entering') finish(desk, trip, context);
    else if (trip.phase === 'exiting') desk.trips.set(trip.id, tryLater(desk, trip, trip.failedExits, context.now));
  }

  function takePosition(desk: Desk, { data }: StreamEvent<'position'>, context: CoreContext): void {
    if (data.state === 'FAILED') giveUp(desk, data.coin, data.trip, context.now);
    const trip = desk.trips.get(data.trip);
    if (trip === undefined || data.state === 'CLOSING') return;
    if (data.state !== 'OPEN') finish(desk, trip, context);
    else if (trip.phase === 'entering') opened(desk, trip, data.quantity, context);
    else {
      const part = Number(data.quantity) / Number(trip.quantity);
      const rest = { ...withOpen(trip, data.quantity), proceeds: trip.proceeds * part };
      desk.trips.set(trip.id, trip.phase === 'open' ? rest : tryLater(desk, rest, part < 1 ? 0 : trip.failedExits, context.now));
    }
  }

  function opened(desk: Desk, trip: OpenTrip, quantity: string, context: CoreContext): void {
    const part = Number(quantity) / Number(trip.quantity);
    const { value, proceeds } = trip;
    const open = withOpen(trip, quantity);
    desk.trips.set(trip.id, { ...open, phase: 'open', value: value * part, proceeds: proceeds * part, since: context.now });
    context.setTimer(HOLD + trip.id, context.now + desk.settings.maxHoldMicros);
  }

  function tryLater(desk: Desk, trip: OpenTrip, failed: number, now: number): OpenTrip {
    let rest = desk.settings.cooldownMicros;
    for (let i = 0; i < Math.min(failed, MOST_DOUBLINGS); i++) rest *= 2;
    return { ...trip, phase: 'open', retryAt: now + rest, failedExits: failed + 1 };
  }

  function finish(desk: Desk, trip: OpenTrip, context: CoreContext): void {
    desk.trips.delete(trip.id);
    const state = coinStateOf(desk, trip.coin);
    if (state !== null) state.restUntil = context.now + desk.settings.cooldownMicros;
    context.clearTimer(HOLD + trip.id);
  }

  function takeFill(desk: Desk, event: StreamEvent<'fill'>): void {
    learn(desk.view, event, desk.settings);
    renewTerms(desk);
    const trip = desk.trips.get(event.data.trip);
    if (trip !== undefined) desk.trips.set(trip.id, withFill(trip, event.data));
  }

  function obey(desk: Desk, event: StreamEvent<'command'>): void {
    const { view, trips } = desk;
    const what = event.subject.slice('command.'.length);
    const { target } = event.data;
    if (what === 'pause' && target !== undefined) pause(view, target);
    else if (what === 'resume' && target !== undefined) view.paused.delete(target);
    else if (what === 'halt') view.mode = 'HALTED';
    else if (what === 'reduce-only') view.mode = 'REDUCE_ONLY';
    else if (what === 'go-on') view.mode = 'ACTIVE';
    else if (what === 'flatten')
      for (const trip of trips.values())
        if (isMeant(trip, target)) trips.set(trip.id, { ...trip, due: 'flatten', retryAt: 0, failedExits: 0 });
  }

  return {
    version: VERSION,
    schema: 4,
    inputs: [
      'session.started',
      'session.resumed',
      'clock',
      'l2',
      'fx',
      'instruments',
      'universe',
      'verdict',
      'fill',
      'position',
      'balance',
      'health',
      'guard',
      'command',
    ],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event, context);
      else if (desk === null) return;
      else if (event.type === 'l2') takeL2(desk, event, context);
      else if (event.type === 'verdict') takeVerdict(desk, event, context);
      else if (event.type === 'position') takePosition(desk, event, context);
      else if (event.type === 'fill') takeFill(desk, event);
      else if (event.type === 'balance') seeBalance(desk.view, event);
      else if (event.type === 'health') seeHealth(desk.view, event);
      else if (event.type === 'fx') seeRate(desk.view, event);
      else if (event.type === 'universe') desk.view.universe = new Set(event.data.coins);
      else if (event.type === 'guard') desk.view.mode = event.data.mode;
      else if (event.type === 'command') obey(desk, event);
      else if (event.type === 'session.resumed') breakHere(desk, event.position);
      else if (event.type === 'instruments') {
        seeInstruments(desk.view, event, desk.settings);
        renewTerms(desk);
      }
    },

    /** The time limit only marks a trip as due: it is closed on the next fresh book. */
    onTimer(id: string): void {
      const name = id.slice(HOLD.length);
      // Timers that older code set are named after the coin.
      const trip = desk?.trips.get(name) ?? (desk === null ? undefined : tripsOf(desk.trips, name)[0]);
      if (desk !== null && trip !== undefined && trip.due === null) desk.trips.set(trip.id, { ...trip, due: 'time' });
    },

    save(): Json {
      return saveDesk(desk);
    },

    load(json: Json, schema: number): void {
      desk = loadDesk(json, schema);
    },
  };
}
