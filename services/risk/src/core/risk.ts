import type { AnyEvent, DataOf, StreamEvent } from '@arb/shared/contracts';
import type { Core, CoreContext, Json } from '@arb/shared/core';
import { formatMoney, type MoneyText, parseMoney } from '@arb/shared/money';
import type { Reservations } from './exposure.ts';
import { type Mode, modeAfter, stricter } from './mode.ts';
import { type Decision, type Facts, type Trigger, weighEntry } from './rules.ts';
import { type Settings, settingsOf } from './settings.ts';
import { VERSION } from './version.ts';

/** More venues and pairs than are ever configured; what comes beyond is not kept. */
const MOST = 1000;

/** Decisions in; exactly one verdict for each that asks for one, out. */
export function makeRisk(): Core {
  let config: unknown = null;
  let settings: Settings | null = null;
  let mode: Mode = 'HALTED';
  let fill = 0;
  let committedAt: number | null = null;
  const rates = new Map<string, number>();
  const health = new Map<string, DataOf<'health'>['state']>();
  const reservations: Reservations = new Map();

  function start({ data }: StreamEvent<'session.started'>): void {
    // A halt outlives the session in which it was said: only `go-on` ends it.
    mode = data.parent !== null && settings !== null ? stricter(mode, data.mode) : data.mode;
    config = data.config;
    settings = settingsOf(config);
    // Said anew in every session; until then nothing is entered.
    fill = 0;
    committedAt = null;
    rates.clear();
    health.clear();
  }

  function judge(decision: Decision, settings: Settings, context: CoreContext): void {
    if (decision.kind === 'skipped') return;
    if (decision.kind === 'enter') judgeEntry(decision, settings, context);
    else if (decision.kind === 'exit') judgeExit(decision, context);
    else answer(decision, { tier: 'portfolio', rule: 'rebalance-not-offered', limit: null, value: null }, {}, context);
  }

  function judgeEntry(decision: Decision, settings: Settings, context: CoreContext): void {
    const facts: Facts = { mode, fill, committedAt, rates, health, reservations };
    const { trigger, numbers, amount } = weighEntry(decision, facts, settings, context.now);
    const trip = decision.trip;
    const unnamed: Trigger | null =
      trip === null || reservations.has(trip) ? { tier: 'route', rule: 'trip-not-new', limit: null, value: null } : null;
    if (trip !== null && trigger === null && unnamed === null) reservations.set(trip, { coin: decision.coin, amount });
    answer(decision, trigger ?? unnamed, numbers, context);
  }

  /** Getting out is always allowed, but for a halt: then no order leaves at all. */
  function judgeExit(decision: Decision, context: CoreContext): void {
    const trigger: Trigger | null = mode === 'HALTED' ? { tier: 'portfolio', rule: 'mode-HALTED', limit: null, value: null } : null;
    answer(decision, trigger, {}, context);
  }

  function answer(decision: Decision, trigger: Trigger | null, numbers: DataOf<'verdict'>['numbers'], context: CoreContext): void {
    context.emit('verdict', [decision.coin], {
      outcome: trigger === null ? 'ALLOW' : 'BLOCK',
      trip: decision.trip,
      coin: decision.coin,
      decision: trigger === null ? decision : null,
      firstRule: trigger?.rule ?? null,
      rule: trigger?.rule ?? null,
      tier: trigger?.tier ?? null,
      limit: trigger?.limit ?? null,
      value: trigger?.value ?? null,
      numbers,
    });
  }

  function release({ data }: StreamEvent<'position'>): void {
    if (data.state === 'CLOSED' || data.state === 'UNWOUND' || data.state === 'FAILED') reservations.delete(data.trip);
  }

  function remember<T>(map: Map<string, T>, key: string, value: T): void {
    if (map.size < MOST || map.has(key)) map.set(key, value);
  }

  return {
    version: VERSION,
    schema: 1,
    inputs: ['session.started', 'clock', 'decision', 'position', 'fx', 'health', 'command'],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event);
      else if (settings === null) return;
      else if (event.type === 'decision') judge(event.data, settings, context);
      else if (event.type === 'position') release(event);
      else if (event.type === 'fx') remember(rates, event.data.pair, event.at);
      else if (event.type === 'health') remember(health, event.data.venue, event.data.state);
      else if (event.type === 'command') mode = modeAfter(event.subject.slice('command.'.length)) ?? mode;
      else if (event.type === 'clock') {
        fill = event.data.fill;
        committedAt = event.data.committedAt;
      }
    },

    onTimer(id: string): void {
      throw new Error(`risk: sets no timer, but was called by timer ${id}`);
    },

    save(): Json {
      return {
        config,
        mode,
        fill,
        committedAt,
        rates: [...rates],
        health: [...health],
        reservations: [...reservations].map(([trip, { coin, amount }]) => [trip, coin, formatMoney(amount)]),
      } as unknown as Json;
    },

    load(json: Json): void {
      const saved = json as unknown as Saved;
      config = saved.config;
      settings = config === null ? null : settingsOf(config);
      ({ mode, fill, committedAt } = saved);
      rates.clear();
      health.clear();
      reservations.clear();
      for (const [pair, at] of saved.rates) rates.set(pair, at);
      for (const [venue, state] of saved.health) health.set(venue, state);
      for (const [trip, coin, amount] of saved.reservations) reservations.set(trip, { coin, amount: parseMoney(amount) });
    },
  };
}

interface Saved {
  readonly config: unknown;
  readonly mode: Mode;
  readonly fill: number;
  readonly committedAt: number | null;
  readonly rates: [string, number][];
  readonly health: [string, DataOf<'health'>['state']][];
  readonly reservations: [trip: string, coin: string, amount: MoneyText][];
}
