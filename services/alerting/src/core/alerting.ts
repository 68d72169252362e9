import type { AnyEvent, DataOf, StreamEvent } from '@arb/shared/contracts';
import {
  type AlertingConfig,
  type AlertRules,
  type Core,
  type CoreContext,
  type Json,
  ratePairsOf,
  type SessionConfig,
} from '@arb/shared/core';
import { acknowledge, type Bell, type Hand, loadBell, meant, newBell, ringOn, type SavedBell, saveBell } from './bell.ts';
import { countTrip, type Day, loadDay, newDay, type SavedDay, saveDay, turnDay } from './day.ts';
import { type Counters, factsOf } from './facts.ts';
import { endQuiets, obeyQuiet } from './quiet.ts';
import { type ReadyRules, readyRules } from './rule.ts';
import { loadStanding, newStanding, type SavedStanding, type Standing, saveStanding, takeGuard, takePosition } from './standing.ts';
import type { Trouble } from './trouble.ts';
import { VERSION } from './version.ts';
import { delivered, type Ears, loadVoice, newVoice, type SavedVoice, saveVoice, tell, tellHeld, type Voice } from './voice.ts';
import { checkSilence, endOfLeft, expectBack, expectServices, forgiveAll, type Heard, passTime, type Spoken, watch } from './watch.ts';

/** A clock that has not been said for this long was away: the stack had stopped, or the journal was restarted. */
const CLOCK_AWAY_MICROS = 2_000_000;

/**
 * After a planned handover the next processes may come one after the other, and none can speak before it has come. One that has not
 * by then will not come by itself.
 */
const ARRIVAL_MICROS = 60_000_000;

/** What its shell looks at: alerts that not all of their channels have taken or given up, and which channels those are. */
export interface AlertingCore extends Core {
  undelivered(): Iterable<{ readonly alert: DataOf<'alert'>; readonly left: readonly string[] }>;
  /** Channels that have not taken this alert yet; none for one that is unknown here. */
  leftOf(id: string): readonly string[];
  /** For people who ask how things are. */
  standing(): Standing;
  /** Troubles that are open, the longest first; by a key, a rule or the id of a message, or all. */
  openTroubles(target?: string): readonly Trouble[];
}

/** What goes wrong in; what people must know, raised once and closed when it is over, out. */
export function makeAlerting(): AlertingCore {
  let config: Pick<AlertingConfig, 'routing' | 'rules'> | null = null;
  let maxExposure: number | null = null;
  let currency: string | null = null;
  let ears: Ears | null = null;
  let rules: ReadyRules = readyRules(null);
  let bell: Bell = newBell();
  let voice: Voice = newVoice();
  let day: Day = newDay(null);
  let standing: Standing = newStanding();
  let lastClock = 0;
  let heard: Heard = new Map();
  let counters: Counters = new Map();

  function hear(given: unknown): void {
    const session = given as Partial<SessionConfig> | null;
    const { routing = 'production', rules: set = null } = (session?.alerting ?? {}) as Partial<AlertingConfig>;
    config = { routing, rules: set };
    ears = earsOf(config);
    rules = readyRules(set);
    const limit = Number(session?.risk?.maxExposure ?? Number.NaN);
    maxExposure = limit > 0 ? limit : null;
    currency = session?.risk?.currency ?? null;
  }

  function start({ at, data }: StreamEvent<'session.started'>, context: CoreContext): void {
    hear(data.config);
    // Core time follows the clock, and the last one may have been said long ago, in the parent.
    const began = Math.max(at, context.now);
    lastClock = began;
    // Counters are those of a process, and it may be another one.
    counters = new Map();
    const hand = ears === null ? null : { voice, ears, day, context };
    const spoken = spokenIn(data.config as Partial<SessionConfig>);
    if (hand !== null && spoken !== null) endOfLeft(bell, rules, heard, spoken, hand);
    const arrival = data.parent?.reason === 'handover' ? ARRIVAL_MICROS : 0;
    expectServices(heard, rules, Object.keys(data.versions), began + arrival);
  }

  function obey({ subject, data }: StreamEvent<'command'>, hand: Hand): void {
    const what = subject.slice('command.'.length);
    let said: string | null;
    if (what === 'ack') {
      const target = (data.target ?? '').slice(0, 200);
      const named = target === '' ? 'no name' : target;
      if (acknowledge(bell, rules.byId, target, data.by, hand) > 0) said = null;
      else if (meant(bell, target).length > 0) said = `somebody takes care of ${named} already: nothing was acknowledged`;
      else said = `nothing is open under ${named}: nothing was acknowledged`;
    } else said = obeyQuiet(bell.quiets, what, data, hand.context.now);
    if (said !== null) record(what, said, hand);
  }

  /** For the journal only: who has changed what is told. */
  function record(what: string, summary: string, { context, voice, ears }: Hand): void {
    tell(
      voice,
      ears,
      {
        key: `people/${what}`,
        rule: 'PEOPLE',
        severity: 'P3',
        state: 'noted',
        step: 'moment',
        summary: summary.slice(0, 1000),
        count: 1,
        since: context.now,
        runbook: 'people',
        channels: [],
        quiet: 'for the record',
        basis: [],
      },
      context,
    );
  }

  function takeClock(event: StreamEvent<'clock'>, hand: Hand): void {
    if (event.at - lastClock > CLOCK_AWAY_MICROS) forgiveAll(heard, hand.context.now);
    lastClock = event.at;
    endQuiets(bell.quiets, hand.context.now);
    checkSilence(bell, rules, heard, hand);
    passTime(bell, rules, hand);
    ringOn(bell, rules.byId, hand);
    tellHeld(hand.voice, hand.ears, hand.context);
    day = turnDay(day, hand.voice, hand.ears, hand.context);
  }

  return {
    version: VERSION,
    schema: 4,
    inputs: [
      'session.started',
      'session.resumed',
      'session.stopping',
      'clock',
      'service.started',
      'service.heartbeat',
      'service.stopping',
      'lease',
      'quarantine',
      'command',
      'fx',
      'health',
      'universe',
      'decision',
      'verdict',
      'guard',
      'order',
      'position',
      'alert.delivery',
      'alert.queue',
    ],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event, context);
      if (event.type === 'alert.delivery') {
        delivered(voice, event.data);
        return;
      }
      if (ears === null) return;
      const hand: Hand = { voice, ears, day, context };
      if (event.type === 'position') {
        countTrip(day, event.data);
        takePosition(standing, event.data);
      } else if (event.type === 'guard') {
        day.equity = event.data.equity;
        takeGuard(standing, event.data);
      }
      watch(bell, rules, heard, factsOf(event, { now: context.now, session: context.session, counters, maxExposure, currency }), hand);
      if (event.type === 'session.resumed') expectBack(heard, rules, context.now);
      else if (event.type === 'command') obey(event, hand);
      else if (event.type === 'clock') takeClock(event, hand);
    },

    onTimer(id: string): void {
      throw new Error(`alerting: sets no timer, but was called by timer ${id}`);
    },

    undelivered: () => voice.undelivered.values(),
    leftOf: (id) => voice.undelivered.get(id)?.left ?? [],
    standing: () => standing,
    openTroubles: (target) => (target === undefined ? [...bell.troubles.values()].filter(({ open }) => open) : meant(bell, target)),

    save(): Json {
      const saved: Saved = {
        config,
        maxExposure,
        currency,
        bell: saveBell(bell),
        voice: saveVoice(voice),
        day: saveDay(day),
        standing: saveStanding(standing),
        lastClock,
        heard: [...heard].map(([key, entry]) => [key, { ...entry }]),
        counters: [...counters],
      };
      return saved as unknown as Json;
    },

    load(json: Json, schema: number): void {
      if (schema < 2) {
        // The first version knew no rules: nothing of what was open can be carried on, but ids go on counting.
        voice.lastId = (json as unknown as { readonly bell: { readonly lastId: number } }).bell.lastId;
        return;
      }
      const saved = json as unknown as Saved;
      config = saved.config;
      ears = earsOf(config);
      rules = readyRules(config?.rules ?? null);
      maxExposure = saved.maxExposure;
      currency = saved.currency ?? null;
      bell = loadBell(saved.bell);
      voice = loadVoice(saved.voice);
      day = loadDay(saved.day);
      standing = saved.standing === undefined ? newStanding() : loadStanding(saved.standing);
      lastClock = saved.lastClock;
      heard = new Map(saved.heard.map(([key, entry]) => [key, { ...entry }]));
      counters = new Map(saved.counters);
    },
  };
}

/** Null for a configuration that does not say which venues there are. */
function spokenIn({ market, aggregator }: Partial<SessionConfig>): Spoken | null {
  if (market?.venues === undefined) return null;
  const quotes = market.venues.map(({ quote }) => quote);
  return { venue: new Set(market.venues.map(({ name }) => name)), pair: new Set(ratePairsOf(quotes, aggregator?.numeraire ?? 'USDT')) };
}

/** Without rules there is nobody to tell: the core stays still. */
function earsOf(config: { readonly routing: AlertingConfig['routing']; readonly rules: AlertRules | null } | null): Ears | null {
  return config === null || config.rules === null ? null : { rules: config.rules, routing: config.routing };
}

type HeardEntry = Heard extends Map<string, infer E> ? E : never;
interface Saved {
  readonly config: Pick<AlertingConfig, 'routing' | 'rules'> | null;
  readonly maxExposure: number | null;
  /** Since the third version. */
  readonly currency?: string | null;
  readonly bell: SavedBell;
  readonly voice: SavedVoice;
  readonly day: SavedDay;
  /** Since the third version. */
  readonly standing?: SavedStanding;
  readonly lastClock: number;
  readonly heard: readonly (readonly [string, HeardEntry])[];
  readonly counters: readonly (readonly [string, Readonly<Record<string, number>>])[];
}
