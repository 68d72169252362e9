import type { StreamEvent } from '@arb/shared/contracts';
import { markFlatten } from './exposure.ts';
import { type Facts, pause } from './facts.ts';
import { forgive } from './losses.ts';
import { command, modeAfter } from './mode.ts';
import { targets } from './route.ts';

/** A target is a coin, a venue or a route (`BTC:binance>upbit`). True where the command is one for risk. */
export function obey(facts: Facts, event: StreamEvent<'command'>): boolean {
  const what = event.subject.slice('command.'.length);
  const { target, by, why } = event.data;
  const mode = modeAfter(what);
  if (mode !== null) {
    const lifted = command(facts.mode, mode, `${by}: ${why}`.slice(0, MOST_TEXT));
    if (lifted || mode === 'ACTIVE') forgive(facts.losses);
    return true;
  }
  if (what === 'flatten') {
    const on = target ?? null;
    markFlatten(facts.exposures, on, (route) => targets(on, route));
    return true;
  }
  if (target === undefined) return false;
  if (what === 'pause') pause(facts, target);
  else if (what === 'resume') resume(facts, target);
  else return false;
  return true;
}

const MOST_TEXT = 1000;

/** Opens what was paused, and what a breaker or a cooldown closed: whoever says so has looked at the losses. */
function resume({ paused, closures, losses, routes }: Facts, target: string): void {
  paused.delete(target);
  closures.delete(target);
  losses.coins.delete(target);
  losses.venues.delete(target);
  const route = routes.get(target);
  if (route !== undefined) route.streak = 0;
}
