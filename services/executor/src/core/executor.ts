import type { AnyEvent, StreamEvent } from '@arb/shared/contracts';
import type { Core, CoreContext, Json } from '@arb/shared/core';
import { formatDecimal, fromNumber } from '@arb/shared/money';
import type { Desk } from './desk.ts';
import { loadLedger, newLedger, post, type SavedLedger, saveLedger, statement } from './ledger.ts';
import { arrived, begin, retry } from './saga.ts';
import { settingsOf } from './settings.ts';
import type { Trip } from './trip.ts';
import { seeBook, type VenueBook } from './venue-book.ts';
import { VERSION } from './version.ts';

/** Verdicts in; paper orders on the venues' own books, fills, positions and balances out. */
export function makeExecutor(): Core {
  let config: unknown = null;
  let desk: Desk | null = null;

  function start({ data }: StreamEvent<'session.started'>, context: CoreContext): void {
    config = data.config;
    const settings = settingsOf(config);
    if (desk === null) {
      desk = { settings, ledger: newLedger(), books: new Map(), rates: new Map(), trips: new Map(), halted: data.mode === 'HALTED' };
      for (const [venue, currency, amount] of settings.opening) post(desk.ledger, venue, currency, amount);
    } else {
      // A halt outlives its session. Books are published anew; rates are kept for valuing only, their positions are not ours.
      desk = { ...desk, settings, books: new Map(), halted: desk.halted || data.mode === 'HALTED' };
      for (const rate of desk.rates.values()) rate.position = null;
      for (const { phase } of desk.trips.values())
        if (phase !== null && typeof phase.verdict === 'number')
          phase.verdict = data.parent === null ? null : `${data.parent.session}:${phase.verdict}`;
    }
    for (const venue of desk.ledger.venues.keys()) context.emit('balance', [venue], { venue, balances: statement(desk.ledger, venue) });
  }

  function takeVerdict(event: StreamEvent<'verdict'>, desk: Desk, context: CoreContext): void {
    const { outcome, decision } = event.data;
    if ((outcome === 'ALLOW' || outcome === 'REDUCE') && decision !== null) begin(desk, event, decision, context);
  }

  function takeRate({ data, position }: StreamEvent<'fx'>, desk: Desk): void {
    const [quote, numeraire] = data.pair.split('-') as [string, string];
    if (numeraire === desk.settings.numeraire) desk.rates.set(quote, { rate: formatDecimal(fromNumber(data.rate)), position });
  }

  function obey(event: StreamEvent<'command'>, desk: Desk): void {
    const what = event.subject.slice('command.'.length);
    if (what === 'halt') desk.halted = true;
    else if (what === 'go-on' || what === 'reduce-only') desk.halted = false;
  }

  return {
    version: VERSION,
    schema: 1,
    inputs: ['session.started', 'clock', 'verdict', 'book', 'fx', 'command'],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event, context);
      else if (desk === null) return;
      else if (event.type === 'book') seeBook(desk.books, event.data, event.position);
      else if (event.type === 'verdict') takeVerdict(event, desk, context);
      else if (event.type === 'fx') takeRate(event, desk);
      else if (event.type === 'command') obey(event, desk);
    },

    onTimer(id: string, context: CoreContext): void {
      const [what, trip, place] = id.split('/') as [string, string, string];
      if (desk === null) throw new Error(`executor: timer ${id} fired before any session began`);
      if (what === 'arrive') arrived(desk, trip, Number(place), context);
      else if (what === 'unwind') retry(desk, trip, Number(place), context);
      else throw new Error(`executor: expected a timer arrive/… or unwind/…, found ${id}`);
    },

    save(): Json {
      if (desk === null) return null;
      const { ledger, books, rates, trips, halted } = desk;
      // Trips change in place: what is saved must not.
      const copied = JSON.parse(JSON.stringify({ books: [...books], rates: [...rates], trips: [...trips.values()] })) as Json;
      return { config, halted, ledger: saveLedger(ledger), ...(copied as object) } as unknown as Json;
    },

    load(json: Json): void {
      // Books and trips change in place: what was handed over must not.
      const saved = JSON.parse(JSON.stringify(json)) as Saved | null;
      config = saved === null ? null : saved.config;
      desk =
        saved === null
          ? null
          : {
              settings: settingsOf(config),
              ledger: loadLedger(saved.ledger),
              books: new Map(saved.books),
              rates: new Map(saved.rates),
              trips: new Map(saved.trips.map((trip) => [trip.id, trip])),
              halted: saved.halted,
            };
    },
  };
}

interface Saved {
  readonly config: unknown;
  readonly halted: boolean;
  readonly ledger: SavedLedger;
  readonly books: [string, VenueBook][];
  readonly rates: [string, { rate: string; position: number | null }][];
  readonly trips: Trip[];
}
