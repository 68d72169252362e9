import type { AnyEvent, DataOf, StreamEvent } from '@arb/shared/contracts';
import type { Core, CoreContext, Json } from '@arb/shared/core';
import { conversionFrom, formatDecimal } from '@arb/shared/money';
import { newBegun } from './begun.ts';
import type { Desk } from './desk.ts';
import { versionOf } from './fill-model.ts';
import { instrumentsOf } from './instruments.ts';
import { sayKpi } from './kpi.ts';
import { newLedger, post, statement } from './ledger.ts';
import { commandedMode, isHalted, type Modes, stricter } from './mode.ts';
import { arrived, awaitBooks, beginEntry, beginExit, carryOver, flatten, haltAll, retry } from './saga.ts';
import { loadDesk, type SavedDesk, SCHEMA, saveDesk } from './saved.ts';
import { type Settings, settingsOf } from './settings.ts';
import { forgetZones, newStats } from './stats.ts';
import { newTally, nextDay, reconcile, tallyOpening } from './tally.ts';
import { arriveTransfer, beginTransfer } from './transfer.ts';
import { retire, seeBook } from './venue-book.ts';
import { VERSION } from './version.ts';

/** More venues and currencies than are ever configured; what comes beyond is not kept. */
const MOST = 1000;

/** Verdicts in; paper orders on the venues' own books, fills, positions, balances and what became of it all out. */
export function makeExecutor(): Core {
  let config: unknown = null;
  let desk: Desk | null = null;
  let withVolatility = false;

  function start({ data }: StreamEvent<'session.started'>, context: CoreContext): void {
    config = data.config;
    desk = desk === null ? opened(config, data.mode, context.now) : carried(desk, config, data);
    awaitBooks(desk);
    withVolatility = desk.settings.model.name === 'calibrated';
    for (const venue of desk.ledger.venues.keys()) context.emit('balance', [venue], statement(desk.ledger, venue));
    context.setTimer('kpi', context.now + desk.settings.kpiMicros);
    context.setTimer('day', nextDay(context.now, desk.settings.dayStartsAtMicros));
    if (isHalted(desk.modes)) haltAll(desk, context);
  }

  function takeVerdict(event: StreamEvent<'verdict'>, desk: Desk, context: CoreContext): void {
    const { outcome, decision } = event.data;
    if ((outcome !== 'ALLOW' && outcome !== 'REDUCE') || decision === null) return;
    if (decision.kind === 'enter') beginEntry(desk, event, decision, context);
    else if (decision.kind === 'exit') beginExit(desk, event, decision, context);
    else if (decision.kind === 'rebalance') beginTransfer(desk, event, decision, context);
  }

  function takeRate({ data, position }: StreamEvent<'fx'>, desk: Desk): void {
    const found = conversionFrom(data.pair, data.rate, desk.settings.numeraire);
    if (found === null || (desk.conversions.size >= MOST && !desk.conversions.has(found.currency))) return;
    desk.conversions.set(found.currency, found.conversion);
    desk.ratePositions.set(found.currency, position);
  }

  function obey(event: StreamEvent<'command'>, desk: Desk, context: CoreContext): void {
    const what = event.subject.slice('command.'.length);
    const mode = commandedMode(what);
    if (mode !== null) turn(desk, { commanded: mode }, context);
    else if (what === 'flatten') flatten(desk, event.data.target, context);
  }

  function turn(desk: Desk, change: Partial<Modes>, context: CoreContext): void {
    const before = isHalted(desk.modes);
    Object.assign(desk.modes, change);
    if (!before && isHalted(desk.modes)) haltAll(desk, context);
  }

  return {
    version: VERSION,
    schema: SCHEMA,
    inputs: ['session.started', 'session.resumed', 'clock', 'verdict', 'book', 'fx', 'health', 'instruments', 'guard', 'command'],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event, context);
      else if (desk === null) return;
      else if (event.type === 'book') seeBook(desk.books, event.data, event.position, withVolatility);
      else if (event.type === 'session.resumed') breakOff(desk);
      else if (event.type === 'verdict') takeVerdict(event, desk, context);
      else if (event.type === 'fx') takeRate(event, desk);
      else if (event.type === 'health') keep(desk.health, event.data.venue, event.data.state);
      else if (event.type === 'instruments') keep(desk.instruments, event.data.venue, instrumentsOf(event.data));
      else if (event.type === 'guard') turn(desk, { guarded: event.data.mode }, context);
      else if (event.type === 'command') obey(event, desk, context);
    },

    onTimer(id: string, context: CoreContext): void {
      const [what, name, place] = id.split('/') as [string, string, string];
      if (desk === null) throw new Error(`executor: timer ${id} fired before any session began`);
      if (what === 'arrive') arrived(desk, name, Number(place), context);
      else if (what === 'unwind') retry(desk, name, Number(place), context);
      else if (what === 'transfer') arriveTransfer(desk, name, context);
      else if (what === 'kpi') {
        sayKpi(desk, context);
        context.setTimer('kpi', context.now + desk.settings.kpiMicros);
      } else if (what === 'day') {
        reconcile(desk.tally, desk.ledger, context);
        context.setTimer('day', nextDay(context.now, desk.settings.dayStartsAtMicros));
      } else throw new Error(`executor: expected a timer arrive/…, unwind/…, transfer/…, kpi or day, found ${id}`);
    },

    save(): Json {
      return desk === null ? null : ({ config, ...saveDesk(desk) } as unknown as Json);
    },

    load(json: Json, schema: number): void {
      const saved = json as unknown as ({ readonly config: unknown } & SavedDesk) | null;
      config = saved === null ? null : saved.config;
      desk = saved === null ? null : loadDesk(saved, schema, settingsOf(config));
      withVolatility = desk !== null && desk.settings.model.name === 'calibrated';
    },
  };
}

/** The market went on unseen: nothing is filled on what it showed before. */
function breakOff(desk: Desk): void {
  retire(desk.books);
  awaitBooks(desk);
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size < MOST || map.has(key)) map.set(key, value);
}

/** The first session: the ledgers open with what the configuration holds. */
function opened(config: unknown, mode: DataOf<'session.started'>['mode'], now: number): Desk {
  const desk: Desk = {
    settings: settingsOf(config),
    modes: { commanded: mode, guarded: 'ACTIVE' },
    ledger: newLedger(),
    tally: newTally(now),
    traded: new Map(),
    books: new Map(),
    health: new Map(),
    instruments: new Map(),
    conversions: new Map(),
    ratePositions: new Map(),
    trips: new Map(),
    transfers: new Map(),
    begun: newBegun(),
    kept: [],
    stats: newStats(now),
  };
  openLedgers(desk, desk.settings);
  return desk;
}

/** Each venue's ledger opens once: what later configurations say of its opening changes nothing. */
function openLedgers(desk: Desk, { opening }: Settings): void {
  const known = new Set(desk.ledger.venues.keys());
  for (const [venue, currency, amount] of opening) {
    if (known.has(venue)) continue;
    post(desk.ledger, venue, currency, amount);
    tallyOpening(desk.tally, venue, currency, formatDecimal(amount));
  }
}

/**
 * A child session goes on with the ledgers and all that is under way; a venue that is new in it opens its own. A stricter mode outlives its session. Books and health are
 * said anew; rates are kept for valuing only, their positions are not ours.
 */
function carried(desk: Desk, config: unknown, { mode, parent }: DataOf<'session.started'>): Desk {
  const from = parent === null ? null : parent.session;
  retire(desk.books);
  desk.health.clear();
  desk.ratePositions.clear();
  carryOver(desk, from);
  for (const under of desk.transfers.values())
    if (typeof under.verdict === 'number') under.verdict = from === null ? null : `${from}:${under.verdict}`;
  const commanded = parent === null ? mode : stricter(desk.modes.commanded, mode);
  const settings = settingsOf(config);
  if (versionOf(settings.model) !== versionOf(desk.settings.model)) forgetZones(desk.stats);
  openLedgers(desk, settings);
  return { ...desk, settings, modes: { ...desk.modes, commanded } };
}
