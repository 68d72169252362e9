import type { StreamEvent } from '@arb/shared/contracts';
import { forgetBooks } from './coin-watch.ts';
import { dayOf } from './day.ts';
import { newExposures } from './exposure.ts';
import type { Facts } from './facts.ts';
import { beginDay, newLosses } from './losses.ts';
import { type Mode, stricter } from './mode.ts';
import type { Settings } from './settings.ts';

/**
 * What a new session brings with it: people's word, what is open, losses, cooldowns go on; what the market, the journal and
 * the venues said does not, they say it anew. `goesOn`: there is a state from before.
 */
export function beginSession(facts: Facts, event: StreamEvent<'session.started'>, goesOn: boolean, settings: Settings, now: number): void {
  beginMode(facts, event, goesOn);
  facts.exposures = newExposures(settings.currency, facts.exposures.trips);
  beginLosses(facts, settings, now);
  facts.fill = 0;
  facts.committedAt = null;
  facts.rates.clear();
  facts.health.clear();
  facts.universe = null;
  doubtBooks(facts, event.at);
}

/** Books from before no longer count, whoever is still quoting from them. */
export function doubtBooks(facts: Facts, at: number): void {
  facts.since = at;
  for (const watch of facts.coins.values()) forgetBooks(watch);
}

function beginMode({ mode }: Facts, { data }: StreamEvent<'session.started'>, goesOn: boolean): void {
  // A loss of events is for a person to look at: nothing is entered before go-on.
  const lost = data.parent?.reason === 'lost';
  const least: Mode = lost ? stricter(data.mode, 'REDUCE_ONLY') : data.mode;
  // A halt outlives the session in which it was said, too.
  const commanded = goesOn ? stricter(mode.commanded, least) : least;
  if (!goesOn || commanded !== mode.commanded) {
    mode.by = 'session';
    mode.why = lost ? 'the session before this one was lost' : 'so the session began';
  }
  mode.commanded = commanded;
  if (!goesOn) mode.latches.clear();
}

/** Losses in another currency than the limits' cannot be held against them: they are counted anew. */
function beginLosses(facts: Facts, { currency, dayBoundary }: Settings, now: number): void {
  const day = dayOf(now, dayBoundary);
  if (facts.losses.currency !== currency) facts.losses = newLosses(currency, day);
  else if (facts.losses.day !== day) beginDay(facts.losses, day);
}
