import type { AnyEvent, DataOf, StreamEvent } from '@arb/shared/contracts';
import type { Core, CoreContext, Json } from '@arb/shared/core';
import { type Bell, close, delivered, loadBell, newBell, raise, ringWaiting, type SavedBell, saveBell } from './bell.ts';
import { endMalformed, MALFORMED_TIMER, takeQuarantine } from './malformed.ts';
import { checkSilence, expectServices, forgiveAll, hear, type LastHeard } from './silence.ts';
import { VERSION } from './version.ts';

/** A clock that has not been said for this long was away: the stack had stopped, or the journal was restarted. */
const CLOCK_AWAY_MICROS = 2_000_000;

/** What its shell looks at: the alerts that people have not been told of. */
export interface AlertingCore extends Core {
  undelivered(): Iterable<DataOf<'alert'>>;
}

/** What goes wrong in; what people must know, raised once and closed when it is over, out. */
export function makeAlerting(): AlertingCore {
  let started = false;
  let bell: Bell = newBell();
  let lastClock = 0;
  const heard: LastHeard = new Map();

  function start({ data }: StreamEvent<'session.started'>, context: CoreContext): void {
    started = true;
    lastClock = context.now;
    expectServices(heard, Object.keys(data.versions), context.now);
  }

  function takeHealth({ venue, state, why }: DataOf<'health'>, context: CoreContext): void {
    const key = `venue/${venue}`;
    if (state === 'DOWN')
      raise(bell, key, { rule: 'venue-down', severity: 'P2', summary: `${venue} is down: ${why.slice(0, 500)}` }, context);
    else close(bell, key, `${venue} is ${state}`, context);
  }

  return {
    version: VERSION,
    schema: 1,
    inputs: ['session.started', 'clock', 'service.started', 'service.heartbeat', 'quarantine', 'health', 'alert.delivery'],

    handle(event: AnyEvent, context: CoreContext): void {
      if (event.type === 'session.started') start(event, context);
      else if (!started) return;
      else if (event.type === 'service.started' || event.type === 'service.heartbeat')
        hear(heard, bell, event.subject.slice('service.'.length), context);
      else if (event.type === 'quarantine') takeQuarantine(bell, event.data, context);
      else if (event.type === 'alert.delivery') delivered(bell, event.data);
      else if (event.type === 'health') takeHealth(event.data, context);
      else if (event.type === 'clock') {
        if (event.at - lastClock > CLOCK_AWAY_MICROS) forgiveAll(heard, context.now);
        lastClock = event.at;
        checkSilence(heard, bell, context);
        ringWaiting(bell, context);
      }
    },

    onTimer(id: string, context: CoreContext): void {
      if (id !== MALFORMED_TIMER) throw new Error(`alerting: expected timer ${MALFORMED_TIMER}, found ${id}`);
      endMalformed(bell, context);
    },

    undelivered: () => bell.undelivered.values(),

    save(): Json {
      return { started, lastClock, heard: [...heard], bell: saveBell(bell) } as unknown as Json;
    },

    load(json: Json): void {
      const saved = json as unknown as { started: boolean; lastClock: number; heard: [string, number][]; bell: SavedBell };
      started = saved.started;
      lastClock = saved.lastClock;
      heard.clear();
      for (const [service, at] of saved.heard) heard.set(service, at);
      bell = loadBell(saved.bell);
    },
  };
}
