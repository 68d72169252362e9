import type { AnyEvent, DataOf, StreamEvent } from '@arb/shared/contracts';
import { type Core, type CoreContext, type Json, rateAsOf } from '@arb/shared/core';
import { type Decimal, money } from '@arb/shared/money';
import { beginSession, doubtBooks } from './begin.ts';
import { close, openDue } from './closures.ts';
import { newCoinWatch, watchL2 } from './coin-watch.ts';
import { obey } from './commands.ts';
import { countVerdict } from './counters.ts';
import { dayOf, endOfDay } from './day.ts';
import { reserve } from './exposure.ts';
import { type Facts, newFacts, remember } from './facts.ts';
import { journalLagMs } from './lag.ts';
import { beginDay } from './losses.ts';
import { effective, liftDue } from './mode.ts';
import { endTrip } from './results.ts';
import { countEntry, touchRoute } from './route-watch.ts';
import type { Decision, Entry } from './rules/index.ts';
import { factsOf, type Saved, savedOf } from './saved.ts';
import { type Settings, settingsOf } from './settings.ts';
import { fromSchemaOne } from './upcast.ts';
import { entryOf, numbersOf, refusal, verdictOf } from './verdict.ts';
import { VERSION } from './version.ts';
import { sayNow, saySoon, wakeAtNextEnd } from './voice.ts';
import { passed, type Weighed, weigh, weighTransfer } from './weigh.ts';

const MINUTE_MICROS = 60_000_000;
/** As many as a universe may name; what comes beyond has no fresh book, so it is never entered. */
const MOST_COINS = 1000;

/** Decisions in; exactly one verdict for each that asks for one, and what guards the trading, out. */
export function makeRisk(): Core {
  let config: unknown = null;
  let settings: Settings | null = null;
  let facts: Facts = newFacts();

  function start(event: StreamEvent<'session.started'>, context: CoreContext): void {
    const goesOn = event.data.parent !== null && settings !== null;
    config = event.data.config;
    settings = settingsOf(config);
    beginSession(facts, event, goesOn, settings, context.now);
    context.setTimer('minute', context.now + MINUTE_MICROS);
    context.setTimer('day', endOfDay(context.now, settings.dayBoundary));
    wakeAtNextEnd(facts, context);
    sayNow(facts, settings, context);
  }

  function judge(decision: Decision, settings: Settings, context: CoreContext): void {
    if (decision.kind === 'skipped') return;
    if (decision.kind === 'enter') judgeEntry(decision, settings, context);
    else if (decision.kind === 'exit') judgeExit(decision, context);
    else judgeTransfer(decision, settings, context);
  }

  function judgeEntry(decision: Decision, settings: Settings, context: CoreContext): void {
    const entry = entryOf(decision, settings, context.now);
    if (entry === null) {
      answer(decision, refusal('legs-off-route', 'route'), {}, context);
      return;
    }
    const weighed = weigh(entry, facts, settings);
    const numbers = numbersOf(entry, facts, settings, weighed);
    if (weighed.granted !== null) take(entry, weighed.granted, settings);
    answer(decision, weighed, numbers, context);
  }

  function take({ decision, coin, buy, sell, routeName, now }: Entry, granted: Decimal, settings: Settings): void {
    reserve(facts.exposures, decision.trip as string, { coin, buy, sell, amount: money(granted, settings.currency) });
    if (settings.maxEntriesPerRoute === null) return;
    countEntry(touchRoute(facts.routes, routeName), now, settings.routeWindowMicros, settings.maxEntriesPerRoute);
  }

  /** Getting out is always allowed, but for a halt: then no order leaves at all. */
  function judgeExit(decision: Decision, context: CoreContext): void {
    const halted = effective(facts.mode).mode === 'HALTED';
    answer(decision, halted ? refusal('mode-HALTED', 'portfolio') : passed(decision), {}, context);
  }

  /** Nothing is exposed by it, so nothing is reserved: it is only a matter of where and when. */
  function judgeTransfer(decision: Decision, settings: Settings, context: CoreContext): void {
    const entry = entryOf(decision, settings, context.now);
    const weighed = entry === null ? refusal('transfer-off-route', 'route') : weighTransfer(entry, facts, settings);
    answer(decision, weighed, { fill: facts.fill, journalLagMs: journalLagMs(facts, context.now) }, context);
  }

  function answer(decision: Decision, weighed: Weighed, numbers: DataOf<'verdict'>['numbers'], context: CoreContext): void {
    countVerdict(facts.counters, weighed.outcome, weighed.first?.rule ?? null, weighed.deciding?.rule ?? null);
    context.emit('verdict', [decision.coin], verdictOf(decision, weighed, numbers));
  }

  function takePosition({ data }: StreamEvent<'position'>, settings: Settings, context: CoreContext): void {
    if (data.state !== 'CLOSED' && data.state !== 'UNWOUND' && data.state !== 'FAILED') return;
    const { mode, closed } = endTrip(facts, data, settings, context.now);
    if (mode || closed) wakeAtNextEnd(facts, context);
    if (mode) sayNow(facts, settings, context);
    else if (closed) saySoon(facts, context);
  }

  function takeL2(event: StreamEvent<'l2'>, settings: Settings, context: CoreContext): void {
    const { coin } = event.data;
    let watch = facts.coins.get(coin);
    if (watch === undefined) {
      if (facts.coins.size >= MOST_COINS) return;
      watch = newCoinWatch();
      facts.coins.set(coin, watch);
    }
    const move = watchL2(watch, event.data, event.at, facts.since, settings);
    const limit = settings.breakerMoveBps;
    if (move === null || limit === null || Math.abs(move) < limit) return;
    // The next move counts from here: one jump breaks the circuit once.
    watch.sample = null;
    const until = context.now + settings.breakerMicros;
    const value = Math.abs(move);
    if (!close(facts.closures, { what: coin, rule: 'coin-breaker', tier: 'symbol', outcome: 'BLOCK', limit, value, until })) return;
    wakeAtNextEnd(facts, context);
    sayNow(facts, settings, context);
  }

  function takeCommand(event: StreamEvent<'command'>, settings: Settings, context: CoreContext): void {
    if (!obey(facts, event)) return;
    wakeAtNextEnd(facts, context);
    sayNow(facts, settings, context);
  }

  function takeRate({ data, at }: StreamEvent<'fx'>): void {
    remember(facts.rates, data.pair, { rate: data.rate, at: rateAsOf(data, at), standsIn: data.tier === 'http' || data.tier === 'static' });
  }

  function takeHealth({ data }: StreamEvent<'health'>): void {
    const warned = (data.warned ?? []).map(({ coin }) => coin);
    remember(facts.health, data.venue, { state: data.state, suspended: data.suspended, warned });
  }

  return {
    version: VERSION,
    schema: 3,
    inputs: ['session.started', 'session.resumed', 'clock', 'l2', 'decision', 'position', 'balance', 'fx', 'health', 'universe', 'command'],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event, context);
      else if (settings === null) return;
      else if (event.type === 'l2') takeL2(event, settings, context);
      else if (event.type === 'decision') judge(event.data, settings, context);
      else if (event.type === 'position') takePosition(event, settings, context);
      else if (event.type === 'balance') remember(facts.balances, event.data.venue, event.data.balances);
      else if (event.type === 'fx') takeRate(event);
      else if (event.type === 'health') takeHealth(event);
      else if (event.type === 'universe') facts.universe = new Set(event.data.coins);
      else if (event.type === 'command') takeCommand(event, settings, context);
      else if (event.type === 'session.resumed') doubtBooks(facts, event.at);
      else if (event.type === 'clock') {
        facts.fill = event.data.fill;
        facts.committedAt = event.data.committedAt;
      }
    },

    onTimer(id: string, context: CoreContext): void {
      if (settings === null) throw new Error(`risk: timer ${id} fired before any session began`);
      if (id === 'minute') {
        context.setTimer('minute', context.now + MINUTE_MICROS);
        sayNow(facts, settings, context);
      } else if (id === 'day') {
        beginDay(facts.losses, dayOf(context.now, settings.dayBoundary));
        context.setTimer('day', endOfDay(context.now, settings.dayBoundary));
        sayNow(facts, settings, context);
      } else if (id === 'ends') {
        const lifted = liftDue(facts.mode, context.now);
        const opened = openDue(facts.closures, context.now);
        wakeAtNextEnd(facts, context);
        if (lifted) sayNow(facts, settings, context);
        else if (opened) saySoon(facts, context);
      } else if (id === 'say') sayNow(facts, settings, context);
      else throw new Error(`risk: expected a timer minute, day, ends or say, found ${id}`);
    },

    save(): Json {
      return savedOf(facts, config);
    },

    load(json: Json, schema: number): void {
      const saved = schema === 1 ? fromSchemaOne(json as never) : (json as unknown as Saved);
      config = saved.config;
      settings = config === null ? null : settingsOf(config);
      facts = factsOf(saved, settings?.currency ?? '');
    },
  };
}
